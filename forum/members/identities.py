"""The accounts elsewhere that a member signs in with: which there are, and how one is given up.

The ways into an account are counted here, so that nobody gives up the last. A further kind (a passkey, say) adds its line.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec
from sqlalchemy import BigInteger, Connection, bindparam, func, select
from sqlalchemy.orm import Session

from forum.kernel.access import Actor, require
from forum.kernel.db import locked
from forum.kernel.errors import N_, Conflict, NotFound
from forum.members import audit, belonging, grouping, signing_in
from forum.members.policies import may_administer, may_sign_in_settings
from forum.members.tables import Credential, Identity, IdentityProvider, Member

_I, _P = Identity.__table__.c, IdentityProvider.__table__.c


class IdentityLine(msgspec.Struct, frozen=True, kw_only=True):
    """An account elsewhere. `address` is what the provider said last, and may be ""."""

    id: int
    provider: str
    name: str
    issuer: str
    subject: str
    address: str
    is_enabled: bool
    linked_at: datetime
    last_used_at: datetime | None


_LIST = (
    select(
        _I.id, _P.slug.label("provider"), _P.name, _I.issuer, _I.subject, _I.address, _P.is_enabled,
        _I.linked_at, _I.last_used_at,
    )
    .join(IdentityProvider.__table__, _P.id == _I.provider_id)
    .where(_I.member_id == bindparam("member_id", type_=BigInteger))
    .order_by(_I.id)
)  # fmt: skip


def identity_list(connection: Connection, actor: Actor) -> list[IdentityLine]:
    """One's own, the oldest first.

    Raises:
        NotAllowed: nobody is signed in.
    """
    require(may_sign_in_settings(actor))
    return [IdentityLine(**row._mapping) for row in connection.execute(_LIST, {"member_id": actor.member_id})]


def identities_of(connection: Connection, actor: Actor, *, member_id: int) -> list[IdentityLine]:
    """Somebody's, for those who may take one from them, the oldest first.

    Raises:
        NotAllowed: only administrators see them.
    """
    require(may_administer(actor))
    return [IdentityLine(**row._mapping) for row in connection.execute(_LIST, {"member_id": member_id})]


def disconnect(session: Session, actor: Actor, *, identity_id: int, staff_domains: Sequence[str]) -> bool:
    """Give one up, and with it what its provider alone said of groups and of the company. True where every session ended with that.

    Raises:
        NotAllowed: nobody is signed in.
        NotFound: there is none with this id, or it is somebody else's.
        Conflict: it is the last way into the account.
    """
    require(may_sign_in_settings(actor))
    member = locked(session, Member, actor.member_id or 0)
    identity = _held(session, member.id, identity_id)
    if ways_in(session, member.id, but=identity.id) == 0:
        raise Conflict(N_("This is the only way into your account. Set a password first, or connect another."))
    return _cut(session, actor, identity, staff_domains)


def disconnect_for(
    session: Session, actor: Actor, *, member_id: int, identity_id: int, staff_domains: Sequence[str]
) -> None:
    """Take a way into their account from somebody, were it the last. They are signed out everywhere: who came in by it stays no longer.

    Raises:
        NotAllowed: only administrators may.
        NotFound: there is no such member, or none with this id is theirs.
    """
    require(may_administer(actor))
    member = locked(session, Member, member_id)
    identity = _held(session, member.id, identity_id)
    signing_in.end_all(session, member_id=member.id)
    _cut(session, actor, identity, staff_domains)


def drop_all(session: Session, actor: Actor, *, member_id: int) -> None:
    """Give up every one of a member's, whoever connected it. Ask `belonging.settle` afterwards: an address may prove something."""
    for identity in session.scalars(
        select(Identity).where(Identity.member_id == member_id).order_by(Identity.id)
    ).all():
        _drop(session, actor, identity)


def _held(session: Session, member_id: int, identity_id: int) -> Identity:
    identity = session.get(Identity, identity_id)
    if identity is None or identity.member_id != member_id:
        raise NotFound()
    return identity


def _cut(session: Session, actor: Actor, identity: Identity, staff_domains: Sequence[str]) -> bool:
    member_id = identity.member_id
    ended = _drop(session, actor, identity)
    return ended | belonging.settle(session, member_id, staff_domains=staff_domains).changed


def _drop(session: Session, actor: Actor, identity: Identity) -> bool:
    """One goes; what its provider proved goes with the last one there."""
    member_id, provider_id = identity.member_id, identity.provider_id
    session.delete(identity)
    session.flush()
    audit.record(session, actor, "identity.disconnect", f"member:{member_id}", provider=provider_id)
    others = select(Identity.id).where(Identity.member_id == member_id, Identity.provider_id == provider_id)
    if session.scalar(others.limit(1)) is not None:
        return False
    grouping.follow_claim(session, member_id=member_id, provider_id=provider_id, claimed=())
    return belonging.unclaimed(session, member_id, session.get_one(IdentityProvider, provider_id))


def ways_in(session: Session, member_id: int, *, but: int | None = None) -> int:
    """In how many ways a member can sign in, one of their identities left out."""
    password = select(func.count()).select_from(Credential).where(Credential.member_id == member_id)
    elsewhere = (
        select(func.count())
        .select_from(Identity)
        .join(IdentityProvider, IdentityProvider.id == Identity.provider_id)
        .where(Identity.member_id == member_id, Identity.id != (but or 0), IdentityProvider.is_enabled)
    )
    return (session.scalar(password) or 0) + (session.scalar(elsewhere) or 0)
