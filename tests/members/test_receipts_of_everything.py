"""Whatever an administrator does leaves one receipt, in the transaction of the deed: neither is there without the other."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import event, func, insert, select, text
from sqlalchemy.orm import Session

from crm_sync import connections, replaying
from crm_sync.connections import ensure_default_connection
from forum.articles import reviewing
from forum.articles.tables import Article
from forum.kernel import clock
from forum.kernel.access import Actor
from forum.kernel.db import Base, Database
from forum.members import (
    affiliations,
    groups,
    identities,
    inviting,
    joining,
    managing,
    providers,
    receipts,
    site,
    tokens,
    unsent,
)
from forum.members.tables import ApiToken, AuditEntry, Identity, IdentityProvider, Invitation, MailDelivery
from forum.threads import arranging, categories
from moderation import flagging
from tests.architecture.source import parsed, product
from tests.crm_sync import make as crm
from tests.forum import making as make
from tests.kernel.plans import plans_of
from tests.members.recording import recorded_by
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
        self._connected()
        self._written()
        session.flush()

    def _connected(self) -> None:
        """Accounts elsewhere, what somebody said to be, a token, the company's systems."""
        session, moment = self.session, clock.now()
        self.friend = make.member(session)
        affiliations.declare(session, self.friend, kind="partner", organisation="Kettles and Sons")
        self.provider = IdentityProvider(
            slug="desk", name="Desk", issuer="https://id.example", client_id="loggia", is_enabled=False,
            created_at=moment,
        )  # fmt: skip
        token = ApiToken(
            member_id=self.boss.member_id or 0, name="A", token_hash="x", scopes=["read"], created_at=moment
        )
        session.add_all([self.provider, token])
        session.flush()
        self.token = token.id
        identity = Identity(
            member_id=self.key, provider_id=self.provider.id, issuer="https://id.example", subject="x",
            linked_at=moment,
        )  # fmt: skip
        self.journal = ensure_default_connection(session)
        delivery = crm.delivery(connection_id=self.journal, state="parked", reason="refused")
        session.add_all([identity, delivery])
        session.flush()
        self.identity, self.delivery = identity.id, delivery.id

    def _written(self) -> None:
        """A post that was reported, an article for everybody and one that waits."""
        session, moment = self.session, clock.now()
        self.post = make.reply(session, make.thread(session, place=self.first)).id
        flagging.raise_flag(session, self.friend, post_id=self.post, reason="spam")
        words = {"title": "The chute", "slug": "the-chute", "source": WORDS, "html": "", "renderer": 1}
        given: dict[str, Any] = {**words, "category_id": self.first.id, "created_at": moment, "changed_at": moment}
        self.article, self.draft = Article(**given, state="published"), Article(**given)
        session.add_all([self.article, self.draft])


UNASKED: Any = None  # of the installation's settings a provider without a secret asks nothing
PROVIDER = providers.Described(name="Office", issuer="https://office.example", client_id="loggia")
WORDS = "Clean the chute well, then dry it."
Deed = Callable[[Session, Actor, Scene], Any]
DEEDS: dict[str, Deed] = {
    "site.change": lambda s, a, it: site.change(s, a, {"name": "Elsewhere"}),
    "first-steps.dismiss": lambda s, a, it: site.put_aside(s, a, step="mail"),
    "category.create": lambda s, a, it: categories.create(s, a, slug="new", name="New", kinds=["idea"]),
    "category.edit": lambda s, a, it: categories.edit(s, a, category_id=it.first.id, name="Other"),
    "category.move": lambda s, a, it: arranging.move(s, a, category_id=it.second.id, to="up"),
    "member.role": lambda s, a, it: managing.give_role(s, a, member_id=it.key, role="moderator"),
    "member.bot": lambda s, a, it: managing.mark_bot(s, a, member_id=it.key, is_bot=True),
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
    "affiliation.confirm": lambda s, a, it: affiliations.confirm(s, a, handle=it.friend.handle),
    "affiliation.end": lambda s, a, it: affiliations.end(s, a, handle=it.friend.handle),
    "provider.create": lambda s, a, it: providers.add(s, a, UNASKED, slug="new", wanted=PROVIDER),
    "provider.edit": lambda s, a, it: providers.change(s, a, UNASKED, provider_id=it.provider.id, wanted=PROVIDER),
    "provider.enable": lambda s, a, it: providers.switch(s, a, provider_id=it.provider.id, on=True),
    "identity.disconnect": lambda s, a, it: identities.disconnect_for(
        s, a, member_id=it.key, identity_id=it.identity, staff_domains=()
    ),
    "token.create": lambda s, a, it: tokens.create(s, a, name="B", scopes=["read"]),
    "token.revoke": lambda s, a, it: tokens.revoke(s, a, token_id=it.token),
    "flag.keep": lambda s, a, it: flagging.keep(s, a, post_id=it.post),
    "article.edit": lambda s, a, it: reviewing.edit(
        s, a, article_id=it.article.id, title="The chute", body=WORDS * 2, version=1
    ),
    "article.publish": lambda s, a, it: reviewing.publish(
        s, a, article_id=it.draft.id, title="The chute", body=WORDS, version=1
    ),
    "article.withdraw": lambda s, a, it: reviewing.withdraw(s, a, article_id=it.article.id),
    "connection:held": lambda s, a, it: connections.hold(s, a, connection_id=it.journal),
    "connection:resumed": lambda s, a, it: connections.resume(s, a, connection_id=it.journal),
    "delivery:replayed": lambda s, a, it: replaying.replay(s, a, delivery_id=it.delivery),
    "delivery:let-go": lambda s, a, it: replaying.let_go(s, a, delivery_id=it.delivery),
    "deliveries:replayed": lambda s, a, it: replaying.replay_dead(s, a),
    "invitation.revoke": lambda s, a, it: inviting.revoke(s, a, invitation_id=it.invitation),
}

ELSEWHERE = {
    "connection:connected": "wants the installation's key; tests/crm_sync/test_connections.py asks for it",
    "connection:secret-changed": "wants the installation's key; tests/crm_sync/test_connections.py asks for it",
    "deliveries:retracted": "wants something told; tests/crm_sync/test_names_and_consent.py asks for it",
    "identity.connect": "is one's own, after a way to a provider; tests/members/test_ways_in_from_elsewhere.py asks for it",
    "invitation.redeem": "is whoever comes in; tests/members/test_inviting.py asks for it",
    "member.groups": "is what a provider said; tests/members/test_ways_in_from_elsewhere.py asks for it",
    "member.joined-staff": "is what a proof makes of somebody; tests/members/test_belonging.py asks for it",
    "member.left-staff": "is what a proof makes of somebody; tests/members/test_belonging.py asks for it",
    "member.second-account": "is noticed, not done; tests/members/test_belonging.py asks for it",
    "provider.disable": "is the same verb as provider.enable",
}
"""What the code can record and no deed above does, with the reason."""


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


def test_every_action_that_can_be_recorded_has_words_and_a_deed_or_a_reason() -> None:
    recorded = recorded_by(product())
    assert recorded - ACTIONS.keys() == set()
    assert recorded == DEEDS.keys() | ELSEWHERE.keys()


def test_actions_are_read_from_however_they_are_spelled() -> None:
    code = """
NAMED = "f"
def _note(session, actor, what, *, how="x"):
    audit.record(session, actor, f"d:{what}", "x")
def _renew(session, action):
    audit.record(session, SYSTEM, action, "x")
def do(session, actor, on):
    audit.record(session, actor, "a", "x")
    audit.record(session, actor, "b" if on else "c", "x")
    audit.record(session, actor, NAMED, "x")
    _note(session, actor, "one")
    _note(session, actor, what="two")
    _renew(session, "e")
"""
    assert recorded_by([parsed(code)]) == {"a", "b", "c", "d:one", "d:two", "e", "f"}
    with pytest.raises(LookupError):
        recorded_by([parsed("def do(session, actor, row):\n    audit.record(session, actor, row.kind, 'x')\n")])


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
