"""Connecting the company's systems, and what people do to a connection. Every change is written down with who made it."""

import re
import secrets as random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from crm_sync.policies import may_manage_connections
from crm_sync.sealing import CannotOpen, Secret, seal, unseal
from crm_sync.signing import new_secret, usable
from crm_sync.tables import Connection
from forum.kernel.access import Actor, require
from forum.kernel.db import database_now, locked
from forum.kernel.errors import N_, Conflict, Invalid, Text
from forum.members import audit
from forum.members.actors import SYSTEM

CONNECTORS = ("journal", "webhook")
OVERLAP = timedelta(hours=24)  # how long a replaced secret signs beside its successor
BY_HAND = N_("Held by hand.")

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,58}")


@dataclass(frozen=True, slots=True)
class Connected:
    """A new connection. `secret` is shown now and never again; None where there is none."""

    connection_id: int
    secret: str | None

    def __repr__(self) -> str:
        return f"Connected(connection_id={self.connection_id})"


def connect(
    session: Session,
    actor: Actor,
    *,
    name: str,
    connector: str,
    config: Mapping[str, Any],
    secret_key: str,
    secret: str | None = None,
    budget: int | None = None,
) -> Connected:
    """Connect a system. A webhook's secret is made here unless the company brings its own.

    Raises:
        NotAllowed: the actor does not manage connections.
        Invalid: a name, address or secret that cannot be used.
        Conflict: the name is taken.
    """
    require(may_manage_connections(actor))
    checked = _checked(name, connector, config, secret, budget)
    if session.scalar(select(Connection.id).where(Connection.name == name)) is not None:
        raise Conflict(Text(N_("There is a connection called “%(name)s” already."), name=name))
    secret = None if connector == "journal" else secret or new_secret()
    connection = _new(session, name=name, connector=connector, config=checked, budget=budget)
    if secret is not None:
        connection.secrets = seal([Secret(secret)], secret_key=secret_key, bound_to=name)
    _note(session, connection, actor, "connected")
    return Connected(connection.id, secret)


def ensure_default_connection(session: Session) -> int:
    """The journal that every installation has from the start; made if it is missing. Returns its id."""
    wanted = select(Connection.id).where(Connection.name == "journal")
    found = session.scalar(wanted)
    if found is not None:
        return found
    try:
        with session.begin_nested():
            connection = _new(session, name="journal", connector="journal", config={}, budget=None)
    except IntegrityError:  # two machines are set up at once, and the other was quicker
        return session.scalars(wanted).one()
    _note(session, connection, SYSTEM, "connected")
    return connection.id


def hold(session: Session, actor: Actor, *, connection_id: int) -> None:
    """Call no more until somebody resumes; what is to be delivered waits and is not lost.

    Raises:
        NotAllowed, NotFound.
    """
    require(may_manage_connections(actor))
    connection = locked(session, Connection, connection_id)
    if connection.state != "held":
        connection.hold(Text(BY_HAND))
        _note(session, connection, actor, "held")


def resume(session: Session, actor: Actor, *, connection_id: int) -> None:
    """Call again, at once.

    Raises:
        NotAllowed, NotFound.
    """
    require(may_manage_connections(actor))
    connection = locked(session, Connection, connection_id)
    connection.resume()
    _note(session, connection, actor, "resumed")


def rotate_secret(
    session: Session,
    actor: Actor,
    *,
    connection_id: int,
    secret_key: str,
    secret: str | None = None,
    overlap: timedelta = OVERLAP,
) -> str:
    """Give a connection a new secret, which is returned to be shown once. The old one signs beside it for `overlap`.

    Raises:
        NotAllowed, NotFound.
        Invalid: the secret is not base64 of 24 to 64 bytes.
        Conflict: the connection has no use for secrets.
    """
    require(may_manage_connections(actor))
    connection = locked(session, Connection, connection_id)
    if connection.connector == "journal":
        raise Conflict(N_("This connection has no secret."))
    if secret is not None and not usable(secret):
        raise Invalid({"secret": BAD_SECRET})
    fresh = secret or new_secret()
    until = database_now(session) + overlap
    kept = [Secret(fresh), *(Secret(old.value, until) for old in _current(connection, secret_key))]
    connection.secrets = seal(kept, secret_key=secret_key, bound_to=connection.name)
    _note(session, connection, actor, "secret-changed")
    return fresh


BAD_NAME = N_("Small letters, digits and hyphens, up to 59 of them.")
BAD_CONNECTOR = N_("Choose one of the connectors that exist.")
BAD_ADDRESS = N_("An address that begins with https:// or http://, without a user name in it.")
BAD_SECRET = N_("A secret is base64 of 24 to 64 random bytes, with or without whsec_ before it.")
BAD_BUDGET = N_("At least one call a minute, or nothing for no limit.")


def _checked(
    name: str, connector: str, config: Mapping[str, Any], secret: str | None, budget: int | None
) -> dict[str, Any]:
    wrong: dict[str, Text | str] = {}
    if not _NAME.fullmatch(name):
        wrong["name"] = BAD_NAME
    if connector not in CONNECTORS:
        wrong["connector"] = BAD_CONNECTOR
    if connector == "webhook" and not _is_address(config.get("url")):
        wrong["url"] = BAD_ADDRESS
    if secret is not None and not usable(secret):
        wrong["secret"] = BAD_SECRET
    if budget is not None and budget < 1:
        wrong["budget"] = BAD_BUDGET
    if wrong:
        raise Invalid(wrong)
    return {"url": str(config["url"]).strip()} if connector == "webhook" else {}


def _is_address(url: object) -> bool:
    try:
        parts = urlsplit(str(url).strip())
        return parts.scheme in ("http", "https") and bool(parts.hostname) and not parts.username and parts.port != 0
    except ValueError:
        return False


def _new(session: Session, *, name: str, connector: str, config: dict[str, Any], budget: int | None) -> Connection:
    connection = Connection(
        name=name,
        connector=connector,
        installation=_installation(session),
        config=config,
        budget=budget,
        created_at=database_now(session),
    )
    session.add(connection)
    session.flush()
    return connection


def _installation(session: Session) -> str:
    """Our name in the keys: drawn once, kept by every connection, so that two installations on one CRM never collide."""
    return (
        session.scalar(select(Connection.installation).order_by(Connection.id).limit(1))
        or f"loggia-{random.token_hex(4)}"
    )


def _current(connection: Connection, secret_key: str) -> list[Secret]:
    try:
        return [
            kept
            for kept in unseal(connection.secrets, secret_key=secret_key, bound_to=connection.name)
            if kept.until is None
        ]
    except CannotOpen:
        return []  # sealed under another installation key: nothing of it can sign any more


def _note(session: Session, connection: Connection, actor: Actor, what: str) -> None:
    audit.record(session, actor, f"connection:{what}", f"crm_connection:{connection.id}", name=connection.name)
