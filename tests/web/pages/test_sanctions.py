"""Deciding about a person on their profile, and what somebody suspended or silenced is shown."""

from forum.kernel.access import Actor
from forum.kernel.db import Database
from forum.members import affiliations, tokens
from forum.members.actors import SYSTEM, actor_of
from moderation.decisions import Ruling, decide
from tests.forum import making as make
from tests.web.pages.conftest import People
from tests.web.pages.visiting import Site

WHY = "You called three people names, and went on when you were asked to stop."


def suspended(database: Database, action: str = "suspend") -> Actor:
    with database.transaction() as session:
        person = make.member(session)
        decide(
            session, SYSTEM,
            Ruling(
                action=action, target_kind="member", target_id=person.member_id or 0, rule="1", reason_code="abuse",
                text=WHY, days=7,
            ),
        )  # fmt: skip
        return person


def sanctioned(database: Database, person: Actor) -> bool:
    with database.reading() as connection:
        return actor_of(connection, person.member_id).suspended


def test_a_moderator_suspends_from_the_profile(site: Site, database: Database, people: People) -> None:
    with database.transaction() as session:
        person = make.member(session)
    path = f"/m/{person.handle}/sanction"
    moderator = site.as_(people.moderator)
    assert path in moderator.get(f"/m/{person.handle}").text
    assert "Suspend." in moderator.get(path).words()
    moderator.send(path, status=422, do="", days="7", rule="", reason="", text="")
    moderator.send(path, do="suspend", days="7", rule="1", reason="abuse", text=WHY)
    assert (moderator.leads_to, sanctioned(database, person)) == (f"/m/{person.handle}", True)
    assert "End the suspension." in moderator.get(path).words()
    moderator.send(path, do="unsuspend", rule="1", reason="reconsidered", text=WHY)
    assert not sanctioned(database, person)
    moderator.send(path, status=409, do="unsuspend", rule="1", reason="reconsidered", text=WHY)


def test_nobody_else_finds_the_form(site: Site, database: Database, people: People) -> None:
    with database.transaction() as session:
        person = make.member(session)
    for actor in (people.peer, people.staff):
        visitor = site.as_(actor)
        assert "/sanction" not in visitor.get(f"/m/{person.handle}").text
        visitor.get(f"/m/{person.handle}/sanction", status=403)


def test_somebody_suspended_is_told_why_and_leaves(site: Site, database: Database) -> None:
    visitor = site.as_(suspended(database))
    assert visitor.get("/suspended").words("//blockquote") == WHY
    assert visitor.has("//a[starts-with(@href, '/transparency/')]")
    assert visitor.get("/").has("//main//a[@href='/suspended']")
    for path in ("/settings", "/settings/tokens", "/settings/security", "/notifications", "/m/nobody/sanction"):
        assert "/suspended" in visitor.get(path, status=403).text
    visitor.get("/")
    visitor.send("/logout")


def test_nobody_is_shut_out_of_their_own_data(site: Site, database: Database) -> None:
    visitor = site.as_(suspended(database))
    assert visitor.get("/suspended").has("//main//a[@href='/settings/data']")
    page = visitor.get("/settings/data")
    assert page.page.xpath("//nav[.//a[@href='/settings/data']]//a/@href")[-3:] == [
        "/settings/consent",
        "/settings/data",
        "/privacy",
    ]
    assert visitor.send("/settings/data/export", status=200).answer.headers["content-type"] == "application/zip"
    visitor.get("/settings/consent")
    visitor.send("/settings/consent", cases="1")
    visitor.send("/settings/profile", status=403, name="Somebody", bio="")


def test_who_is_not_suspended_has_no_such_page(site: Site, people: People) -> None:
    assert site.as_(people.peer).get("/suspended", status=303).leads_to == "/"


def test_the_silenced_keep_their_settings(site: Site, database: Database) -> None:
    visitor = site.as_(suspended(database, "silence"))
    for path in ("/settings/security", "/notifications"):
        visitor.get(path)


def test_a_session_from_before_and_a_token_lose_it_at_the_next_request(site: Site, database: Database) -> None:
    with database.transaction() as session:
        person = make.member(session)
        token = tokens.create(session, person, name="A program", scopes=["read", "write"])
    program, browser = site.anybody(), site.as_(person)
    bearer = f"Bearer {token}"
    program.get("/api/v1/me", authorization=bearer)
    browser.get("/settings/security")
    with database.transaction() as session:
        ruling = Ruling(action="suspend", target_kind="member", target_id=person.member_id or 0, text=WHY, days=1)
        decide(session, SYSTEM, ruling)
    program.get("/api/v1/me", status=403, authorization=bearer)
    browser.get("/settings/security", status=403)


def test_a_profile_says_how_somebody_is_bound_to_the_company(site: Site, database: Database) -> None:
    with database.transaction() as session:
        person = make.member(session)
        affiliations.declare(session, person, kind="reseller", organisation="Mill & Sons")
    visitor = site.anybody()
    assert "Reseller: Mill & Sons · declared by themselves" in visitor.get(f"/m/{person.handle}").words()
    with database.transaction() as session:
        affiliations.confirm(session, SYSTEM, handle=person.handle)
    assert "Reseller: Mill & Sons · confirmed" in site.anybody().get(f"/m/{person.handle}?tab=answers").words()
