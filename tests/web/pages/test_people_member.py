"""A member's page: who they are, their ledger, and what they gave, as far as the reader may see it."""

from datetime import timedelta

import pytest

from forum.kernel import clock
from forum.kernel.access import Actor
from forum.kernel.db import Database
from forum.members import accounts, managing
from forum.members.actors import SYSTEM, actor_of
from forum.members.tables import ImportedBadge, Member
from forum.threads import answers, voting
from tests.forum import making as make
from tests.installing import deliver_all
from tests.moderation.deciding import decided
from tests.web.pages.conftest import People
from tests.web.pages.visiting import Site

CANARY = "A canary that only some may see"


@pytest.fixture(scope="module")
def jonas(database: Database, people: People) -> Actor:
    """Somebody with two answers (one accepted and voted up), a question and an idea."""
    with database.transaction() as session:
        jonas = make.member(session, handle="jonas")
        accounts.edit_profile(
            session, jonas, member_id=jonas.member_id or 0, name="Jonas Lindqvist", bio="Owns a *Duo*."
        )
        asked = make.thread(session, people.asker, title="The handle drops <halfway> down")
        solved = make.reply(session, asked, jonas)
        make.reply(session, make.thread(session, title="It was the spring after all"), jonas)
        answers.accept(session, people.asker, post_id=solved.id)
        voting.vote(session, people.peer, post_id=solved.id, value=1)
        make.thread(session, jonas, title="How long do the springs last")
        make.thread(session, jonas, title="Let it remember the dose", kind="idea")
    deliver_all(database)
    return jonas


def test_everybody_sees_who_somebody_is(site: Site, jonas: Actor) -> None:
    page = site.anybody().get("/m/jonas")
    assert page.words("//h1") == "Jonas Lindqvist"
    assert page.words("//main//em") == "Duo"
    assert "@jonas" in page.words()
    assert page.page.xpath("//link[@rel='canonical']/@href") == ["http://127.0.0.1:8000/m/jonas"]
    assert not page.has("//main//a[@href='/settings']")
    assert not page.has("//*[@class='staff']")
    tabs = [" ".join(tab.text_content().split()) for tab in page.page.xpath("//nav[@aria-label='Profile']/a")]
    assert tabs == ["Reputation", "Answers 2", "Questions 1", "Ideas 1"]


def test_the_ledger_says_cause_post_and_total(site: Site, jonas: Actor) -> None:
    page = site.anybody().get("/m/jonas")
    rows = [
        [cell.text_content() for cell in row.xpath("td")][1:]
        for row in page.page.xpath("//table[@class='listy']/tbody/tr")
    ]
    assert sorted(rows) == sorted(
        [
            ["Answer accepted", "The handle drops <halfway> down", "+15", rows[0][3] if rows[0][2] == "+15" else "15"],
            ["Answer voted up", "The handle drops <halfway> down", "+10", rows[0][3] if rows[0][2] == "+10" else "10"],
        ]
    )
    assert rows[0][3] == "25"
    assert page.has("//figure//svg[@role='img']")
    assert "25 in all" in page.words("//figcaption")
    assert len(page.page.xpath("//figure//tbody/tr")) == 12


@pytest.mark.parametrize(
    ("tab", "shown", "absent"),
    [
        ("answers", "The handle drops <halfway> down", "How long do the springs last"),
        ("questions", "How long do the springs last", "Let it remember the dose"),
        ("ideas", "Let it remember the dose", "How long do the springs last"),
    ],
)
def test_each_tab_has_an_address(site: Site, jonas: Actor, tab: str, shown: str, absent: str) -> None:
    page = site.anybody().get(f"/m/jonas?tab={tab}")
    content = page.words("//*[contains(@class, 'split')]/div")
    assert shown in content
    assert absent not in content
    assert page.words("//nav[@aria-label='Profile']/a[@aria-current]").lower().startswith(tab)


def test_best_answers_lead_to_the_post(site: Site, jonas: Actor) -> None:
    page = site.anybody().get("/m/jonas")
    (link,) = page.page.xpath("//aside//li/a[starts-with(@href, '/p/')]/@href")
    assert "/t/" in site.anybody().get(link, status=302).leads_to


def test_one_s_own_page_leads_to_the_settings(site: Site, jonas: Actor) -> None:
    assert site.as_(jonas).get("/m/jonas").has("//main//a[@href='/settings']")


def test_staff_stand_in_an_arch_with_team_and_title_and_no_points(site: Site, people: People) -> None:
    page = site.anybody().get(f"/m/{people.staff.handle}")
    assert page.has("//header/span[contains(@class, 'face') and contains(@class, 'house')]")
    assert page.words("//main//*[@class='staff']") == "Company"
    assert "Service" in page.words("//main/header")
    assert "Engineer" in page.words("//main/header")
    assert "Reputation" not in page.words("//nav[@aria-label='Profile']")
    assert "Staff earn no points" in page.words("//aside")


def test_a_moderator_is_named_as_one(site: Site, people: People) -> None:
    assert "Moderator" in site.anybody().get(f"/m/{people.moderator.handle}").words("//main/header")


def test_badges_of_an_import_are_shown_as_such(site: Site, database: Database) -> None:
    with database.transaction() as session:
        ruth = make.member(session, handle="ruth", is_imported=True)
        for days in (1, 2):
            session.add(
                ImportedBadge(
                    member_id=ruth.member_id or 0,
                    name="Teacher",
                    grade=3,
                    awarded_at=clock.now() - timedelta(days=days),
                )
            )
    page = site.anybody().get("/m/ruth?tab=badges")
    assert "Teacher 2 times" in page.words()
    assert "came here with an import" in page.words()
    assert page.page.xpath("//meta[@name='robots']/@content") == ["noindex"]


@pytest.mark.parametrize("path", ["/m/nobody-here", "/m/jonas?tab=secrets", "/m/jonas?cursor=abc"])
def test_there_is_no_such_page(site: Site, jonas: Actor, path: str) -> None:
    site.anybody().get(path, status=404 if "nobody" in path else 422)


def test_a_deleted_account_has_no_page(site: Site, database: Database) -> None:
    with database.transaction() as session:
        gone = make.member(session, handle="gone")
        session.get_one(Member, gone.member_id).deleted_at = clock.now()
    site.anybody().get("/m/gone", status=404)


def test_handles_are_found_however_they_are_spelled(site: Site, jonas: Actor) -> None:
    page = site.anybody().get("/m/JONAS")
    assert page.page.xpath("//link[@rel='canonical']/@href") == ["http://127.0.0.1:8000/m/jonas"]


@pytest.mark.parametrize("where", ["post", "thread", "house"])
def test_what_is_out_of_sight_is_on_no_tab_but_for_those_who_may_see_it(
    site: Site, database: Database, where: str
) -> None:
    with database.transaction() as session:
        handle = f"hidden-{where}"
        author, voter = make.member(session, handle=handle), make.member(session)
        place = make.category(session, audience=2, openers=2) if where == "house" else make.category(session)
        thread = make.thread(session, make.staff(session) if where == "house" else author, place, title=CANARY)
        if where == "house":
            session.get_one(type(place), place.id).audience = 0
        reply = make.reply(session, thread, author)
        voting.vote(session, voter, post_id=reply.id, value=1)
        session.get_one(type(place), place.id).audience = 2 if where == "house" else 0
    deliver_all(database)
    with database.transaction() as session:
        if where != "house":
            decided(session, SYSTEM, f"hide-{where}", reply if where == "post" else thread)
    deliver_all(database)
    stranger = site.anybody()
    for tab in ("reputation", "answers", "questions"):
        if where == "post" and tab == "questions":
            continue  # the question itself can be seen
        page = stranger.get(f"/m/{handle}?tab={tab}")
        assert CANARY not in page.text, tab
    assert "Answers 0" in stranger.get(f"/m/{handle}").words("//nav[@aria-label='Profile']")


def test_the_page_takes_six_selects_at_most(site: Site, jonas: Actor) -> None:
    for tab in ("reputation", "answers", "questions", "ideas"):
        with site.counting() as selects:
            site.as_(jonas).get(f"/m/jonas?tab={tab}")
        assert len(selects) <= 6, (tab, selects)


def test_visitors_get_it_from_memory_until_something_changes(site: Site, database: Database, jonas: Actor) -> None:
    visitor = site.anybody()
    visitor.get("/m/jonas?tab=ideas")
    with site.counting() as selects:
        visitor.get("/m/jonas?tab=ideas")
    assert len(selects) == 1  # whether anything changed


def test_the_company_wears_no_solved_badge(site: Site, database: Database, people: People) -> None:
    """Rule 3: what staff solve is the company's; what they solved before they came to it is theirs again when they leave."""
    with database.transaction() as session:
        marta = make.member(session, handle="marta-then")
        before = make.reply(session, make.thread(session, people.asker), marta)
        answers.accept(session, people.asker, post_id=before.id)
        managing.promote(session, SYSTEM, handle="marta-then", place="staff", team="Service")
        employee = actor_of(session, marta.member_id)
        after = make.reply(session, make.thread(session, people.asker), employee)
        answers.accept(session, people.asker, post_id=after.id)
    assert " solved" not in site.anybody().get("/m/marta-then").words("//header")
    assert site.anybody().get("/m/marta-then").words("//dl[@class='kv']").startswith("Answers2")
    with database.transaction() as session:
        managing.end_affiliation(session, SYSTEM, member_id=marta.member_id or 0)
    assert "1 solved" in site.anybody().get("/m/marta-then").words("//header")
    deliver_all(database)
