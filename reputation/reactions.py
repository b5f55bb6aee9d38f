"""What reputation does on events: compare the ledger with the present votes and acceptances."""

from datetime import datetime
from typing import Any, Protocol

from sqlalchemy import Row, and_, bindparam, select
from sqlalchemy.orm import Session

from forum.events import (
    AnswerAccepted,
    AnswerWithdrawn,
    PostDeleted,
    PostHidden,
    PostRestored,
    ThreadHidden,
    ThreadRestored,
    VoteCast,
)
from forum.kernel.outbox import Reaction
from forum.members.standing import lock_members
from forum.threads.tables import Acceptance, Post, Thread, Vote
from reputation import ledger
from reputation.ledger import Cause
from reputation.rules import Due, due_for_acceptance, due_for_vote
from reputation.tables import LedgerEntry

_OPENING = Post.__table__.alias("opening")
_P, _T, _L = Post.__table__.c, Thread.__table__.c, LedgerEntry.__table__.c
SUBJECT = (
    select(
        _P.id, _P.number, _P.author_id, _P.is_company, _P.created_at, _T.kind, _T.author_id.label("asker_id"),
        _OPENING.c.is_company.label("is_company_asking"),
        (_P.hidden_at.is_(None) & _P.deleted_at.is_(None) & _T.hidden_at.is_(None)).label("is_shown"),
    )
    .join(Thread.__table__, _T.id == _P.thread_id)
    .join(_OPENING, and_(_OPENING.c.thread_id == _T.id, _OPENING.c.number == 1))
)  # fmt: skip
"""What there is to know of a post before one can say what it earned."""
_ONE_SUBJECT = SUBJECT.where(_P.id == bindparam("post_id"))


class HasVote(Protocol):
    @property
    def member_id(self) -> int: ...
    @property
    def value(self) -> int: ...
    @property
    def by_staff(self) -> bool: ...


class HasAcceptance(Protocol):
    @property
    def by_member_id(self) -> int | None: ...
    @property
    def withdrawn_at(self) -> datetime | None: ...


def settle_vote(session: Session, event: VoteCast) -> None:
    """One vote was given, changed or taken back."""
    _level_vote(session, event.post_id, event.member_id)


def settle_acceptance(session: Session, event: AnswerAccepted | AnswerWithdrawn) -> None:
    """One acceptance was opened or closed."""
    _level_acceptance(session, event.acceptance_id)


def settle_post(session: Session, event: PostHidden | PostRestored | PostDeleted) -> None:
    """A post went out of sight or came back: what it earned goes and comes with it."""
    level_post(session, event.post_id)


def settle_thread(session: Session, event: ThreadHidden | ThreadRestored) -> None:
    """A thread went out of sight or came back, with all its posts."""
    for post_id in session.scalars(select(Post.id).where(Post.thread_id == event.thread_id).order_by(Post.id)).all():
        level_post(session, post_id)


def level_post(session: Session, post_id: int) -> None:
    """Bring the ledger level with all that a post earned or lost, also with votes that are no longer there."""
    for voter_id in sorted(_voters(session, post_id)):
        _level_vote(session, post_id, voter_id)
    for key in session.scalars(
        select(Acceptance.id).where(Acceptance.post_id == post_id).order_by(Acceptance.id)
    ).all():
        _level_acceptance(session, key)


def _voters(session: Session, post_id: int) -> set[int]:
    """Whoever votes on the post now, or did according to the ledger."""
    there = session.scalars(select(Vote.member_id).where(Vote.post_id == post_id)).all()
    causes = session.scalars(
        select(_L.cause).where(_L.post_id == post_id, _L.cause.startswith(f"vote:{post_id}:")).distinct()
    )
    return {*there, *(int(cause.rpartition(":")[2]) for cause in causes)}


def _level_vote(session: Session, post_id: int, voter_id: int) -> None:
    lock_members(session, (_subject(session, post_id).author_id, voter_id))
    post = _subject(session, post_id)  # read after the lock: what was true before it may not be any more
    vote = session.get(Vote, (post_id, voter_id), populate_existing=True)
    due = [] if vote is None else due_of_vote(vote, post)
    at = vote.at if vote is not None else post.created_at
    ledger.level(session, Cause(vote_key(post_id, voter_id), post_id, at), due)


def vote_key(post_id: int, voter_id: int) -> str:
    """What entries because of a vote name as their cause."""
    return f"vote:{post_id}:{voter_id}"


def due_of_vote(vote: HasVote, post: Row[Any]) -> list[Due]:
    """What a vote on a post (a row of `SUBJECT`) brings as things stand."""
    if vote.by_staff or not _earns(post):
        return []
    return due_for_vote(value=vote.value, author_id=post.author_id, voter_id=vote.member_id, is_answer=post.number > 1)


def _earns(post: Row[Any]) -> bool:
    """Not what is out of sight, nor what the company says. A vote for an idea is a wish, not praise for whoever had it."""
    return bool(post.is_shown and not post.is_company and not (post.kind == "idea" and post.number == 1))


def _level_acceptance(session: Session, acceptance_id: int) -> None:
    post = _subject(session, session.get_one(Acceptance, acceptance_id).post_id)
    lock_members(session, (post.author_id, post.asker_id))
    acceptance = session.get_one(Acceptance, acceptance_id, populate_existing=True)
    post = _subject(session, acceptance.post_id)
    due = due_of_acceptance(acceptance, post)
    ledger.level(session, Cause(acceptance_key(acceptance_id), post.id, acceptance.at), due)


def acceptance_key(acceptance_id: int) -> str:
    """What entries because of an acceptance name as their cause."""
    return f"acceptance:{acceptance_id}"


def due_of_acceptance(acceptance: HasAcceptance, post: Row[Any]) -> list[Due]:
    """What an acceptance of a post (a row of `SUBJECT`) brings as things stand."""
    if acceptance.withdrawn_at is not None or not post.is_shown:
        return []
    due = due_for_acceptance(
        answerer_id=post.author_id, asker_id=post.asker_id, by_asker=acceptance.by_member_id == post.asker_id
    )
    # staff earn no customer reputation, neither by answering nor by accepting; the other's part still counts
    company = {post.author_id} if post.is_company else set()
    company |= {post.asker_id} if post.is_company_asking else set()
    return [each for each in due if each.member_id not in company]


def _subject(session: Session, post_id: int) -> Row[Any]:
    return session.execute(_ONE_SUBJECT, {"post_id": post_id}).one()


REACTIONS: dict[type[Any], Reaction] = {
    VoteCast: settle_vote,
    AnswerAccepted: settle_acceptance,
    AnswerWithdrawn: settle_acceptance,
    PostHidden: settle_post,
    PostRestored: settle_post,
    PostDeleted: settle_post,
    ThreadHidden: settle_thread,
    ThreadRestored: settle_thread,
}
