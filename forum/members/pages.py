"""What the settings and administration pages read: one's account, browsers and tokens; who belongs to the company."""

from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import BigInteger, Connection, bindparam, func, select
from sqlalchemy.sql import Select

from forum.kernel.access import Actor, require
from forum.kernel.clock import now
from forum.kernel.db import UtcTime
from forum.members.policies import may_sign_in_settings
from forum.members.signing_in import token_hash
from forum.members.tables import Affiliation, ApiToken, Credential, MailAddress, Member, SignIn

_M, _S, _K, _E, _B, _W = (
    table.__table__.c for table in (Member, SignIn, ApiToken, MailAddress, Affiliation, Credential)
)


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """A member as they see themselves in the settings."""

    id: int
    handle: str
    name: str
    bio: str
    locale: str
    mail: str
    avatar: str
    is_staff: bool
    time_zone: str
    is_unlisted: bool
    hides_activity: bool


class SignInLine(msgspec.Struct, frozen=True, kw_only=True):
    """A browser that is signed in."""

    id: int
    user_agent: str
    created_at: datetime
    last_seen_at: datetime
    is_this: bool


class TokenLine(msgspec.Struct, frozen=True, kw_only=True):
    """A key that one gave to a program. The key itself is nowhere."""

    id: int
    name: str
    scopes: list[str]
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None


class CompanyLine(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who answers for the company."""

    handle: str
    name: str
    team: str
    title: str
    avatar: str
    since: datetime


_ACCOUNT: Select[Any] = (
    select(
        _M.id, _M.handle, _M.name, _M.bio, _M.locale, func.coalesce(_E.address, "").label("mail"), _M.avatar, _M.time_zone, _M.is_unlisted,
        _M.hides_activity,
    )
    .outerjoin(MailAddress.__table__, _E.member_id == _M.id)
    .where(_M.id == bindparam("member_id", type_=BigInteger))
    .order_by(_E.verified_at.is_(None), _E.id)
    .limit(1)
)  # fmt: skip
_ADDRESSES: Select[Any] = (
    select(_E.address, _E.verified_at.is_not(None).label("own"))
    .where(_E.member_id == bindparam("member_id", type_=BigInteger))
    .order_by(_E.id.desc())
)
_PASSWORD: Select[Any] = select(_W.member_id).where(_W.member_id == bindparam("member_id", type_=BigInteger))
_SIGN_INS: Select[Any] = (
    select(_S.id, _S.user_agent, _S.created_at, _S.last_seen_at, _S.token_hash)
    .where(
        _S.member_id == bindparam("member_id", type_=BigInteger),
        _S.revoked_at.is_(None),
        _S.expires_at > bindparam("now", type_=UtcTime),
    )
    .order_by(_S.last_seen_at.desc(), _S.id.desc())
    .limit(100)
)
_TOKENS: Select[Any] = (
    select(_K.id, _K.name, _K.scopes, _K.created_at, _K.expires_at, _K.last_used_at)
    .where(_K.member_id == bindparam("member_id", type_=BigInteger), _K.revoked_at.is_(None))
    .order_by(_K.id.desc())
)
_COMPANY: Select[Any] = (
    select(_M.handle, _M.name, _B.team, _B.title, _M.avatar, _B.since)
    .join(Affiliation.__table__, _B.member_id == _M.id)
    .where(_B.until.is_(None), _B.kind == "staff", _M.deleted_at.is_(None))
    .order_by(_B.team, _B.since, _M.id)
    .limit(200)
)


def account_page(connection: Connection, actor: Actor) -> Account:
    """One's own account.

    Raises:
        NotAllowed: nobody is signed in.
    """
    require(may_sign_in_settings(actor))
    row = connection.execute(_ACCOUNT, {"member_id": actor.member_id}).one()
    return Account(**row._mapping, is_staff=actor.is_staff)


class Addresses(msgspec.Struct, frozen=True):
    """The address that one has, and the one that waits to be confirmed; "" where there is none. Whether there is a password."""

    own: str
    waiting: str
    has_password: bool


def address_page(connection: Connection, actor: Actor) -> Addresses:
    """One's addresses.

    Raises:
        NotAllowed: nobody is signed in.
    """
    require(may_sign_in_settings(actor))
    rows = connection.execute(_ADDRESSES, {"member_id": actor.member_id}).all()
    own, waiting = (next((row.address for row in rows if bool(row.own) is wanted), "") for wanted in (True, False))
    has_password = connection.execute(_PASSWORD, {"member_id": actor.member_id}).first() is not None
    return Addresses(own, waiting, has_password)


def sign_in_list(connection: Connection, actor: Actor, *, token: str | None) -> tuple[SignInLine, ...]:
    """Where one is signed in, the latest use first; `token` tells which of them is this browser.

    Raises:
        NotAllowed: nobody is signed in.
    """
    require(may_sign_in_settings(actor))
    mine = token_hash(token) if token is not None else ""
    rows = connection.execute(_SIGN_INS, {"member_id": actor.member_id, "now": now()})
    return tuple(
        SignInLine(
            id=row.id,
            user_agent=row.user_agent,
            created_at=row.created_at,
            last_seen_at=row.last_seen_at,
            is_this=row.token_hash == mine,
        )
        for row in rows
    )


def token_list(connection: Connection, actor: Actor) -> tuple[TokenLine, ...]:
    """One's tokens, the newest first.

    Raises:
        NotAllowed: nobody is signed in.
    """
    require(may_sign_in_settings(actor))
    return tuple(TokenLine(**row._mapping) for row in connection.execute(_TOKENS, {"member_id": actor.member_id}))


def company_list(connection: Connection) -> tuple[CompanyLine, ...]:
    """Who answers for the company, team by team."""
    return tuple(CompanyLine(**row._mapping) for row in connection.execute(_COMPANY))
