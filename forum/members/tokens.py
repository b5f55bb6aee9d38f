"""Keys for programs: shown once when made, kept as a hash, limited by scopes, revocable."""

import secrets
from datetime import timedelta

from sqlalchemy import Connection, String, bindparam, or_, select, update
from sqlalchemy.orm import Session

from forum.kernel.access import Actor, require
from forum.kernel.clock import now
from forum.kernel.db import UtcTime
from forum.kernel.errors import N_, Invalid, NotFound
from forum.members import audit
from forum.members.policies import may_sign_in_settings
from forum.members.signing_in import token_hash
from forum.members.tables import ApiToken, Member

SCOPES = ("read", "write", "moderate", "administer")
PREFIX = "loggia_"  # lets secret scanners know one when they see one

_T, _M = ApiToken.__table__.c, Member.__table__.c
_BY_TOKEN = (
    select(_T.id, _T.member_id, _T.scopes, _T.last_used_at)
    .join(Member.__table__, _M.id == _T.member_id)
    .where(
        _T.token_hash == bindparam("token_hash", type_=String),
        _T.revoked_at.is_(None),
        or_(_T.expires_at.is_(None), _T.expires_at > bindparam("now", type_=UtcTime)),
        _M.deleted_at.is_(None),
        _M.deactivated_at.is_(None),
    )
)


def create(session: Session, actor: Actor, *, name: str, scopes: list[str], days: int | None = None) -> str:
    """Make a token for this member's programs, good for so many days or until it is revoked; returns it, for the only time.

    Raises:
        NotAllowed: nobody is signed in.
        Invalid: no name, or a scope that does not exist.
    """
    require(may_sign_in_settings(actor))
    if not 1 <= len(name.strip()) <= 80:
        raise Invalid({"name": N_("Give the token a name, so that you know it later.")})
    if not scopes or not set(scopes) <= set(SCOPES):
        raise Invalid({"scopes": N_("Choose at least one of the scopes.")})
    token = PREFIX + secrets.token_urlsafe(32)
    session.add(
        ApiToken(
            member_id=actor.member_id or 0,
            name=name.strip(),
            token_hash=token_hash(token),
            scopes=sorted(set(scopes)),
            created_at=now(),
            expires_at=None if days is None else now() + timedelta(days=days),
        )
    )
    # What it is called is its owner's own note, and no administrator's business.
    audit.record(session, actor, "token.create", f"member:{actor.member_id}", scopes=sorted(set(scopes)), days=days)
    return token


def revoke(session: Session, actor: Actor, *, token_id: int) -> None:
    """End one's own token.

    Raises:
        NotFound: there is none with this id, or it is somebody else's.
    """
    done = session.execute(
        update(ApiToken)
        .where(ApiToken.id == token_id, ApiToken.member_id == actor.member_id, ApiToken.revoked_at.is_(None))
        .values(revoked_at=now())
        .returning(ApiToken.scopes)
    ).one_or_none()
    if done is None:
        raise NotFound()
    audit.record(session, actor, "token.revoke", f"member:{actor.member_id}", scopes=done.scopes)


def revoke_all(session: Session, *, member_id: int) -> None:
    """End every token of a member."""
    session.execute(
        update(ApiToken).where(ApiToken.member_id == member_id, ApiToken.revoked_at.is_(None)).values(revoked_at=now())
    )


def member_by_token(connection: Connection, token: str) -> tuple[int, list[str]] | None:
    """Whose program this is and with which scopes; None for a token that is not, or no longer, good."""
    row = connection.execute(_BY_TOKEN, {"token_hash": token_hash(token), "now": now()}).one_or_none()
    return None if row is None else (row.member_id, row.scopes)


def used(session: Session, token: str) -> None:
    """Note that a token was used; call it at most once a minute."""
    session.execute(update(ApiToken).where(ApiToken.token_hash == token_hash(token)).values(last_used_at=now()))
