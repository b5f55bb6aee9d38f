"""Whatever an administrator does leaves one receipt, in the transaction of the deed: neither is there without the other."""

import ast
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import event, func, insert, select, text
from sqlalchemy.orm import Session

from forum.kernel import clock
from forum.kernel.access import Actor
from forum.kernel.db import Base, Database
from forum.members import groups, inviting, joining, managing, receipts, site, unsent
from forum.members.tables import AuditEntry, Invitation, MailDelivery
from forum.threads import arranging, categories
from tests.architecture.source import product
from tests.forum import making as make
from tests.kernel.plans import plans_of
from web.pages.admin.receipts import ACTIONS

PASSWORD = "a sentence is good"


class Scene:
    """Somebody who administers, and what they can do something to."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.boss = make.administrator(session)
        self.other = make.member(session, team="Desk")
        self.key = self.other.member_id or 0
        self.waiting = joining.join(session, handle="nils", mail="nils@post.example", password=PASSWORD).id
        self.first, self.second = make.category(session), make.category(session)
        self.group = groups.create(session, self.boss, name="Friends").id
        self.full = groups.create(session, self.boss, name="Others").id
        groups.add(session, self.boss, group_id=self.full, handle=self.other.handle)
        inviting.make(session, self.boss)
        mail = MailDelivery(
            kind="verify", cause="parked", state="parked", not_before=clock.now(), created_at=clock.now()
        )
        session.add(mail)
        session.flush()
        self.mail = mail.id
        self.invitation = session.scalars(select(Invitation.id)).one()
        session.flush()


Deed = Callable[[Session, Actor, Scene], Any]
DEEDS: dict[str, Deed] = {
    "site.change": lambda s, a, it: site.change(s, a, {"name": "Elsewhere"}),
    "first-steps.dismiss": lambda s, a, it: site.put_aside(s, a, step="mail"),
    "category.create": lambda s, a, it: categories.create(s, a, slug="new", name="New", kinds=["idea"]),
    "category.edit": lambda s, a, it: categories.edit(s, a, category_id=it.first.id, name="Other"),
    "category.move": lambda s, a, it: arranging.move(s, a, category_id=it.second.id, to="up"),
    "member.role": lambda s, a, it: managing.give_role(s, a, member_id=it.key, role="moderator"),
    "member.affiliate": lambda s, a, it: managing.affiliate(s, a, member_id=it.key, team="Desk", title=""),
    "member.end-affiliation": lambda s, a, it: managing.end_affiliation(s, a, member_id=it.key),
    "member.end-sessions": lambda s, a, it: managing.end_sessions(s, a, member_id=it.key),
    "member.mail-again": lambda s, a, it: managing.mail_again(s, a, member_id=it.waiting),
    "member.verify": lambda s, a, it: managing.verify(s, a, member_id=it.waiting, staff_domains=()),
    "member.create": lambda s, a, it: managing.create(
        s, a, handle="greta", mail="greta@post.example", role="moderator", password=PASSWORD
    ),
    "group.create": lambda s, a, it: groups.create(s, a, name="New"),
    "group.edit": lambda s, a, it: groups.edit(s, a, group_id=it.group, name="Old friends"),
    "group.add": lambda s, a, it: groups.add(s, a, group_id=it.group, handle=it.other.handle),
    "group.remove": lambda s, a, it: groups.remove(s, a, group_id=it.full, handle=it.other.handle),
    "group.delete": lambda s, a, it: groups.delete(s, a, group_id=it.group),
    "invitation.make": lambda s, a, it: inviting.make(s, a, note="For Greta"),
    "mail.replay": lambda s, a, it: unsent.send_again(s, a, mail_id=it.mail),
    "mails.replay": lambda s, a, it: unsent.send_all_again(s, a),
    "mail.give-up": lambda s, a, it: unsent.give_up(s, a, mail_id=it.mail),
    "invitation.revoke": lambda s, a, it: inviting.revoke(s, a, invitation_id=it.invitation),
}


def rows(session: Session) -> dict[str, list[tuple[Any, ...]]]:
    """Everything that is stored but the receipts."""
    session.flush()
    tables = [table for table in Base.metadata.sorted_tables if table.name != "audit_entry"]
    return {table.name: [tuple(row) for row in session.execute(select(table))] for table in tables}


@pytest.mark.parametrize("action", DEEDS)
def test_each_deed_leaves_one_receipt(session: Session, action: str) -> None:
    scene = Scene(session)
    before = session.scalar(select(func.count(AuditEntry.id))) or 0
    DEEDS[action](session, scene.boss, scene)
    session.flush()
    entries = session.scalars(select(AuditEntry).order_by(AuditEntry.id)).all()[before:]
    assert [entry.action for entry in entries] == [action]
    assert entries[0].member_id == scene.boss.member_id


def _do_within(session: Session, action: str, scene: Scene) -> None:
    with session.begin_nested():
        DEEDS[action](session, scene.boss, scene)
        session.flush()


@pytest.mark.parametrize("action", DEEDS)
def test_without_its_receipt_nothing_is_done(session: Session, action: str) -> None:
    """The receipt fails as it is written; afterwards everything is as it was."""
    scene = Scene(session)
    before = rows(session)

    def fail(*_: Any) -> None:
        raise RuntimeError("the receipt could not be written")

    event.listen(AuditEntry, "before_insert", fail)
    try:
        with pytest.raises(RuntimeError):
            _do_within(session, action, scene)
    finally:
        event.remove(AuditEntry, "before_insert", fail)
    session.expire_all()
    assert rows(session) == before


def test_no_receipt_tells_a_secret(session: Session) -> None:
    """The key of an invitation, a password and an address are in none."""
    boss = make.administrator(session)
    key = inviting.make(session, boss)
    managing.create(session, boss, handle="greta", mail="greta@post.example", password=PASSWORD)
    session.flush()
    told = receipts.audit_list(session.connection(), boss, limit=100)
    said = " ".join(str(line.detail) for line in told.items)
    for secret in (key, PASSWORD, "greta@post.example"):
        assert secret not in said


def test_every_action_that_is_recorded_has_words() -> None:
    recorded = {
        call.args[2].value
        for source in product()
        for call in ast.walk(source.tree)
        if isinstance(call, ast.Call) and ast.unparse(call.func).endswith("audit.record")
        if len(call.args) > 2 and isinstance(call.args[2], ast.Constant)
    }
    assert len(recorded) > 20
    assert recorded - ACTIONS.keys() == set()


@pytest.mark.parametrize(
    ("wanted", "index"),
    [({"subject": "group:7"}, "ix_audit_entry_subject"), ({"by": "boss"}, "ix_audit_entry_member")],
)
def test_receipts_of_one_thing_or_person_are_a_range_of_an_index(
    fresh_database: Database, wanted: dict[str, str], index: str
) -> None:
    """However many there are of all others."""
    with fresh_database.transaction() as session:
        boss = make.member(session, role="administrator", handle="boss")
        others = [make.administrator(session).member_id for _ in range(20)]
        row = {"at": clock.now(), "voice": "administrator", "action": "group.edit", "detail": {}}
        rows = [row | {"member_id": others[n % 20], "subject": f"group:{n % 500}"} for n in range(2_000)]
        session.execute(insert(AuditEntry), [*rows, row | {"member_id": boss.member_id, "subject": "group:7"}])
        session.execute(text("ANALYZE"))
    told: list[receipts.AuditLine] = []

    def look() -> None:
        with fresh_database.transaction() as session:
            told.extend(receipts.audit_list(session.connection(), boss, receipts.Wanted(**wanted)).items)  # type: ignore[arg-type]

    plans = plans_of(fresh_database, look)
    assert [line.by for line in told][:1] == ["boss"]
    assert len(told) == (5 if "subject" in wanted else 1)
    assert any(index in plan.steps for plan in plans)
