"""People in the administration: found, looked at, and changed with a receipt."""

import pytest
from sqlalchemy import select

from forum.kernel.access import Actor
from forum.kernel.db import Database
from forum.members import audit, belonging, joining
from forum.members.actors import SYSTEM, actor_of
from forum.members.tables import AuditEntry
from moderation.decisions import Ruling, decide
from tests.forum import making as make
from tests.web.pages.conftest import People
from tests.web.pages.visiting import Site


@pytest.fixture(scope="module")
def administrator(database: Database) -> Actor:
    with database.transaction() as session:
        return make.administrator(session)


def newcomer(database: Database, handle: str) -> int:
    with database.transaction() as session:
        joined = joining.join(session, handle=handle, mail=f"{handle}@post.example", password="a sentence is good")
        return joined.id


def actions(database: Database, member_id: int) -> list[str]:
    with database.transaction() as session:
        rows = select(AuditEntry.action).where(AuditEntry.subject == f"member:{member_id}").order_by(AuditEntry.id)
        return list(session.scalars(rows))


def test_the_list_narrows_and_leads_to_somebody(site: Site, administrator: Actor, database: Database) -> None:
    newcomer(database, "wanda")
    browser = site.as_(administrator).get("/admin/people?q=wan&state=unconfirmed")
    assert browser.page.xpath("//tbody//a/@href") == ["/admin/people/wanda"]
    assert "wanda@post.example" in browser.words("//tbody")
    assert "Address not confirmed" in browser.words("//tbody")
    browser.get("/admin/people/wanda")
    assert "wanda@post.example" in browser.words()
    assert "Nobody fits" in browser.get("/admin/people?q=nobody-at-all").words()
    browser.get("/admin/people?state=odd", status=422)


def test_an_account_is_changed_from_its_page(site: Site, administrator: Actor, database: Database) -> None:
    key = newcomer(database, "wim")
    browser, path = site.as_(administrator), "/admin/people/wim"
    browser.send(f"{path}/mail")
    browser.send(f"{path}/verify")
    assert not browser.get(path).has(f"//form[@action='{path}/verify']")
    browser.send(f"{path}/role", role="moderator")
    browser.send(f"{path}/affiliation", team="Service", title="Lead")
    with database.transaction() as session:
        actor = actor_of(session, key)
    assert (actor.role, actor.team, actor.unverified) == ("moderator", "Service", False)
    browser.send(f"{path}/affiliation", end="1")
    browser.send(f"{path}/sign-out")
    assert actions(database, key) == [
        "member.mail-again", "member.verify", "member.role", "member.affiliate", "member.end-affiliation",
        "member.end-sessions",
    ]  # fmt: skip
    assert "member.end-sessions" in browser.get(path).words("//table")


def test_what_is_refused_is_said_on_the_page(site: Site, administrator: Actor, database: Database) -> None:
    newcomer(database, "wolf")
    browser = site.as_(administrator)
    browser.send("/admin/people/wolf/role", status=422, role="king")
    assert browser.has("//div[@role='alert']")
    browser.send("/admin/people/wolf/affiliation", status=422, team=" ", title="Lead")
    assert browser.has("//input[@name='title'][@value='Lead']")
    browser.send("/admin/people/wolf/affiliation", status=422, team="x" * 61)
    assert browser.has(f"//input[@name='team'][@value='{'x' * 61}']")  # too long, and still there to be shortened
    own = f"/admin/people/{administrator.handle}"
    assert not browser.get(own).has("//form[contains(@action, '/role')]")
    browser.send(f"{own}/role", status=409, role="member")
    assert "from yourself" in browser.words("//div[@role='alert']")
    browser.send("/admin/people/nobody-here/role", status=404, role="member")


def test_a_second_account_is_pointed_out(site: Site, administrator: Actor, database: Database) -> None:
    key = newcomer(database, "wera")
    with database.transaction() as session:
        audit.record(session, SYSTEM, belonging.SECOND_ACCOUNT, f"member:{key}", employee=1, why="same person")
    page = site.as_(administrator).get("/admin/people/wera")
    assert "second account" in page.words("//div[contains(@class, 'is-danger')]")


def test_only_administrators_are_let_in(site: Site, people: People, database: Database) -> None:
    key = newcomer(database, "wolke")
    for person in (people.asker, people.staff, people.moderator):
        browser = site.as_(person)
        for path in ("/admin/people", "/admin/people/wolke", "/admin/people/nobody-here"):
            browser.get(path, status=403)
        for act in ("role", "affiliation", "sign-out", "verify", "mail"):
            browser.send(f"/admin/people/wolke/{act}", status=403, role="administrator", team="Ours")
            browser.send(f"/admin/people/nobody-here/{act}", status=403, role="administrator", team="Ours")
    assert actions(database, key) == []


def test_sanctions_are_told_with_their_decisions(site: Site, administrator: Actor, database: Database) -> None:
    key = newcomer(database, "wulf")
    browser = site.as_(administrator)
    assert "Never." in browser.get("/admin/people/wulf").words()
    assert browser.has("//a[@href='/m/wulf/sanction']")
    with database.transaction() as session:
        ruling = Ruling(
            action="suspend",
            target_kind="member",
            target_id=key,
            reason_code="abuse",
            text="It was rude, more than once.",
            days=3,
        )
        number = decide(session, SYSTEM, ruling).number
    assert browser.get("/admin/people/wulf").has(f"//a[@href='/transparency/{number}']")
    assert browser.get("/admin/people?state=suspended").page.xpath("//tbody//a/@href") == ["/admin/people/wulf"]


def test_a_program_is_marked_wherever_it_speaks(site: Site, database: Database, administrator: Actor) -> None:
    with database.transaction() as session:
        relay = make.member(session, handle="relay", privileges=("post:edit-any",))
        asked = make.thread(session, relay, title="What the status page says")
        make.reply(session, asked, relay)
    browser, thread = site.as_(administrator), f"/t/{asked.id}/{asked.slug}"
    marked = "//article//header//span[contains(@class, 'badge')][contains(., 'Program')]"
    listed = f"//li[.//a[starts-with(@href, '{thread}')]]//span[@class='bound'][.='Program']"
    for is_bot in (True, False):
        browser.get("/admin/people/relay").send(
            "/admin/people/relay/bot", status=303, **({"bot": "1"} if is_bot else {})
        )
        browser.get("/admin/people/relay")
        assert browser.has("//input[@id='bot'][@checked]") == is_bot
        assert browser.get(thread).has(marked) == is_bot
        assert browser.get("/").has(listed) == is_bot
        assert ("Program" in browser.get(f"{thread}/history").words("//main")) == is_bot
    with database.transaction() as session:
        receipts = select(AuditEntry.detail).where(AuditEntry.action == "member.bot").order_by(AuditEntry.id)
        assert [receipt["after"] for receipt in session.scalars(receipts)] == [{"bot": True}, {"bot": False}]
