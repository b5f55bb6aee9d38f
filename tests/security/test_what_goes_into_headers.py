"""Nothing that somebody typed into an address comes back as a header of its own, or as an answer that breaks."""

import pytest

from forum.kernel.db import Database
from forum.threads.tables import Thread
from tests.forum import making as make
from tests.security.conftest import People
from tests.web.pages.visiting import FROM_HERE, Site, Visitor

SLUGS = ("x%0d%0aset-cookie:%20session=mine", "x%0aLocation:%20/", "%E2%82%AC", "%C3%A9", "a b", "%22%3E%3Cscript%3E")


@pytest.fixture
def asked(database: Database, people: People) -> Thread:
    with database.transaction() as session:
        return make.thread(session, people.asker)


def followed(visitor: Visitor, path: str) -> str:
    """Where the form leads whoever sent it under such an address."""
    sent = {"csrf": visitor._token(), "value": "1"}
    answer = visitor.client.post(path, data=sent, headers=FROM_HERE)
    assert answer.status_code == 303, answer.text
    assert "session=mine" not in str(answer.headers.get("set-cookie"))
    return str(answer.headers["location"])


@pytest.mark.parametrize("slug", SLUGS)
def test_an_address_that_somebody_made_up_is_spelled_in_the_way_on(
    site: Site, people: People, asked: Thread, slug: str
) -> None:
    location = followed(site.as_(people.peer), f"/t/{asked.id}/{slug}/follow")
    assert location.startswith(f"/t/{asked.id}/")
    assert all("!" <= character <= "~" and character not in '"<>' for character in location)


def test_an_address_of_our_own_is_left_as_it_is(site: Site, people: People, asked: Thread) -> None:
    own = f"/t/{asked.id}/{asked.slug}"
    assert followed(site.as_(people.peer), f"{own}/follow") == own
    voted = site.as_(people.peer).send(f"/p/{asked.id}/vote", value="1", next="/ideas?sort=new&cursor=a-_%20b")
    assert voted.leads_to == "/ideas?sort=new&cursor=a-_%20b"
