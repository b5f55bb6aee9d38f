"""Which reply stands first: accepted, then official, then the better voted, then the newest. The one writer of `Post.rank`."""

from datetime import datetime
from math import sqrt
from typing import Protocol

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session

from forum.threads.tables import Post

Z = 1.2816
"""The quantile of the normal distribution for a one-sided bound at 90 %: cautious about few votes, yet soon convinced."""

ACCEPTED, OFFICIAL = 4.0, 2.0  # more than any bound, which is at most 1; both together stand before either
_BATCH = 1_000
_MEND = update(Post).where(Post.id == bindparam("key")).values(rank=bindparam("right"))


class HasMarks(Protocol):
    up: int
    down: int
    accepted_at: datetime | None
    official_at: datetime | None


def wilson(up: int, down: int, z: float = Z) -> float:
    """The lower bound of the Wilson score interval for the share of helpful votes, from 0 to 1; no votes give 0.

    Source: E. B. Wilson, "Probable Inference, the Law of Succession, and Statistical Inference", Journal of the American
    Statistical Association 22 (1927), 209-212.
    """
    votes = up + down
    if votes == 0:
        return 0.0
    share = up / votes
    spread = z * sqrt((share * (1 - share) + z * z / (4 * votes)) / votes)
    return max(0.0, (share + z * z / (2 * votes) - spread) / (1 + z * z / votes))


def rank(post: HasMarks) -> float:
    """The place of a reply: higher stands first; among equals the newest (the higher id) does."""
    marks = (ACCEPTED if post.accepted_at else 0.0) + (OFFICIAL if post.official_at else 0.0)
    return marks + wilson(post.up, post.down)


def rerank(post: Post) -> None:
    """Store a post's place after its votes or marks changed."""
    post.rank = rank(post)


def rebuild(session: Session) -> int:
    """Compute every stored place anew from stored votes and marks; returns how many were wrong. Run it after an import."""
    columns = select(Post.id, Post.up, Post.down, Post.accepted_at, Post.official_at, Post.rank)
    last, wrong = 0, 0
    while rows := session.execute(columns.where(Post.id > last).order_by(Post.id).limit(_BATCH)).all():
        last = rows[-1].id
        found = ((row.id, rank(row), row.rank) for row in rows)
        mended = [{"key": key, "right": right} for key, right, stored in found if right != stored]
        if mended:
            session.connection().execute(_MEND, mended)
        wrong += len(mended)
    return wrong
