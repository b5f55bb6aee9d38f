"""Opening a thread: the form keeps what was typed, shows what looks alike once, and leads to the thread."""

import re
from collections.abc import Callable

import pytest

from forum.kernel.db import Database
from forum.threads.tables import Category
from tests.forum import making as make
from tests.installing import deliver_all
from tests.web.pages.conftest import People
from tests.web.pages.visiting import Site, Visitor

TITLE = "Kettle whistles before the water boils"
BODY = "It whistles at ninety degrees, which is early. I have tried another stove."


@pytest.fixture(scope="module")
def place(database: Database) -> Category:
    with database.transaction() as session:
        return make.category(session, name="Kettles & pots")


@pytest.fixture
def ask(place: Category) -> Callable[..., Visitor]:
    def send(visitor: Visitor, *, status: int = 303, **fields: str) -> Visitor:
        typed = {
            "kind": "question",
            "category": place.slug,
            "title": TITLE,
            "body": BODY,
            "tags": "kettle, stove top",
            "lang": "en",
        }
        return visitor.send("/ask", status=status, **{**typed, **fields})

    return send


def test_a_question_is_posted(site: Site, people: People, ask: Callable[..., Visitor]) -> None:
    page = ask(site.as_(people.asker), reviewed="1").follow()
    assert page.words("//h1") == TITLE
    assert "Posted." in page.words("//div[@id='toasts']")
    assert [tag.text for tag in page.page.xpath("//header//a[@class='tag']")] == ["kettle", "stove-top"]
    assert re.fullmatch(
        r"http://127.0.0.1:8000/t/\d+/kettle-whistles-before-the-water-boils",
        page.page.xpath("//link[@rel='canonical']/@href")[0],
    )


def test_everything_that_needs_mending_is_said_at_once(site: Site, people: People, ask: Callable[..., Visitor]) -> None:
    page = ask(
        site.as_(people.asker),
        status=422,
        title="Short <b>",
        body="Too short",
        tags="b@d",
        category="nowhere",
        lang="it",
    )
    assert {link.lstrip("#") for link in page.page.xpath("//div[@class='errors']//a/@href")} == {
        "title",
        "body",
        "tags",
        "category",
    }
    assert page.page.xpath("//input[@name='title']/@value") == ["Short <b>"]
    assert page.page.xpath("//input[@name='tags']/@value") == ["b@d"]
    assert page.words("//textarea") == "Too short"
    assert page.page.xpath("//select[@name='lang']/option[@selected]/@value") == ["it"]


def test_a_link_may_fill_in_the_form(site: Site, place: Category) -> None:
    page = site.anybody().get(f"/ask?kind=idea&category={place.slug}&title=A+better+lid&tags=lids")
    assert page.words("//h1") == "What is missing?"
    assert page.page.xpath("//input[@name='title']/@value") == ["A better lid"]
    assert page.page.xpath("//select[@name='kind']/option[@selected]/@value") == ["idea"]
    assert page.page.xpath("//select[@name='category']/option[@selected]/@value") == [place.slug]


def test_the_question_as_it_will_look(site: Site, people: People, ask: Callable[..., Visitor]) -> None:
    page = ask(site.as_(people.asker), status=200, body="Some **bold** words, and more of them.", do="preview")
    assert page.words("//div[@data-preview]//strong") == "bold"
    assert page.page.xpath("//input[@name='title']/@value") == [TITLE]


def test_what_looks_alike_is_a_step_before_posting(
    site: Site, database: Database, people: People, ask: Callable[..., Visitor]
) -> None:
    with database.transaction() as session:
        known = make.thread(session, people.peer, title="Dripping teapot spout after pouring tea")
    deliver_all(database)
    asker = site.as_(people.asker)
    page = ask(asker, status=200, title="My teapot spout is dripping after pouring")
    assert f"/t/{known.id}/{known.slug}" in page.page.xpath("//section[@class='similar']//a/@href")
    assert page.words("//textarea") == BODY
    assert page.page.xpath("//input[@name='reviewed']/@value") == ["1"]
    ask(asker, title="My teapot spout is dripping after pouring", reviewed="1")


def test_what_looks_alike_while_typing(site: Site, database: Database, people: People) -> None:
    with database.transaction() as session:
        known = make.thread(session, people.peer, title="Crema vanishes from my ristretto quickly")
    deliver_all(database)
    found = site.anybody().get("/ask/similar?title=ristretto+crema+vanishes")
    assert found.page.xpath("//a/@href")[0] == f"/t/{known.id}/{known.slug}"
    assert found.has("//input[@name='reviewed']")
    assert "<html" not in found.text
    assert site.anybody().get("/ask/similar?title=xyzzy").text.strip() == ""


def test_a_visitor_keeps_what_they_wrote(site: Site, people: People, ask: Callable[..., Visitor]) -> None:
    page = ask(site.anybody(), status=200)
    assert page.has("//form[@action='/login']//input[@type='password']")
    [carried] = page.page.xpath("//input[@name='carried']/@value")
    assert TITLE in carried
    assert BODY in carried


def test_only_places_that_one_may_ask_in(
    site: Site, database: Database, people: People, ask: Callable[..., Visitor]
) -> None:
    with database.transaction() as session:
        house = make.category(session, openers=2, kinds=["announcement"])
    offered = site.as_(people.asker).get("/ask").page.xpath("//select[@name='category']/option/@value")
    assert house.slug not in offered
    assert house.slug in site.as_(people.staff).get("/ask").page.xpath("//select[@name='category']/option/@value")
    ask(
        site.as_(people.asker),
        status=403,
        category=house.slug,
        kind="announcement",
        title="A title for an announcement",
        reviewed="1",
    )


def test_an_idea_is_an_idea(site: Site, people: People, ask: Callable[..., Visitor]) -> None:
    page = ask(site.as_(people.asker), kind="idea", title="A lid that stays where it is", reviewed="1").follow()
    assert page.words("//header/div[@class='meta']").startswith("IdeaNew")
