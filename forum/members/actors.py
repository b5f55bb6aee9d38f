"""The only place that builds an `Actor`, for pages, API, jobs, mail and command line alike."""

from dataclasses import replace
from typing import cast

from sqlalchemy import BigInteger, Connection, and_, bindparam, select
from sqlalchemy.orm import Session

from forum.kernel.access import ANONYMOUS, MEMBERS, STAFF, Actor, Role, rights_of
from forum.kernel.clock import now
from forum.members.tables import Affiliation, Member

_M, _A = Member.__table__.c, Affiliation.__table__.c
_ACTOR = (
    select(
        _M.id, _M.handle, _M.name, _M.role, _M.points, _M.trust_level, _M.privileges, _M.locale,
        _M.is_bot, _M.suspended_until, _M.deleted_at, _A.team, _A.title,
    )
    .select_from(Member.__table__.outerjoin(Affiliation.__table__, and_(_A.member_id == _M.id, _A.until.is_(None))))
    .where(_M.id == bindparam("member_id", type_=BigInteger))
)  # fmt: skip

SYSTEM = Actor(
    member_id=None,
    handle="loggia",
    name="Loggia",
    role="administrator",
    rights=rights_of("administrator", is_staff=False),
    clearance=STAFF,
)
"""The house itself: the command line and jobs that act for nobody in particular."""


def actor_of(connection: Connection | Session, member_id: int | None) -> Actor:
    """Who acts, with what they may do right now. Nobody, an unknown or a deleted member is anonymous."""
    if member_id is None:
        return ANONYMOUS
    row = connection.execute(_ACTOR, {"member_id": member_id}).one_or_none()
    if row is None or row.deleted_at is not None:
        return ANONYMOUS
    is_staff = row.team is not None
    role = cast("Role", row.role)
    suspended = row.suspended_until is not None and row.suspended_until > now()
    return Actor(
        member_id=row.id,
        handle=row.handle,
        name=row.name,
        role=role,
        is_staff=is_staff,
        team=row.team or "",
        title=row.title or "",
        points=row.points,
        trust_level=row.trust_level,
        privileges=frozenset() if suspended else frozenset(row.privileges),
        rights=frozenset() if suspended else rights_of(role, is_staff=is_staff),
        clearance=STAFF if is_staff or role == "administrator" else MEMBERS,
        locale=row.locale,
        is_bot=row.is_bot,
        suspended=suspended,
    )


def with_scopes(actor: Actor, scopes: list[str]) -> Actor:
    """The actor as a token lets them act: what the token's scopes leave out, they may not."""
    kept = actor
    if "write" not in scopes:
        kept = replace(kept, privileges=frozenset(), rights=kept.rights & {"post:see-hidden"})
    if "moderate" not in scopes:
        kept = replace(kept, rights=kept.rights - {"moderate", "post:see-hidden", "thread:close"})
    if "administer" not in scopes:
        kept = replace(kept, rights=kept.rights - {"administer"})
    return kept
