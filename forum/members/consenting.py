"""What the company may receive of a member, purpose by purpose. Every word is appended, the newest of a purpose counts; none is no."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import msgspec
from sqlalchemy import BigInteger, ColumnElement, Connection, and_, bindparam, func, literal, select
from sqlalchemy.orm import Session
from sqlalchemy.sql import Select

from forum.events import ConsentChanged
from forum.kernel import outbox
from forum.kernel.access import Actor, require
from forum.kernel.clock import now
from forum.kernel.db import locked
from forum.kernel.errors import N_, NotFound, Text
from forum.members.policies import may_sign_in_settings
from forum.members.tables import Consent, Member


@dataclass(frozen=True, slots=True)
class Purpose:
    """Something that leaves with a name on it if the member says so. `name` and `says` are its words for people."""

    code: str
    name: Text
    says: Text


CASES: Final = "cases"
IDEAS: Final = "ideas"
PURPOSES: Final = {
    purpose.code: purpose
    for purpose in (
        Purpose(
            CASES,
            Text(N_("My name on resolved questions")),
            Text(
                N_(
                    "When a question of yours is solved, or your answer solved one, the company’s systems get it as a case. With your name, the company knows whom it helped and who helped."
                )
            ),
        ),
        Purpose(
            IDEAS,
            Text(N_("My name on ideas")),
            Text(
                N_(
                    "Ideas are told to the company’s systems, so that nothing is forgotten. With your name, whoever plans knows whose idea it was."
                )
            ),
        ),
    )
}
"""What there is to consent to: exactly what the product tells to others with a name on it. See docs/crm.md."""

_C = Consent.__table__.c


class ConsentLine(msgspec.Struct, frozen=True, kw_only=True):
    """A purpose as a member sees it: whether they consent, and since when; never asked is None."""

    purpose: str
    is_given: bool
    at: datetime | None


_NEWEST: Select[Any] = select(_C.purpose, _C.is_given, _C.at).where(
    _C.id.in_(
        select(func.max(_C.id)).where(_C.member_id == bindparam("member_id", type_=BigInteger)).group_by(_C.purpose)
    )
)


def consents(connection: Connection, actor: Actor) -> tuple[ConsentLine, ...]:
    """One's own word on each purpose.

    Raises:
        NotAllowed: nobody is signed in.
    """
    require(may_sign_in_settings(actor))
    said = {row.purpose: row for row in connection.execute(_NEWEST, {"member_id": actor.member_id})}
    return tuple(
        ConsentLine(
            purpose=code,
            is_given=code in said and said[code].is_given,
            at=said[code].at if code in said else None,
        )
        for code in PURPOSES
    )


def decide(session: Session, actor: Actor, *, purpose: str, is_given: bool) -> bool:
    """Give or withdraw consent; what was told already is told anew without the name. Returns whether that changed anything.

    Raises:
        NotAllowed: nobody is signed in.
        NotFound: there is no such purpose.
    """
    require(may_sign_in_settings(actor))
    if purpose not in PURPOSES:
        raise NotFound()
    member = locked(session, Member, actor.member_id or 0)
    before = session.scalar(
        select(Consent.is_given)
        .where(Consent.member_id == member.id, Consent.purpose == purpose)
        .order_by(Consent.id.desc())
        .limit(1)
    )
    if bool(before) == is_given:
        return False
    session.add(Consent(member_id=member.id, purpose=purpose, is_given=is_given, at=now()))
    outbox.record(session, ConsentChanged(member_id=member.id, purpose=purpose))
    return True


def is_given_by(member: Any, purpose: str) -> ColumnElement[bool]:
    """The condition that a member (the columns of a `member` table in a select) consents and is still here."""
    newest = (
        select(_C.is_given)
        .where(_C.member_id == member.id, _C.purpose == literal(purpose))
        .order_by(_C.id.desc())
        .limit(1)
        .correlate(member.id.table)
        .scalar_subquery()
    )
    return and_(member.deleted_at.is_(None), func.coalesce(newest, literal(False)))
