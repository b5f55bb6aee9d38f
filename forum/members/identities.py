"""The accounts elsewhere that a member signs in with: which there are, and how one is given up.

The ways into an account are counted here, so that nobody gives up the last. A further kind (a passkey, say) adds its line.
"""

from __future__ import annotations

from datetime import datetime

import msgspec
from sqlalchemy import BigInteger, Connection, bindparam, func, select
from sqlalchemy.orm import Session

from forum.kernel.access import Actor, require
from forum.kernel.db import locked
from forum.kernel.errors import N_, Conflict, NotFound
from forum.members import audit
from forum.members.policies import may_sign_in_settings
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


def disconnect(session: Session, actor: Actor, *, identity_id: int) -> None:
    """Give one up. What the provider said of groups and of the company stays until an administrator looks, or the next sign-in.

    Raises:
        NotAllowed: nobody is signed in.
        NotFound: there is none with this id, or it is somebody else's.
        Conflict: it is the last way into the account.
    """
    require(may_sign_in_settings(actor))
    member = locked(session, Member, actor.member_id or 0)
    identity = session.get(Identity, identity_id)
    if identity is None or identity.member_id != member.id:
        raise NotFound()
    if ways_in(session, member.id, but=identity.id) == 0:
        raise Conflict(N_("This is the only way into your account. Set a password first, or connect another."))
    session.delete(identity)
    audit.record(session, actor, "identity.disconnect", f"member:{member.id}", provider=identity.provider_id)


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
