"""Who may review articles, and what reviewing does."""

from __future__ import annotations

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from forum.articles import reviewing
from forum.articles.pages import article_counts, article_list, article_page, public_version, shelves
from forum.articles.policies import may_review
from forum.articles.tables import Article
from forum.kernel.access import ANONYMOUS
from forum.kernel.clock import now
from forum.kernel.errors import Conflict, Invalid, NotAllowed, NotFound
from forum.members.tables import AuditEntry
from tests.forum import making as make

TITLE, BODY = "Cleaning the chute of the grinder", "Switch it off, then brush the chute from above."


def article(session: Session, **fields: object) -> Article:
    place = make.category(session)
    defaults = {
        "category_id": place.id, "title": TITLE, "slug": "cleaning-the-chute", "source": BODY, "html": f"<p>{BODY}</p>", "renderer": 1,
        "created_at": now(), "changed_at": now(),
    }  # fmt: skip
    made = Article(**(defaults | fields))  # type: ignore[arg-type]
    session.add(made)
    session.flush()
    return made


def test_moderators_and_staff_review_and_nobody_else(session: Session) -> None:
    draft = article(session)
    for actor in (make.moderator(session), make.administrator(session), make.staff(session)):
        assert may_review(actor).allowed
    for actor in (ANONYMOUS, make.member(session)):
        assert not may_review(actor).allowed
        for verb in (reviewing.edit, reviewing.publish):
            with pytest.raises(NotAllowed):
                verb(session, actor, article_id=draft.id, title=TITLE, body=BODY, version=1)
        with pytest.raises(NotAllowed):
            reviewing.withdraw(session, actor, article_id=draft.id)


def test_publishing_saves_the_words_leaves_a_receipt_and_tells(session: Session) -> None:
    draft, reviewer = article(session), make.moderator(session)
    published = reviewing.publish(
        session, reviewer, article_id=draft.id, title=" A better title ", body="**Brush** the chute well.", version=1
    )
    assert (published.state, published.title, published.slug) == ("published", "A better title", "a-better-title")
    assert "<strong>Brush</strong>" in published.html
    assert (published.reviewed_by_id, published.edited_by_person) == (reviewer.member_id, True)
    assert published.published_at is not None
    assert make.facts(session)[-1] == "ArticlePublished"
    assert session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)).all()[-1] == "article.publish"
    with pytest.raises(Conflict):
        reviewing.publish(session, reviewer, article_id=draft.id, title=TITLE, body=BODY, version=published.version)


def test_what_somebody_else_changed_meanwhile_is_a_conflict(session: Session) -> None:
    draft, reviewer = article(session), make.moderator(session)
    reviewing.edit(session, reviewer, article_id=draft.id, title="Theirs came first", body=BODY, version=1)
    with pytest.raises(Conflict):
        reviewing.edit(session, reviewer, article_id=draft.id, title="Mine came later", body=BODY, version=1)
    assert session.get_one(Article, draft.id).title == "Theirs came first"


def test_the_same_words_again_change_nothing(session: Session) -> None:
    draft, reviewer = article(session), make.moderator(session)
    before = make.facts(session)
    same = reviewing.edit(session, reviewer, article_id=draft.id, title=TITLE, body=BODY, version=1)
    assert (same.version, same.edited_by_person, make.facts(session)) == (1, False, before)


@pytest.mark.parametrize(
    ("words", "field"),
    [
        ({"title": "Four"}, "title"),
        ({"title": "x" * 201}, "title"),
        ({"body": "Too short."}, "body"),
        ({"body": "x" * 70_000}, "body"),
    ],
)
def test_what_needs_mending_is_named(session: Session, words: dict[str, str], field: str) -> None:
    draft, reviewer = article(session), make.moderator(session)
    with pytest.raises(Invalid) as refusal:
        reviewing.publish(session, reviewer, article_id=draft.id, version=1, **({"title": TITLE, "body": BODY} | words))
    assert list(refusal.value.fields) == [field]
    assert session.get_one(Article, draft.id).state == "draft"


def test_editing_what_is_published_tells_again(session: Session) -> None:
    live, reviewer = article(session, state="published", published_at=now()), make.moderator(session)
    reviewing.edit(session, reviewer, article_id=live.id, title=TITLE, body=f"{BODY} Gently.", version=1)
    assert make.facts(session)[-1] == "ArticlePublished"


def test_withdrawing_twice_is_withdrawing_once(session: Session) -> None:
    live, reviewer = article(session, state="published", published_at=now()), make.moderator(session)
    for _ in range(2):
        reviewing.withdraw(session, reviewer, article_id=live.id)
    assert make.facts(session).count("ArticleWithdrawn") == 1
    assert (live.state, live.published_at, live.version) == ("withdrawn", None, 2)


def test_reading_is_for_everybody_once_it_is_published(session: Session) -> None:
    connection, member, reviewer = session.connection(), make.member(session), make.staff(session)
    draft, live = article(session), article(session, state="published", published_at=now())
    assert article_page(connection, ANONYMOUS, article_id=live.id).title == TITLE
    assert article_page(connection, reviewer, article_id=draft.id).state == "draft"
    for actor in (ANONYMOUS, member):
        with pytest.raises(NotFound):
            article_page(connection, actor, article_id=draft.id)
        with pytest.raises(NotAllowed):
            article_list(connection, actor, state="draft")
        with pytest.raises(NotAllowed):
            article_counts(connection, actor)
    assert draft.id in [line.id for line in article_list(connection, reviewer, state="draft").items]
    assert (public_version(connection, article_id=live.id), public_version(connection, article_id=draft.id)) == (1, 0)


def test_an_article_of_a_staff_category_is_the_staffs(session: Session) -> None:
    connection, inner = session.connection(), make.category(session, audience=2, openers=2)
    live = article(session, state="published", published_at=now(), category_id=inner.id)
    assert article_page(connection, make.staff(session), article_id=live.id).id == live.id
    with pytest.raises(NotFound):
        article_page(connection, make.member(session), article_id=live.id)
    assert live.id not in [line.id for line in article_list(connection, ANONYMOUS).items]
    assert inner.slug not in [shelf.slug for shelf in shelves(connection, ANONYMOUS)]
    assert public_version(connection, article_id=live.id) == 0


def test_shelves_show_the_newest_of_each_category_and_say_how_many_there_are(session: Session) -> None:
    place = make.category(session, name="Water", position=-1)
    made = [article(session, state="published", published_at=now(), category_id=place.id).id for _ in range(10)]
    article(session, category_id=place.id)
    shelf = next(one for one in shelves(session.connection(), ANONYMOUS) if one.slug == place.slug)
    assert (shelf.name, shelf.total, [one.id for one in shelf.articles]) == ("Water", 10, made[:1:-1])


def test_lists_are_paged_and_narrowed(session: Session) -> None:
    connection, place = session.connection(), make.category(session)
    made = [article(session, state="published", published_at=now(), category_id=place.id).id for _ in range(5)]
    found: list[int] = []
    cursor: str | None = ""
    while cursor is not None:
        page = article_list(connection, ANONYMOUS, category=place.slug, cursor=cursor, limit=2)
        found += [line.id for line in page.items]
        cursor = page.next
    assert found == made[::-1]
