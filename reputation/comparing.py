"""What the ledger says of many posts beside what it should say, in three selects: so that a rebuilding touches what differs alone."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import Session

from forum.threads.tables import Acceptance, Post, Vote
from reputation.ledger import Cause
from reputation.reactions import SUBJECT, acceptance_key, due_of_acceptance, due_of_vote, vote_key
from reputation.rules import Due
from reputation.tables import LedgerEntry

_P, _V, _A, _L = (table.__table__.c for table in (Post, Vote, Acceptance, LedgerEntry))
_POSTS = _P.id.in_(bindparam("posts", expanding=True))
_VOTES = (
    SUBJECT.add_columns(_V.member_id, _V.value, _V.by_staff, _V.at)
    .join(Vote.__table__, _V.post_id == _P.id)
    .where(_POSTS)
)
_ACCEPTANCES = (
    SUBJECT.add_columns(_A.id.label("acceptance_id"), _A.by_member_id, _A.withdrawn_at, _A.at)
    .join(Acceptance.__table__, _A.post_id == _P.id)
    .where(_POSTS)
)
_ENTERED = (
    select(_L.post_id, _L.cause, _L.member_id, _L.reason, func.count().label("times"))
    .where(_L.post_id.in_(bindparam("posts", expanding=True)), _L.reason != "imported")
    .group_by(_L.post_id, _L.cause, _L.member_id, _L.reason)
)
Entry = tuple[int, str, int, str]
"""Post, cause, member, reason."""


@dataclass(frozen=True, slots=True)
class Compared:
    """The posts of which the ledger says something else than is due; and what it has not heard of, where no cap is concerned."""

    differing: list[int]
    unheard: list[tuple[Cause, Due]]


def compared(session: Session, posts: Sequence[int]) -> Compared:
    """Look at the present votes and acceptances of these posts and at what was entered because of them."""
    owed = list(_owed(session, posts))
    wanted = {(cause.post_id, cause.key, due.member_id, due.reason) for cause, due in owed}
    entered = _entered(session, posts)
    standing = {entry for entry, times in entered.items() if times % 2}
    return Compared(
        differing=sorted({entry[0] for entry in wanted ^ standing}),
        unheard=_unheard(owed, {entry[1] for entry in entered}),
    )


def _owed(session: Session, posts: Iterable[int]) -> Iterator[tuple[Cause, Due]]:
    values = {"posts": list(posts)}
    for row in session.execute(_VOTES, values):
        cause = Cause(vote_key(row.id, row.member_id), row.id, row.at)
        yield from ((cause, due) for due in due_of_vote(row, row))
    for row in session.execute(_ACCEPTANCES, values):
        cause = Cause(acceptance_key(row.acceptance_id), row.id, row.at)
        yield from ((cause, due) for due in due_of_acceptance(row, row))


def _entered(session: Session, posts: Iterable[int]) -> Counter[Entry]:
    rows: Any = session.execute(_ENTERED, {"posts": list(posts)})
    return Counter({(row.post_id, row.cause, row.member_id, row.reason): row.times for row in rows})


def _unheard(owed: Iterable[tuple[Cause, Due]], heard: set[str]) -> list[tuple[Cause, Due]]:
    passed_over = heard | {cause.key for cause, due in owed if due.is_capped}
    return [(cause, due) for cause, due in owed if cause.key not in passed_over]
