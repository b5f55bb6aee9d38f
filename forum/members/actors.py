"""The only place that builds an `Actor`, for pages, API, jobs, mail and command line alike."""

from dataclasses import replace
from typing import Any, cast

from sqlalchemy import BigInteger, Connection, String, and_, bindparam, select
from sqlalchemy.orm import Session

from forum.kernel.access import ANONYMOUS, MEMBERS, STAFF, Actor, Role, rights_of
from forum.kernel.clock import now
from forum.members.signing_in import SEEN_EVERY, token_hash
from forum.members.tables import Affiliation, Member, SignIn

_M, _A, _S = Member.__table__.c, Affiliation.__table__.c, SignIn.__table__.c
_WITH_AFFILIATION = Member.__table__.outerjoin(Affiliation.__table__, and_(_A.member_id == _M.id, _A.until.is_(None)))
_COLUMNS = (
    _M.id, _M.handle, _M.name, _M.role, _M.points, _M.trust_level, _M.privileges, _M.locale,
    _M.is_bot, _M.suspended_until, _M.deleted_at, _A.team, _A.title,
)  # fmt: skip
_ACTOR = select(*_COLUMNS).select_from(_WITH_AFFILIATION).where(_M.id == bindparam("member_id", type_=BigInteger))
_SIGNED_IN = (
    select(*_COLUMNS, _S.last_seen_at, _S.expires_at)
    .select_from(SignIn.__table__.join(_WITH_AFFILIATION, _M.id == _S.member_id))
    .where(_S.token_hash == bindparam("token_hash", type_=String), _S.revoked_at.is_(None))
)

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
    return ANONYMOUS if row is None else _actor(row)


def actor_signed_in(connection: Connection, token: str) -> tuple[Actor, bool] | None:
    """The actor behind a session's token, in one select, and whether `signing_in.seen` is due.

    None for a token that is not, or no longer, good.
    """
    row = connection.execute(_SIGNED_IN, {"token_hash": token_hash(token)}).one_or_none()
    moment = now()
    if row is None or row.deleted_at is not None or row.expires_at <= moment:
        return None
    return _actor(row), moment - row.last_seen_at > SEEN_EVERY


def _actor(row: Any) -> Actor:
    if row.deleted_at is not None:
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
