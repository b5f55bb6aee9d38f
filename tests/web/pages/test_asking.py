"""Opening a thread: the form keeps what was typed, shows what looks alike once, and leads to the thread."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from forum.kernel import clock
from forum.kernel.db import Database
from forum.search import deflecting
from forum.search.tables import Deflection
from forum.threads import answers
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


def test_private_details_are_said_once_and_masked(site: Site, people: People, ask: Callable[..., Visitor]) -> None:
    asker, words = (
        site.as_(people.asker),
        {"title": "Charged twice on 4111 1111 1111 1111", "body": f"{BODY} Ring +39 333 123 4567."},
    )
    page = ask(asker, status=200, **words)
    assert [found.text_content() for found in page.page.xpath("//div[@id='private']//li")] == [
        "a card number: 4111 1111 1111 1111", "a telephone number: +39 333 123 4567",
    ]  # fmt: skip
    assert page.page.xpath("//input[@name='title']/@value") == [words["title"]]
    assert page.words("//textarea") == words["body"]
    assert page.page.xpath("//input[@name='details'][@checked]/@value") == ["mask"]
    again = ask(asker, status=200, **words, details="keep", do="preview")
    assert again.page.xpath("//input[@name='details'][@checked]/@value") == ["keep"]
    opened = ask(asker, **words, reviewed="1", details="mask").follow()
    assert opened.words("//h1") == "Charged twice on •••• •••• •••• ••••"
    assert "Ring +•• ••• ••• ••••." in opened.words()
    kept = ask(asker, **words, reviewed="1", details="keep").follow()
    assert kept.words("//h1") == words["title"]


def test_private_details_in_replies_and_in_what_an_edit_adds(site: Site, database: Database, people: People) -> None:
    with database.transaction() as session:
        thread = make.thread(session, people.asker)
    peer, body = site.as_(people.peer), "Send it to IT60X0542811101000000123456 and wait for a week."
    page = peer.send(f"/t/{thread.id}/{thread.slug}/reply", status=200, body=body)
    assert "This looks private." in page.words("//form//div[@id='private']")
    assert page.words("//textarea") == body
    post = (
        peer.send(f"/t/{thread.id}/{thread.slug}/reply", body=body, details="keep")
        .leads_to.partition("#")[0]
        .rpartition("/")[2]
    )
    edited: dict[str, Any] = {
        "body": f"{body} Or to DE89 3704 0044 0532 0130 00, says RSSMRA85T10A562S.",
        "revision": "1",
    }
    asked = peer.send(f"/p/{post}/edit", status=200, **edited)
    assert [found.text for found in asked.page.xpath("//div[@id='private']//code")] == [
        "DE89 3704 0044 0532 0130 00",
        "RSSMRA85T10A562S",
    ]
    peer.send(f"/p/{post}/edit", **edited, details="mask")
    source = peer.get(f"/p/{post}/edit").words("//textarea")
    assert source == f"{body} Or to •••• •••• •••• •••• •••• ••, says ••••••••••••••••."


def test_what_solved_it_while_asking_is_counted_once_a_day(
    site: Site, database: Database, people: People, ask: Callable[..., Visitor]
) -> None:
    with database.transaction() as session:
        known = make.thread(session, people.peer, title="Portafilter gasket leaks near the handle")
        answers.accept(session, people.peer, post_id=make.reply(session, known, people.staff).id)
    deliver_all(database)
    asker, title = site.as_(people.asker), "My portafilter gasket leaks near the handle"
    page = ask(asker, status=200, title=title).page
    [button] = page.xpath("//section[@class='similar']//button[@form='solved']")
    assert page.xpath("//form[@id='solved']/input[not(@name='csrf')]/@name") == ["kind"]
    for visitor in (asker, asker, site.anybody(), site.anybody()):
        thanked = visitor.send("/ask/solved", solved=button.get("value"), kind="idea").follow()
        assert thanked.words("//h1") == known.title
        assert "thank you" in thanked.words("//div[@id='toasts']")
    with database.transaction() as session, clock.at(clock.now() + timedelta(days=1)):
        deflecting.by_thread(session, people.asker, thread_id=known.id, kind="question", person="another day")
    with database.reading() as connection:
        found = connection.execute(select(Deflection.subject_id, Deflection.kind, Deflection.is_member)).all()
    assert sorted(tuple(row) for row in found) == [
        (known.id, "idea", False), (known.id, "idea", True), (known.id, "question", True),
    ]  # fmt: skip
    for wrong in ("thread:0", "post:1", ""):
        site.anybody().send("/ask/solved", status=422, solved=wrong)
    with database.transaction() as session:
        administrator = make.administrator(session)
        inner = make.thread(session, people.staff, make.category(session, audience=2, openers=2))
    site.anybody().send("/ask/solved", status=404, solved=f"thread:{inner.id}")
    figures = site.as_(administrator).get("/admin").words("//section[@id='deflected']/dl")
    assert figures == "Confirmed3By members2By visitors1Through threads3Through help articles0"
