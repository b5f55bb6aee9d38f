"""Mails that could not be sent and wait for a person: which they are and why, and sending them again or giving them up."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import msgspec
from sqlalchemy import BigInteger, Connection, bindparam, func, select
from sqlalchemy.orm import Session
from sqlalchemy.sql import Select

from forum.kernel import jobs
from forum.kernel.access import Actor, require
from forum.kernel.db import locked, skip_locked
from forum.kernel.errors import N_, Conflict, NotFound, Text
from forum.kernel.mailer import REFUSALS
from forum.kernel.paging import Page, decode_cursor, encode_cursor
from forum.members import audit
from forum.members.addressing import is_too_old, useful_since
from forum.members.policies import may_administer
from forum.members.tables import MailAddress, MailDelivery, Member

BATCH: Final = 500
_LAST: Final = 2**62
_D, _M, _A = MailDelivery.__table__.c, Member.__table__.c, MailAddress.__table__.c
_OWN = (
    select(_A.address)
    .where(_A.member_id == _D.member_id, _A.verified_at.is_not(None))
    .order_by(_A.verified_at.desc())
    .limit(1)
    .scalar_subquery()
)
_PARKED: Select[Any] = (
    select(
        _D.id, _D.kind, _D.attempt, _D.reason, _D.created_at, _D.settled_at, _M.handle,
        func.coalesce(func.nullif(_D.address, ""), _OWN, "").label("address"),
    )
    .outerjoin(Member.__table__, (_M.id == _D.member_id) & _M.deleted_at.is_(None))
    .where(_D.state == "parked", _D.id < bindparam("before", type_=BigInteger))
    .order_by(_D.id.desc())
    .limit(bindparam("limit"))
)  # fmt: skip
_COUNT = select(func.count()).select_from(MailDelivery.__table__).where(_D.state == "parked")


class UnsentMail(msgspec.Struct, frozen=True, kw_only=True):
    """A mail that waits for a person. `to` is masked: enough to tell mailboxes apart, too little to write to one.

    `handle` is "" where it belongs to nobody who is still there. `is_too_old`: nobody would have any use of it, so it cannot be sent again.
    """

    id: int
    kind: str
    to: str
    handle: str
    attempt: int
    reason: Text
    created_at: datetime
    parked_at: datetime
    is_too_old: bool


def unsent_list(connection: Connection, actor: Actor, *, cursor: str = "", limit: int = 20) -> Page[UnsentMail]:
    """What could not be sent, the newest first; one select.

    Raises:
        NotAllowed: only administrators see it.
        Invalid: the cursor is not one of ours.
    """
    require(may_administer(actor))
    before = decode_cursor(cursor, int)[0] if cursor else _LAST
    rows = connection.execute(_PARKED, {"before": before, "limit": limit + 1}).all()
    items = tuple(
        UnsentMail(
            id=row.id,
            kind=row.kind,
            to=masked(row.address),
            handle=row.handle or "",
            attempt=row.attempt,
            reason=reason_of(row.reason or ""),
            created_at=row.created_at,
            parked_at=row.settled_at or row.created_at,
            is_too_old=is_too_old(row.kind, row.created_at),
        )
        for row in rows[:limit]
    )
    return Page(items=items, next=encode_cursor(items[-1].id) if len(rows) > limit else None)


def unsent_count(connection: Connection, actor: Actor) -> int:
    """How many mails wait for a person; 0 for everybody who does not see them."""
    return int(connection.execute(_COUNT).scalar_one()) if may_administer(actor).allowed else 0


def send_again(session: Session, actor: Actor, *, mail_id: int) -> None:
    """Try a mail again from the start. It is the same mail with the same link, and says what is true by then.

    Raises:
        NotAllowed, NotFound.
        Conflict: it is on its way or done, or too old to be of use.
    """
    require(may_administer(actor))
    mail = _parked(session, mail_id)
    if is_too_old(mail.kind, mail.created_at):
        raise Conflict(
            N_("This mail is too old to be of use to anybody. Give it up; whoever still needs one asks anew.")
        )
    _again(session, [mail])
    audit.record(session, actor, "mail.replay", f"mail:{mail_id}", kind=mail.kind)


def send_all_again(session: Session, actor: Actor) -> int:
    """Try again all that are still of use, up to 500 in one go; returns how many. Call until it returns 0.

    Raises:
        NotAllowed: only administrators may.
    """
    require(may_administer(actor))
    found = (
        select(MailDelivery)
        .where(MailDelivery.state == "parked", useful_since(MailDelivery.kind, MailDelivery.created_at))
        .order_by(MailDelivery.id)
        .limit(BATCH)
    )
    mails = session.scalars(found.with_for_update(**skip_locked(session))).all()
    _again(session, mails)
    if mails:
        audit.record(session, actor, "mails.replay", "mail", count=len(mails))
    session.flush()
    return len(mails)


def give_up(session: Session, actor: Actor, *, mail_id: int) -> None:
    """Send a mail never. As of every mail that is done, its address is forgotten.

    Raises:
        NotAllowed, NotFound.
        Conflict: it is on its way, or done.
    """
    require(may_administer(actor))
    mail = _parked(session, mail_id)
    jobs.settle(session, mail, reason="given up")
    mail.address, mail.values = "", {}
    audit.record(session, actor, "mail.give-up", f"mail:{mail_id}", kind=mail.kind)


def _parked(session: Session, mail_id: int) -> MailDelivery:
    try:
        mail = locked(session, MailDelivery, mail_id)
    except NotFound:
        raise NotFound(Text(N_("There is no mail with the number %(number)d."), number=mail_id)) from None
    if mail.state != "parked":
        raise Conflict(N_("This mail is on its way or done; there is nothing to send again."))
    return mail


def _again(session: Session, mails: Sequence[MailDelivery]) -> None:
    for mail in mails:
        jobs.replay(session, mail)
    session.info["outbox"] = True  # whoever commits rings the bell


def masked(address: str) -> str:
    """An address with no more than the ends of what stands before its @: `m…a@post.example`; "" stays "".

    One of up to three letters shows the first alone.
    """
    local, at, domain = address.rpartition("@")
    if not at:
        return "…" if address else ""
    last = local[-1] if len(local) > 3 else ""
    return f"{local[:1]}…{last}@{domain}"


_ADDRESS: Final = re.compile(r"[^\s<>@:;,()\"']+@[^\s<>@:;,()\"']+")


def _pattern(msgid: str) -> re.Pattern[str]:
    """What a sentence looks like once its values are put in."""
    parts = re.split(r"%\((\w+)\)s", msgid)
    spelled = [re.escape(part) if number % 2 == 0 else f"(?P<{part}>.*)" for number, part in enumerate(parts)]
    return re.compile("".join(spelled), re.DOTALL)


_REASONS: Final = tuple((msgid, _pattern(msgid)) for msgid in (*REFUSALS, jobs.WORKER_LOST))


def reason_of(kept: str) -> Text:
    """Why it was not sent, as a sentence that can be translated; a fault of the program stays as it was kept.

    Mail servers like to repeat whom a mail was for: addresses in their answers are masked too.
    """
    said = _ADDRESS.sub(lambda found: masked(found[0]), kept)
    for msgid, pattern in _REASONS:
        if found := pattern.fullmatch(said):
            return Text(msgid, **found.groupdict())
    return Text(N_("A fault: %(what)s"), what=said)
