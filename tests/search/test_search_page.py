"""The search page as people see it, and search over the API."""

from __future__ import annotations

import pytest

from forum.kernel.db import Database
from forum.threads import hiding
from tests.forum import making as make
from tests.installing import deliver_all
from tests.web.calling import Site as Api
from tests.web.calling import calling
from tests.web.pages.visiting import Site


@pytest.fixture(scope="module", autouse=True)
def _threads(database: Database) -> None:
    with database.transaction() as session:
        place, other = make.category(session, name="Machines"), make.category(session, name="Workshop")
        for number in range(22):
            make.thread(session, place=place, title=f"The tortoise valve, number {number}", locale="en")
        make.thread(session, place=other, kind="idea", title="A quieter tortoise, <b>please</b>", locale="it")
        staff = make.staff(session)
        inner = make.category(session, name="Behind the counter", audience=2, openers=2)
        make.thread(session, staff, inner, title="A secret tortoise of the staff")
    deliver_all(database)


def test_without_words_there_is_the_box_alone(site: Site) -> None:
    visitor = site.anybody().get("/search")
    assert visitor.has('//main//input[@name="q"][@type="search"]')
    assert not visitor.has('//ol[contains(@class, "found")]')
    assert "Nothing" not in visitor.words()
    assert visitor.has('//meta[@name="robots"][contains(@content, "noindex")]')


def test_results_show_the_words_marked_their_badges_and_pages(site: Site) -> None:
    visitor = site.anybody().get("/search?q=tortoise+valve")
    assert "22 results for “tortoise valve”." in visitor.words('//p[@role="status"]')
    assert len(visitor.page.xpath('//ol[contains(@class, "found")]/li')) == 20
    assert visitor.has('//nav[@class="pager"]//a[@href="/search?q=tortoise+valve&page=2"]')
    assert visitor.has('//a[contains(@href, "/ask?title=tortoise+valve")]')
    visitor.get("/search?q=tortoise+valve&page=2")
    assert len(visitor.page.xpath('//ol[contains(@class, "found")]/li')) == 2
    visitor.get("/search?q=tortoise&kind=idea")
    assert visitor.words("//main//h2/a") == "A quieter tortoise, <b>please</b>"
    assert visitor.has('//main//h2/a[@lang="it"]')
    assert visitor.has('//a[@href="/search?q=tortoise"]')
    assert "Idea" in visitor.words('//p[@class="meta"]')


def test_a_page_beyond_the_last_leads_to_the_last(site: Site) -> None:
    assert (
        site.anybody().get("/search?q=tortoise+valve&page=9", status=302).leads_to == "/search?q=tortoise+valve&page=2"
    )
    assert site.anybody().get("/search?q=nothinglikethat&page=2", status=302).leads_to == "/search?q=nothinglikethat"
    site.anybody().get("/search?q=tortoise&page=0", status=422)


def test_an_excerpt_marks_what_was_searched_for(site: Site) -> None:
    visitor = site.anybody().get("/search?q=grinds+ten+seconds")
    assert visitor.page.xpath("//main//mark/text()")[:2] == ["ten", "seconds"]
    assert "have some of them" in visitor.words('//p[@role="status"]')


def test_nothing_found_offers_to_ask_with_these_words(site: Site) -> None:
    visitor = site.anybody().get("/search?q=zzyzx+tag:duo+-a")
    assert "Nothing was found" in visitor.words()
    assert visitor.has('//a[@href="/ask?title=zzyzx"]')


def test_what_cannot_be_searched_for_says_so(site: Site) -> None:
    assert "Type a word or two" in site.anybody().get("/search?q=%3F%3F").words()
    hinted = site.anybody().get("/search?q=tortoise+is%3Ablue").words()
    assert "“is:blue” says nothing here" in hinted
    assert "results for “tortoise”" in hinted


def test_ticks_that_leave_nothing_can_be_taken_away(site: Site) -> None:
    visitor = site.anybody().get("/search?q=tortoise&kind=announcement&cat=nowhere")
    assert "Nothing matches" in visitor.words()
    assert visitor.has('//a[@href="/search?q=tortoise"]')


def test_the_staffs_threads_are_for_the_staff(site: Site, database: Database) -> None:
    with database.transaction() as session:
        staff = make.staff(session)
    assert "secret" not in site.anybody().get("/search?q=secret+tortoise").words("//main//ol")
    assert "A secret tortoise" in site.as_(staff).get("/search?q=secret+tortoise").words("//main//ol")


@pytest.mark.parametrize(
    "typed",
    ["%22", "%27+OR+1%3D1--", "NEAR(a+b)", "a*+%5E", "%3Cscript%3Ealert(1)%3C/script%3E", "%F0%9F%98%80", "x" * 3_000],
)
def test_hostile_words_are_only_words(site: Site, typed: str) -> None:
    visitor = site.anybody().get(f"/search?q={typed}")
    assert not visitor.has("//main//script")


def test_a_nul_is_refused_with_a_sentence(site: Site) -> None:
    site.anybody().get("/search?q=a%00b", status=400)


def test_italian_readers_read_it_in_italian(site: Site) -> None:
    visitor = site.anybody().get("/search?q=tortoise+valve", accept_language="it")
    assert "22 risultati per “tortoise valve”." in visitor.words('//p[@role="status"]')


@pytest.fixture(scope="module")
def api(settings, database):  # type: ignore[no-untyped-def]
    yield from calling(settings, database)


def test_programs_search_page_by_page(api: Api) -> None:
    first = api.nobody("GET", "/search?q=tortoise&limit=20")
    link = api.nobody.answer.headers["link"]
    second = api.nobody("GET", f"/search?q=tortoise&limit=20&cursor={first['next']}")
    assert (len(first["items"]), len(second["items"]), second["next"]) == (20, 3, None)
    assert f"cursor={first['next']}" in link
    (idea,) = api.nobody("GET", "/search?q=tortoise&kind=idea")["items"]
    assert (idea["kind"], idea["locale"], idea["solved"], idea["replies"]) == ("idea", "it", False, 0)
    assert idea["url"].endswith(f"/t/{idea['id']}/a-quieter-tortoise-b-please-b")


@pytest.mark.parametrize("query", ["kind=riddle&q=a", "q=a&limit=0", "q=a&cursor=x"])
def test_programs_are_told_what_cannot_be_used(api: Api, query: str) -> None:
    assert api.nobody("GET", f"/search?{query}", status=422)["type"] == "urn:loggia:problem:invalid"


def test_programs_are_given_what_looks_alike(api: Api, database: Database) -> None:
    with database.transaction() as session:
        hidden = make.thread(session, title="The tortoise lid squeaks at noon")
    deliver_all(database)
    found = api.nobody("GET", "/similar?title=My tortoise lid squeaks&body=At noon, mostly.")["items"]
    assert (found[0]["id"], found[0]["kind"], found[0]["solved"]) == (hidden.id, "question", False)
    with database.transaction() as session:
        hiding.hide_thread(session, thread_id=hidden.id, decision=make.decision(session))
    found = api.nobody("GET", "/similar?title=My tortoise lid squeaks&limit=20")["items"]
    assert hidden.id not in [one["id"] for one in found]
    api.nobody("GET", "/similar?body=x", status=422)
