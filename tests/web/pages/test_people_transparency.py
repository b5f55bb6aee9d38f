"""The public log and its decisions, what the community is, and the administration's start page."""

import pytest
from sqlalchemy import select

from forum.kernel.access import Actor
from forum.kernel.db import Database
from forum.members import managing
from forum.threads.tables import Post, Thread
from moderation.tables import Decision
from tests.forum import making as make
from tests.moderation.deciding import WHY, decided
from tests.web.pages.conftest import People
from tests.web.pages.visiting import Site, Visitor

TITLE = "The handle drops in the last third"


@pytest.fixture(scope="module")
def post(database: Database, people: People) -> Post:
    with database.transaction() as session:
        return make.reply(session, make.thread(session, people.asker, title=TITLE), people.peer)


@pytest.fixture(scope="module")
def entries(database: Database, people: People, post: Post) -> list[Decision]:
    """A removal, its undoing by an administrator, and a thread that was closed."""
    with database.transaction() as session:
        thread = make.thread(session, title="A thread that was closed")
        return [
            decided(session, people.moderator, "hide-post", post),
            decided(session, make.administrator(session), "restore-post", post, rule="0", reason_code="reconsidered"),
            decided(session, people.moderator, "close-thread", thread, rule="6", reason_code="duplicate"),
        ]


@pytest.fixture(scope="module")
def administrator(database: Database) -> Actor:
    with database.transaction() as session:
        return make.administrator(session)


def link_of(page: Visitor, entry: Decision) -> str:
    """What the log says of one entry, on one line."""
    return page.words(f"//ol[contains(@class, 'chained')]/li[.//a[@href='/transparency/{entry.number}']]")


def numbers(page: Visitor) -> list[int]:
    found = page.page.xpath("//ol[contains(@class, 'chained')]/li/p/b/a/@href")
    return [int(href.rpartition("/")[2]) for href in found]


# The list


def test_everybody_reads_the_log_newest_first(site: Site, people: People, entries: list[Decision]) -> None:
    page = site.as_(people.peer).get(f"/transparency?rule={entries[0].rule}&role=moderator&action=hide-post")
    assert numbers(page) == sorted(numbers(page), reverse=True)
    said = link_of(page, entries[0])
    assert said.startswith("Post removed")
    assert f"In {TITLE}" in said
    assert f"Rule 4, Personal data. By a moderator, not automated. {WHY}" in said
    ends = [f"{digest[:4]}…{digest[-4:]}" for digest in (entries[0].hash.hex(), entries[0].previous.hex())]
    assert f"{ends[0]} follows {ends[1]}" in said


def test_the_log_and_the_thread_say_that_a_moderator_is_of_the_company(site: Site, database: Database) -> None:
    with database.transaction() as session:
        hidden = make.reply(session, make.thread(session))
        entry = decided(session, make.member(session, role="moderator", team="Service"), "hide-post", hidden)
    visitor = site.anybody()
    for role in ("staff", "moderator", "staff-moderator"):
        assert "By a moderator of the company, not automated." in link_of(
            visitor.get(f"/transparency?role={role}"), entry
        )
    assert "a moderator of the company" in visitor.get(f"/p/{hidden.id}", status=302).follow().words("//main")


def test_the_newest_hash_is_there_to_keep(site: Site, database: Database, people: People, post: Post) -> None:
    with database.transaction() as session:
        entry = decided(session, people.moderator, "close-thread", make.thread(session))
    page = site.as_(people.peer).get("/transparency")
    assert entry.hash.hex() in page.words("//section[@id='check']")
    assert numbers(page)[0] == entry.number


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("action=hide-post&rule=4", [0]),
        ("rule=6", [2]),
        ("role=administrator&rule=0", [1]),
        ("role=moderator&rule=6", [2]),
        ("action=hide-post&rule=6", []),
        ("action=nothing", []),
        ("role=administrator&action=close-thread&rule=6", []),
    ],
)
def test_filters_narrow_the_log(
    site: Site, people: People, entries: list[Decision], query: str, shown: list[int]
) -> None:
    page = site.as_(people.peer).get(f"/transparency?{query}")
    own = {entry.number for entry in entries}
    assert [number for number in numbers(page) if number in own] == [entries[place].number for place in shown]
    assert page.has("//*[@class='empty']") == (not numbers(page))
    for name, value in (part.split("=") for part in query.split("&")):
        assert page.page.xpath(f"//select[@id='{name}']/option[@selected]/@value") in ([value], [])


def test_the_log_is_paged_by_key(site: Site, database: Database, people: People) -> None:
    with database.transaction() as session:
        target = make.reply(session, make.thread(session))
        for n in range(22):
            made = decided(session, people.moderator, "restore-post" if n % 2 else "hide-post", target)
    seen: list[int] = []
    path, visitor = "/transparency", site.as_(people.peer)
    while path:
        page = visitor.get(path)
        seen += numbers(page)
        path = next(iter(page.page.xpath("//a[@rel='next']/@href")), "")
    assert seen == list(range(made.number, 0, -1))
    visitor.get("/transparency?cursor=abc", status=422)


def test_what_is_hidden_is_not_told_in_the_log(site: Site, database: Database, people: People) -> None:
    with database.transaction() as session:
        thread = make.thread(session, people.asker, title="A goldfinch in the title")
        entry = decided(session, people.moderator, "hide-thread", thread, text="A goldfinch in the reason too.")
    for path in ("/transparency", f"/transparency/{entry.number}", "/api/v1/moderation/log"):
        for visitor in (site.anybody(), site.as_(people.peer), site.as_(people.staff)):
            assert "goldfinch" not in visitor.client.get(path).text, path
        assert "goldfinch" in site.as_(people.asker).client.get(path).text or path.startswith("/api")
    assert "is out of sight" in site.anybody().get(f"/transparency/{entry.number}").words()


# One decision


def test_a_decision_says_what_why_by_whom_and_its_proof(site: Site, entries: list[Decision], post: Post) -> None:
    entry, following = entries[0], entries[1]
    page = site.anybody().get(f"/transparency/{entry.number}")
    assert page.words("//h1") == "Post removed"
    facts = page.words("//dl[contains(@class, 'big')]")
    for fact in (
        "4, Personal data",
        f"Personal data: {WHY}",
        "By a moderator, not automated.",
        "Its author keeps a copy",
    ):
        assert fact in facts
    first = [entry.previous.hex()] if entry.number > 1 else []
    assert page.page.xpath("//code[@class='hash']/text()") == [entry.hash.hex(), *first, following.hash.hex()]
    assert ("nothing, it is the first" in page.words("//aside")) == (entry.number == 1)
    assert page.has(f"//p[@class='lede']/a[@href='/p/{post.id}']")
    assert f"entry {following.number}" in page.words("//*[contains(@class, 'banner')]")


def test_what_undoes_leads_to_what_it_undoes(site: Site, entries: list[Decision]) -> None:
    page = site.anybody().get(f"/transparency/{entries[1].number}")
    assert page.has(f"//dl//a[@href='/transparency/{entries[0].number}'][text()='Entry {entries[0].number}']")
    assert "By an administrator" in page.words("//dl[contains(@class, 'big')]")


@pytest.mark.parametrize("number", ["0", "999999", "01", "one", "-1", "99999999999"])
def test_the_log_is_not_that_long(site: Site, number: str) -> None:
    site.anybody().get(f"/transparency/{number}", status=404)


def test_pages_take_few_selects_and_then_none(site: Site, people: People, entries: list[Decision]) -> None:
    for path in ("/transparency", f"/transparency/{entries[0].number}", "/about"):
        with site.counting() as selects:
            site.as_(people.peer).get(path)
        assert 0 < len(selects) <= 6
        site.anybody().get(path)
        with site.counting() as again:
            site.anybody().get(path)
        assert len(again) == 1, "whether anything changed, and no more"


# Redaction


def test_an_administrator_redacts_an_entry(
    site: Site, database: Database, people: People, administrator: Actor
) -> None:
    with database.transaction() as session:
        removed = make.reply(session, make.thread(session), people.peer)
        entry = decided(session, people.moderator, "hide-post", removed, text="It named Ada Lovelace, 12 High Street.")
    path = f"/transparency/{entry.number}"
    assert "Ada Lovelace" in site.as_(people.peer).get(path).text
    visitor = site.as_(administrator)
    assert visitor.get(path).has(f"//form[@action='{path}/redact']")
    page = visitor.send(f"{path}/redact", status=422, text="No.")
    assert "Say why" in page.words("//*[@id='errors']")
    visitor.send(f"{path}/redact", text="The entry itself named a person.")
    for reader in (site.anybody(), site.as_(people.peer), visitor):
        page = reader.get(path)
        assert "Redacted." in page.words("//*[contains(@class, 'banner')]")
        assert "Ada Lovelace" not in page.text
        assert entry.hash.hex() in page.words("//aside")
        assert not page.has("//form[contains(@action, 'redact')]")
    listed = visitor.get("/transparency")
    assert "The words were redacted." in link_of(listed, entry)
    assert f"Entry {entry.number}" in listed.words("//ol[contains(@class, 'chained')]")
    page = visitor.send(f"{path}/redact", status=422, text="The entry itself named a person.")
    assert "redacted already" in page.words("//*[@id='errors']")


def test_nobody_else_redacts(site: Site, database: Database, people: People, entries: list[Decision]) -> None:
    path = f"/transparency/{entries[0].number}"
    for actor in (people.moderator, people.staff, people.peer):
        assert "redact" not in site.as_(actor).get(path).words()
        site.as_(actor).send(f"{path}/redact", status=403, text="It named a person.")


# About, privacy


def test_the_rules_stand_under_the_numbers_that_decisions_name(site: Site) -> None:
    page = site.anybody().get("/about")
    for anchor in ("rules", "accessibility", "points", "company"):
        assert page.has(f"//section[@id='{anchor}']")
    assert page.words("//li[@id='rule-4']").startswith("Personal data.")
    assert len(page.page.xpath("//section[@id='rules']//li")) == 7
    assert "+10" in page.words("//section[@id='points']")
    assert "200 points a day" in page.words("//section[@id='points']")


def test_whoever_answers_for_the_company_is_named(site: Site, people: People) -> None:
    page = site.anybody().get("/about")
    assert page.has(f"//section[@id='company']//a[@href='/m/{people.staff.handle}']")
    assert not page.has(f"//section[@id='company']//a[@href='/m/{people.moderator.handle}']")


def test_privacy_is_told_in_plain_words(site: Site) -> None:
    page = site.anybody().get("/privacy")
    assert page.has("//section[@id='cookies']")
    assert page.has("//section[@id='shared']")
    assert "set-cookie" not in page.answer.headers


@pytest.mark.parametrize("path", ["/about", "/privacy", "/transparency"])
def test_pages_come_in_italian(site: Site, path: str) -> None:
    page = site.anybody().get(path, accept_language="it")
    assert page.page.get("lang") == "it"
    assert page.words("//h1") in ("Che cos’è Loggia", "Privacy", "Registro pubblico")


# Administration


def test_the_administration_is_for_administrators(site: Site, people: People) -> None:
    for actor in (people.moderator, people.staff, people.peer):
        site.as_(actor).get("/admin", status=403)
    assert site.anybody().get("/admin", status=303).leads_to == "/login?next=/admin"


def test_it_says_what_runs_here_and_what_was_done(site: Site, database: Database, administrator: Actor) -> None:
    with database.transaction() as session:
        promoted = make.member(session)
        managing.promote(session, administrator, handle=promoted.handle, place="staff", team="Support", title="Lead")
    page = site.as_(administrator).get("/admin")
    (row, *_) = page.page.xpath("//table/tbody/tr")
    said = " ".join(row.text_content().split())
    assert f"@{administrator.handle}" in said
    assert "member.affiliate" in said
    assert f"@{promoted.handle}" in said
    for part in ("team: Support", "title: Lead"):
        assert part in said
    what = page.words("//main//dl")
    assert ("SQLite, embedded" if database.is_sqlite else "PostgreSQL") in what
    for secret in (site.own_database.engine.url.render_as_string(hide_password=False), "0123456789abcdef"):
        assert secret not in page.text


def test_a_thread_of_the_house_is_not_named_in_the_log(site: Site, database: Database, people: People) -> None:
    with database.transaction() as session:
        house = make.category(session, audience=2, openers=2)
        thread: Thread = make.thread(session, make.staff(session), house, title="A canary of the house")
        entry = decided(session, make.administrator(session), "close-thread", thread)
        assert session.scalars(select(Decision.number).order_by(Decision.number.desc())).first() == entry.number
    for actor, sees in ((people.peer, False), (people.moderator, False), (people.staff, True)):
        assert ("A canary of the house" in site.as_(actor).get(f"/transparency/{entry.number}").text) == sees


def test_a_category_that_fewer_people_see_stands_in_the_log(
    site: Site, database: Database, administrator: Actor, people: People
) -> None:
    with database.transaction() as session:
        place = make.category(session)
        make.thread(session, place=place)
    browser, path = site.as_(administrator), f"/admin/categories/{place.id}"
    form = {"name": "A quiet bench", "slug": place.slug, "kinds": "question", "audience": "staff"}
    browser.get(path).send(path, status=422, **form)
    assert browser.has("//fieldset[@id='narrowing']//*[@id='text']")
    assert "Fewer people will see what stands here." in browser.words("//div[@role='alert']")
    browser.send(path, status=303, **form, rule="0", reason="other", text="The maker asked for a quieter room.")
    told = "Category shown to fewer people"
    for reader, is_named in ((site.anybody(), False), (site.as_(people.staff), True)):
        page = reader.get("/transparency?action=narrow-category")
        assert "The maker asked for a quieter room." in page.words("//ol[contains(@class, 'chained')]/li[1]")
        assert page.words("//ol[contains(@class, 'chained')]/li[1]").startswith(told)
        assert page.has(f"//main//a[@href='/c/{place.slug}']") == is_named
    number = numbers(site.anybody().get("/transparency?action=narrow-category"))[0]
    assert "quieter room" in site.anybody().get(f"/transparency/{number}").words("//main")
    assert "quieter room" in site.anybody().client.get("/feeds/transparency").text
