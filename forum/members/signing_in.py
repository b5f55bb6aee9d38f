"""Signing in and out. A token is made new at every change of privilege and kept only as its hash."""

import hashlib
import secrets
from datetime import timedelta

from sqlalchemy import Connection, select, update
from sqlalchemy.orm import Session

from forum.events import MemberChanged
from forum.kernel import outbox
from forum.kernel.access import Actor
from forum.kernel.clock import now
from forum.kernel.errors import N_, Invalid, NotFound
from forum.members import passwords
from forum.members.keys import address_key, handle_key
from forum.members.tables import Credential, MailAddress, Member, SignIn

LIFE = timedelta(days=30)
SEEN_EVERY = timedelta(minutes=1)  # a page view is no reason to write

_M = Member.__table__.c


def token_hash(token: str) -> str:
    """What is kept of a token: its SHA-256, as 64 hex digits."""
    return hashlib.sha256(token.encode()).hexdigest()


def member_by_password(connection: Connection, *, login: str, password: str) -> int:
    """Whose handle or mail address and password these are. Missing account and wrong password answer alike, in the same time.

    Raises:
        Invalid: no such pair.
    """
    found = connection.execute(
        select(_M.id, Credential.password_hash)
        .join(Credential.__table__, Credential.member_id == _M.id)
        .where(_M.deleted_at.is_(None), _M.id == _member_named(login))
    ).one_or_none()
    if not passwords.matches(found.password_hash if found else None, password) or found is None:
        raise Invalid({"": N_("That name and password do not belong together.")})
    return int(found.id)


def login_key(login: str) -> str:
    """What somebody typed as their name or address, folded as accounts are: however it is spelled, one account has one key."""
    login = login.strip()[:254]
    return address_key(login) if "@" in login else handle_key(login)


def _member_named(login: str) -> object:
    key = login_key(login)
    if "@" in key:
        mine = (MailAddress.address_key == key, MailAddress.verified_at.is_not(None))  # else it may be many people's
        return select(MailAddress.member_id).where(*mine).scalar_subquery()
    return select(_M.id).where(_M.handle_key == key).scalar_subquery()


def sign_in(session: Session, *, member_id: int, user_agent: str = "") -> str:
    """Open a session for a browser; returns the token for its cookie, which is not kept.

    Who had deactivated their account is back with it.
    """
    token, moment = secrets.token_urlsafe(32), now()
    come_back(session, member_id=member_id)
    session.add(
        SignIn(
            member_id=member_id,
            token_hash=token_hash(token),
            user_agent=user_agent[:200],
            created_at=moment,
            last_seen_at=moment,
            expires_at=moment + LIFE,
        )
    )
    return token


def come_back(session: Session, *, member_id: int) -> bool:
    """Open a deactivated account again; returns whether it was one."""
    back = session.execute(
        update(Member)
        .where(Member.id == member_id, Member.deactivated_at.is_not(None), Member.deleted_at.is_(None))
        .values(deactivated_at=None)
        .returning(Member.id)
    ).one_or_none()
    if back is not None:
        outbox.record(session, MemberChanged(member_id=member_id))
    return back is not None


def seen(session: Session, token: str) -> None:
    """Note that this browser was here, and prolong its session."""
    moment = now()
    session.execute(
        update(SignIn)
        .where(SignIn.token_hash == token_hash(token), SignIn.revoked_at.is_(None))
        .values(last_seen_at=moment, expires_at=moment + LIFE)
    )


def sign_out(session: Session, token: str) -> None:
    """End the session of this browser."""
    session.execute(update(SignIn).where(SignIn.token_hash == token_hash(token)).values(revoked_at=now()))


def end(session: Session, actor: Actor, *, sign_in_id: int) -> None:
    """End one of one's own sessions, in another browser.

    Raises:
        NotFound: there is none with this id, or it is somebody else's.
    """
    done = session.execute(
        update(SignIn)
        .where(SignIn.id == sign_in_id, SignIn.member_id == actor.member_id, SignIn.revoked_at.is_(None))
        .values(revoked_at=now())
        .returning(SignIn.id)
    ).one_or_none()
    if done is None:
        raise NotFound()


def sign_out_everywhere(session: Session, actor: Actor) -> None:
    """End every session of this member, this one too."""
    end_all(session, member_id=actor.member_id or 0)


def end_all(session: Session, *, member_id: int) -> None:
    """End every session of a member: their password changed, or they were deactivated."""
    session.execute(
        update(SignIn).where(SignIn.member_id == member_id, SignIn.revoked_at.is_(None)).values(revoked_at=now())
    )
