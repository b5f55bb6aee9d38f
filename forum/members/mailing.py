"""Mails that are to go out: written down in the transaction of what causes them, sent by `forum.members.posting`.

A row holds no words and no key. What a stranger can cause (somebody types an address that may not be theirs) is counted by that
address, so that nobody's mailbox is filled through us.
"""

import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final, cast

import msgspec
from sqlalchemy import Connection, CursorResult, case, func, select
from sqlalchemy.orm import Session

from forum.kernel.clock import now
from forum.kernel.db import database_now, insert_new
from forum.members.keys import address_key
from forum.members.tables import MailDelivery

MOST_TO_ONE: Final = 3
"""Mails of the kinds below that one address gets within `COUNTED_FOR`, whoever asks for them and however often."""
COUNTED_FOR: Final = timedelta(days=1)


class Letter(msgspec.Struct, frozen=True, kw_only=True):
    """What a mail is to say, for whoever renders it. `key` goes into the link, and is good until `until`."""

    kind: str
    locale: str
    address: str
    name: str = ""
    handle: str = ""
    key: str = ""
    until: datetime | None = None
    values: dict[str, Any] = {}


class Written(msgspec.Struct, frozen=True):
    """A mail in the words of one language. `text` is complete without `html`.

    `from_name` is whom it says it is from, "" the name in the environment; `reply_to` is whom an answer reaches, "" nobody.
    """

    subject: str
    text: str
    html: str
    from_name: str = ""
    reply_to: str = ""


MailRenderer = Callable[[Letter], Written]
"""The port that whoever starts a worker fills: below the top floor there are no words."""


def queue(
    session: Session,
    *,
    kind: str,
    cause: str,
    member_id: int | None = None,
    address: str = "",
    values: dict[str, Any] | None = None,
) -> bool:
    """Have a mail sent once for `cause`; to `address`, or else to the member's own. False where it was queued before."""
    return _write(session, kind=kind, cause=cause, member_id=member_id, address=address, values=values or {})


def queue_typed(session: Session, *, kind: str, address: str, member_id: int | None = None) -> bool:
    """Have a mail sent to an address that somebody typed. False, and nothing is sent, where it had its share for today.

    Nothing is looked up, so that the answer is the same, and takes as long, whoever has this address or nobody. Two requests
    at one moment make the same `cause`, and one mail.
    """
    target = target_of(address)
    since = now() - COUNTED_FOR
    lately = func.count(case((MailDelivery.created_at > since, 1)))
    found = select(lately, func.max(MailDelivery.id)).where(MailDelivery.target == target)
    sent, newest = session.execute(found).one()
    if sent >= MOST_TO_ONE:
        return False
    cause = f"{kind}:{target[:24]}:{newest or 0}"
    return _write(
        session, kind=kind, cause=cause, member_id=member_id, address=address.strip(), target=target, values={}
    )


def target_of(address: str) -> str:
    """What is counted instead of an address: however it is spelled, one mailbox has one."""
    return hashlib.sha256(address_key(address.strip()).encode()).hexdigest()


def _write(session: Session, *, cause: str, **fields: Any) -> bool:
    row = {"target": "", "state": "waiting", "attempt": 0, "not_before": database_now(session), "created_at": now()}
    # one statement, so that of two that come at once the second waits for the first and then does nothing
    added = cast(
        "CursorResult[Any]", session.execute(insert_new(session, MailDelivery).values(row | {"cause": cause} | fields))
    )
    session.info["outbox"] = True  # whoever commits rings the bell
    return bool(added.rowcount)


_BY_STATE = (
    select(MailDelivery.state, func.count().label("mails"))
    .where(MailDelivery.state.in_(("waiting", "running", "parked")))
    .group_by(MailDelivery.state)
)


def counts(connection: Connection) -> dict[str, int]:
    """How many mails wait, are being sent, and were given up until somebody looks."""
    found = {row.state: row.mails for row in connection.execute(_BY_STATE)}
    return {state: found.get(state, 0) for state in ("waiting", "running", "parked")}
