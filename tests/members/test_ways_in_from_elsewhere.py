"""What hangs on an account elsewhere: a way in, a place in the company, groups, and the proof that it is oneself; and how each ends."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from forum.kernel import clock
from forum.kernel.access import Actor
from forum.kernel.db import Database
from forum.kernel.errors import Conflict, Invalid, NotAllowed, NotFound
from forum.members import (
    accounts,
    addresses,
    arriving,
    claims,
    groups,
    identities,
    joining,
    leaving,
    mailed_keys,
    signing_in,
    site,
)
from forum.members.actors import actor_of, actor_signed_in
from forum.members.oidc import Trusted
from forum.members.oidc.claims import Said
from forum.members.tables import (
    Affiliation,
    Arrival,
    AuditEntry,
    GroupMember,
    Identity,
    IdentityProvider,
    MailAddress,
    MailDelivery,
    Member,
)
from tests.forum import making as make

ISSUER, PASSWORD, OURS = "https://id.example", "a sentence is good", ("company.example",)


class Desk:
    """A provider that says who is staff and in which groups, and people who come by it."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.row = IdentityProvider(
            slug="desk", name="Desk", issuer=ISSUER, client_id="loggia", group_claim="groups", staff_group="employees",
            created_at=clock.now(),
        )  # fmt: skip
        session.add(self.row)
        self.boss = make.administrator(session)
        self.group = groups.create(session, self.boss, name="Key customers", kind="claim", claim="key").id
        session.flush()
        self.trusted = Trusted(
            id=self.row.id, slug="desk", name="Desk", issuer=ISSUER, client_id="loggia", group_claim="groups",
            staff_group="employees",
        )  # fmt: skip

    def said(self, subject: str, **more: Any) -> Said:
        return Said(issuer=ISSUER, subject=subject, address=f"{subject}@post.example", **more)

    def arrival(self, said: Said, browser: str, member_id: int | None = None) -> None:
        arriving.begin(self.session, said.subject, provider_id=self.row.id, browser=browser, member_id=member_id)
        self.session.execute(update(Arrival).values(claims=msgspec.to_builtins(said)))

    def opened(self, subject: str, **more: Any) -> Actor:
        """Somebody whose account was opened by the provider."""
        self.arrival(self.said(subject, **more), subject)
        came, _ = arriving.open_account(
            self.session, self.trusted, browser=subject, handle=subject, name="", locale="", staff_domains=OURS
        )
        return actor_of(self.session, came.member_id)

    def again(self, subject: str, **more: Any) -> None:
        state = arriving.new_state()
        arriving.begin(self.session, state, provider_id=self.row.id, browser=subject)
        journey = arriving.returned(self.session, provider_id=self.row.id, state=state, browser=subject)
        arriving.come(self.session, journey, self.trusted, self.said(subject, **more), staff_domains=OURS)
        self.session.flush()

    def connect(self, actor: Actor, subject: str, **more: Any) -> None:
        said = self.said(subject, address_is_verified=True, **more)
        self.arrival(said, subject, actor.member_id)
        arriving.connect(self.session, actor, self.trusted, browser=subject, staff_domains=OURS)
        self.session.flush()


@pytest.fixture
def desk(session: Session) -> Desk:
    return Desk(session)


def customer(session: Session, handle: str = "marta") -> Actor:
    member = accounts.register(session, handle=handle, mail=f"{handle}@post.example", password=PASSWORD)
    session.flush()
    return actor_of(session, member.id)


def held(session: Session, actor: Actor) -> list[Identity]:
    session.flush()
    mine = select(Identity).where(Identity.member_id == actor.member_id).order_by(Identity.id)
    return list(session.scalars(mine.execution_options(populate_existing=True)))


def receipts(session: Session, actor: Actor) -> list[str]:
    session.flush()
    about = select(AuditEntry.action).where(AuditEntry.subject == f"member:{actor.member_id}").order_by(AuditEntry.id)
    return list(session.scalars(about))


def in_groups(session: Session, actor: Actor) -> set[int]:
    return set(session.scalars(select(GroupMember.group_id).where(GroupMember.member_id == actor.member_id)))


# Connecting and taking back


def test_connecting_is_mailed_and_leaves_a_receipt(session: Session, desk: Desk) -> None:
    actor = customer(session)
    desk.connect(actor, "marta-at-work")
    assert receipts(session, actor) == ["identity.connect"]
    told = session.execute(select(MailDelivery.kind, MailDelivery.member_id, MailDelivery.values)).all()
    assert told == [("connected", actor.member_id, {"provider": "Desk"})]


def test_who_takes_an_account_back_takes_it_from_whoever_connected_something(session: Session, desk: Desk) -> None:
    actor = customer(session)
    desk.connect(actor, "a-thief", groups=("key", "employees"))
    assert actor_of(session, actor.member_id).is_staff
    asked = clock.now()
    mailed_keys.keep(
        session, member_id=actor.member_id or 0, purpose="revert", address="marta@post.example", key="key", asked_at=asked
    )  # fmt: skip
    addresses.take_back(session, key="key")
    assert held(session, actor) == []
    assert "identity.disconnect" in receipts(session, actor)
    assert not actor_of(session, actor.member_id).is_staff
    assert desk.group not in in_groups(session, actor)


def test_an_administrator_takes_a_way_in_from_somebody_and_signs_them_out(session: Session, desk: Desk) -> None:
    actor = desk.opened("nora")
    member_id, cookie = actor.member_id or 0, just_in(session, actor)
    [line] = identities.identities_of(session.connection(), desk.boss, member_id=member_id)

    def take(by: Actor, *, of: int = member_id) -> None:
        identities.disconnect_for(session, by, member_id=of, identity_id=line.id, staff_domains=OURS)

    for somebody in (actor, make.moderator(session)):
        with pytest.raises(NotAllowed):
            take(somebody)
        with pytest.raises(NotAllowed):
            identities.identities_of(session.connection(), somebody, member_id=member_id)
    with pytest.raises(NotFound):
        take(desk.boss, of=desk.boss.member_id or 0)
    take(desk.boss)
    assert (held(session, actor), receipts(session, actor)) == ([], ["identity.disconnect"])
    assert actor_signed_in(session.connection(), cookie) is None


# What a provider said ends with it


def test_giving_a_provider_up_ends_what_it_said(session: Session, desk: Desk) -> None:
    actor = customer(session)
    desk.connect(actor, "marta-at-work", groups=("key", "employees"))
    assert (actor_of(session, actor.member_id).is_staff, desk.group in in_groups(session, actor)) == (True, True)
    ended = identities.disconnect(session, actor, identity_id=held(session, actor)[0].id, staff_domains=())
    assert ended
    assert (actor_of(session, actor.member_id).is_staff, in_groups(session, actor)) == (False, set())
    assert receipts(session, actor)[-3:] == ["identity.disconnect", "member.groups", "member.left-staff"]


def test_of_two_accounts_at_one_provider_the_other_stands_for_what_it_said(session: Session, desk: Desk) -> None:
    actor = customer(session)
    desk.connect(actor, "marta-at-work", groups=("employees",))
    desk.connect(actor, "marta-again", groups=("employees",))
    ended = identities.disconnect(session, actor, identity_id=held(session, actor)[0].id, staff_domains=())
    assert (ended, actor_of(session, actor.member_id).is_staff) == (False, True)


def test_an_address_of_the_company_proves_the_same_afterwards(session: Session, desk: Desk) -> None:
    member = accounts.register(session, handle="anna", mail="anna@company.example", password=PASSWORD)
    session.flush()
    actor = actor_of(session, member.id)
    desk.connect(actor, "anna", groups=("employees",))
    identities.disconnect(session, actor, identity_id=held(session, actor)[0].id, staff_domains=OURS)
    assert actor_of(session, actor.member_id).is_staff
    proof = select(Affiliation.proof).where(Affiliation.member_id == member.id, Affiliation.until.is_(None))
    assert session.scalar(proof) == "mail domain company.example"


# Time


def test_what_a_provider_does_not_say_again_ends_in_time(fresh_database: Database) -> None:
    with fresh_database.transaction() as session:
        desk = Desk(session)
        gone, here, by_hand = desk.opened("gone", groups=("key", "employees")), desk.opened("here", groups=("employees",)), make.staff(session)  # fmt: skip
        boss = desk.boss

    def later(days: int) -> Any:
        return clock.at(begun + timedelta(days=days))

    def staff(*actors: Actor) -> list[bool]:
        with fresh_database.transaction() as session:
            return [actor_of(session, actor.member_id).is_staff for actor in actors]

    begun = clock.now()
    with later(44), fresh_database.reading() as connection:
        assert claims.old_claims(connection, boss) == ()
    with later(80):
        with fresh_database.transaction() as session:
            found = session.get_one(Identity, held(session, here)[0].id)
            found.last_used_at = clock.now()
        with fresh_database.reading() as connection:
            [line] = claims.old_claims(connection, boss)
            with pytest.raises(NotAllowed):
                claims.old_claims(connection, here)
        assert (line.handle, line.provider, line.is_staff, line.groups) == ("gone", "Desk", True, 1)
        assert line.ends_at is not None
        assert line.ends_at - line.renewed_at == timedelta(days=90)
        assert claims.end_the_old(fresh_database, staff_domains=()) == 0
    with later(91):
        with fresh_database.transaction() as session:
            site.change(session, boss, {"claim_days": "never"})
        assert claims.end_the_old(fresh_database, staff_domains=()) == 0
        with fresh_database.transaction() as session:
            site.change(session, boss, {"claim_days": "90"})
        assert claims.end_the_old(fresh_database, staff_domains=()) == 1
        assert claims.end_the_old(fresh_database, staff_domains=()) == 0
    assert staff(gone, here, by_hand) == [False, True, True]
    with fresh_database.transaction() as session:
        assert in_groups(session, gone) == set()
        assert len(held(session, gone)) == 1  # it still leads in, and whoever comes by it is staff again


# Accounts without an address or a password


def test_an_address_that_was_not_verified_is_kept_nowhere(session: Session, desk: Desk) -> None:
    actor = desk.opened("nora")
    assert [row.address for row in held(session, actor)] == [""]
    desk.again("nora", address_is_verified=True)
    assert [row.address for row in held(session, actor)] == ["nora@post.example"]
    desk.again("nora")
    assert [row.address for row in held(session, actor)] == [""]
    assert session.scalars(select(MailAddress)).all() == []


def just_in(session: Session, actor: Actor) -> str:
    """A session of somebody who came by the provider at this moment."""
    cookie = signing_in.sign_in(session, member_id=actor.member_id or 0)
    session.flush()
    return cookie


def test_who_came_by_a_provider_leaves_by_coming_in_once_more(session: Session, desk: Desk) -> None:
    actor = desk.opened("nora")
    with pytest.raises(Conflict, match="no confirmed address"):
        leaving.ask_for_key(session, actor)
    old = just_in(session, actor)
    with clock.at(clock.now() + timedelta(minutes=11)):
        desk.again("nora")
        fresh = just_in(session, actor)
        for token in (None, "", "x", old):  # the owner coming in elsewhere proves nothing of a session from before
            with pytest.raises(Invalid):
                leaving.deactivate(session, actor, token=token)
            with pytest.raises(Invalid):
                leaving.delete(session, actor, handle="nora", token=token)
        leaving.delete(session, actor, handle="nora", token=fresh)
        session.flush()
        assert session.get_one(Member, actor.member_id).deleted_at is not None


def test_a_session_that_is_new_alone_proves_nothing(session: Session, desk: Desk) -> None:
    actor = desk.opened("nora")
    with clock.at(clock.now() + timedelta(minutes=11)):
        with pytest.raises(Invalid):
            leaving.deactivate(session, actor, token=just_in(session, actor))
        desk.again("nora")
        leaving.deactivate(session, actor, token=just_in(session, actor))
        assert session.get_one(Member, actor.member_id).deactivated_at is not None


def test_who_has_a_password_is_asked_for_it_however_they_came(session: Session, desk: Desk) -> None:
    actor = customer(session)
    desk.connect(actor, "marta-at-work")
    with pytest.raises(Invalid):
        leaving.deactivate(session, actor, token=just_in(session, actor))


def test_who_came_without_an_address_adds_one_and_takes_part_meanwhile(session: Session, desk: Desk) -> None:
    actor = desk.opened("nora")
    with pytest.raises(Invalid):
        addresses.change(session, actor, mail="nora@home.example")
    assert addresses.change(session, actor, mail="nora@home.example", token=just_in(session, actor))
    session.flush()
    waiting = actor_of(session, actor.member_id)
    assert (waiting.unverified, waiting.can("thread:ask")) == (False, True)
    joining.own(session, member_id=actor.member_id or 0, address="nora@home.example")
    leaving.ask_for_key(session, actor)


def test_an_account_elsewhere_keeps_an_account_whose_address_waits(fresh_database: Database) -> None:
    with fresh_database.transaction() as session:
        actor = Desk(session).opened("nora")
        addresses.change(session, actor, mail="nora@home.example", token=just_in(session, actor))
    with clock.at(clock.now() + leaving.UNCONFIRMED + timedelta(hours=1)):
        assert leaving.delete_the_long_gone(fresh_database) == 0
