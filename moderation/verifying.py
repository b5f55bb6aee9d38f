"""Checking the public log: is the chain whole, and does each text fit its commitment?"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, select

from moderation import chain
from moderation.tables import Decision, DecisionHead, DecisionText

_D, _X = Decision.__table__.c, DecisionText.__table__.c


@dataclass(frozen=True, slots=True)
class Finding:
    """What the check says of one entry: "sound", "redacted", or what is wrong with it."""

    number: int
    state: str
    hash: str

    @property
    def is_sound(self) -> bool:
        return self.state in ("sound", "redacted")


def verify(connection: Connection) -> Iterator[Finding]:
    """Go through the log from its first entry to its head. A redacted entry must be named by a later redaction."""
    redactions = _redacted_numbers(connection)
    previous, number = chain.GENESIS, 0
    for row in connection.execute(_all()).yield_per(500):
        yield Finding(row.number, _state(row, number + 1, previous, redactions), row.hash.hex())
        previous, number = row.hash, row.number  # go on from what is there, so that one gap is told once
    head = connection.execute(select(DecisionHead.number, DecisionHead.hash)).one()
    if (head.number, head.hash) != (number, previous):
        yield Finding(head.number, "the head does not fit the last entry", head.hash.hex())


def _all() -> Any:
    return (
        select(*_D, _X.salt, _X.text, _X.target_id)
        .outerjoin(DecisionText.__table__, _X.decision_id == _D.id)
        .order_by(_D.number)
    )


def _redacted_numbers(connection: Connection) -> set[int]:
    redactions = select(_X.target_id).join(Decision.__table__, _D.id == _X.decision_id).where(_D.action == "redact")
    return set(connection.execute(redactions).scalars())


def _state(row: Row[Any], number: int, previous: bytes, redactions: set[int]) -> str:
    if row.number != number:
        return f"number {number} is missing"
    if row.previous != previous:
        return "it does not follow the entry before it"
    if chain.entry_hash(_public(row)) != row.hash:
        return "its hash does not fit what it says"
    if row.salt is None:
        return "redacted" if row.number in redactions else "its text is gone without a redaction"
    fits = chain.commitment(salt=row.salt, text=row.text, target_kind=row.target_kind, target_id=row.target_id)
    return "sound" if fits == row.commitment else "its text is not the one that was committed to"


def _public(row: Row[Any]) -> chain.Entry:
    return chain.Entry(
        number=row.number,
        previous=row.previous,
        at=row.at,
        action=row.action,
        rule=row.rule,
        reason_code=row.reason_code,
        role=row.role,
        automated=row.automated,
        target_kind=row.target_kind,
        commitment=row.commitment,
    )
