"""A reviewer who may not see a category has no say over its articles, by whichever number they name them."""

import pytest
from sqlalchemy.orm import Session

from forum.articles import reviewing
from forum.articles.tables import Article
from forum.kernel.clock import now
from forum.kernel.errors import NotFound
from tests.forum import making as make


@pytest.fixture
def inside(session: Session) -> Article:
    place = make.category(session, audience=2, openers=2)
    article = Article(
        category_id=place.id, title="How we price repairs", slug="how-we-price-repairs", source="Not for everybody to read.",
        html="<p>Not for everybody to read.</p>", renderer=1, state="published", created_at=now(), changed_at=now(),
    )  # fmt: skip
    session.add(article)
    session.flush()
    return article


def test_a_moderator_who_is_not_of_the_company_changes_nothing_there(session: Session, inside: Article) -> None:
    outsider = make.moderator(session)
    with pytest.raises(NotFound):
        reviewing.withdraw(session, outsider, article_id=inside.id)
    for save in (reviewing.edit, reviewing.publish):
        with pytest.raises(NotFound):
            save(
                session, outsider, article_id=inside.id, title="Something else", body="Something else here.", version=1
            )
    assert (inside.state, inside.title) == ("published", "How we price repairs")


def test_staff_do(session: Session, inside: Article) -> None:
    reviewing.withdraw(session, make.staff(session), article_id=inside.id)
    assert inside.state == "withdrawn"
