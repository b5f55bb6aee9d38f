"""That it is oneself who asks, where a session alone does not say enough: by the password, or, of who has none, by having just come in.

A session can be stolen where it lies. What gives an account away or ends it wants more, and less than a mail, which not everybody gets.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from sqlalchemy import Connection, select
from sqlalchemy.orm import Session

from forum.kernel.clock import now
from forum.kernel.errors import N_, Invalid
from forum.members import passwords
from forum.members.signing_in import token_hash
from forum.members.tables import Credential, Identity, SignIn

FRESH: Final = timedelta(minutes=10)
"""How long a sign-in at a provider stands for a password."""


def has_password(connection: Connection | Session, member_id: int) -> bool:
    """Whether a member can be asked for one."""
    held = select(Credential.member_id).where(Credential.member_id == member_id)
    return connection.execute(held).one_or_none() is not None


def came_just_now(connection: Connection | Session, member_id: int, token: str | None) -> bool:
    """Whether this very session began just now, and with one of the member's accounts elsewhere.

    Both are asked: an owner who comes in somewhere else proves nothing of a session that was stolen before.
    """
    since = now() - FRESH
    elsewhere = select(Identity.id).where(Identity.member_id == member_id, Identity.last_used_at > since).exists()
    begun = select(SignIn.id).where(
        SignIn.token_hash == token_hash(token or ""),
        SignIn.member_id == member_id,
        SignIn.revoked_at.is_(None),
        SignIn.created_at > since,
        elsewhere,
    )
    return connection.execute(begun).one_or_none() is not None


def require_oneself(session: Session, member_id: int, *, password: str, token: str | None) -> None:
    """Go on only for the owner of an account: with its password, or, where it has none, in the session that `token` is of.

    Raises:
        Invalid: (field "password", or none where there is no password) this does not prove it.
    """
    credential = session.get(Credential, member_id)
    if credential is None:
        if not came_just_now(session, member_id, token):
            raise Invalid({"": N_("Sign in once more first, so that we know it is you.")})
    elif not passwords.matches(credential.password_hash, password):
        raise Invalid({"password": N_("That is not your present password.")})
