"""What a decision about a person needs to know, and what it does: suspending, silencing, and ending either."""

import re
from collections.abc import Callable

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from forum.kernel.db import locked
from forum.kernel.errors import NotFound
from forum.members import sanctions
from forum.members.tables import Member
from forum.threads.tables import Post, Thread
from forum.visibility import DecisionId

LONGEST_DAYS = 36_500
"""A hundred years: for good, and still a date."""
STARTING = frozenset({"suspend", "silence"})
ENDING = {"unsuspend": "suspend", "unsilence": "silence"}

Doing = Callable[[Session, int, int, DecisionId], bool]
DOINGS: dict[str, Doing] = {
    "suspend": lambda session, member_id, days, decision: sanctions.suspend(
        session, member_id=member_id, days=days, decision=decision
    ),
    "silence": lambda session, member_id, days, decision: sanctions.silence(
        session, member_id=member_id, days=days, decision=decision
    ),
    "unsuspend": lambda session, member_id, _, decision: sanctions.end_suspension(
        session, member_id=member_id, decision=decision
    ),
    "unsilence": lambda session, member_id, _, decision: sanctions.end_silence(
        session, member_id=member_id, decision=decision
    ),
}


def held_person(session: Session, member_id: int) -> Member:
    """The person, their row locked: two who decide at once do so one after the other.

    Raises:
        NotFound: there is none, or no longer.
    """
    member = locked(session, Member, member_id)
    if member.deleted_at is not None:
        raise NotFound()
    return member


_CRITICAL = (
    select(Post.id)
    .join(Thread, Thread.id == Post.thread_id)
    .where(Post.author_id == bindparam("member_id"), Post.deleted_at.is_(None), Thread.is_critical)
    .limit(1)
)


def is_critic(session: Session, member: Member) -> bool:
    """Whether somebody spoke in a thread that is marked critical of the company."""
    return session.scalar(_CRITICAL, {"member_id": member.id}) is not None


_LENGTH = re.compile(r" \(\d+ d\)\Z")


def with_length(text: str, days: int) -> str:
    """The words of the entry, which the commitment covers, say for how long."""
    return f"{text.strip()} ({days} d)"


def without_length(text: str) -> str:
    """The words alone, for a page that says until when in the reader's language."""
    return _LENGTH.sub("", text)


def take_effect(session: Session, action: str, member: Member, days: int, decision: DecisionId) -> bool:
    """Do what was decided; returns whether that changed anything."""
    return DOINGS[action](session, member.id, days, decision)
