"""Telling the people whom a fact concerns. Who may see it is asked again when it is shown or sent."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import delete, literal, select
from sqlalchemy.orm import Session
from sqlalchemy.sql.expression import ColumnElement

from forum.events import (
    AnswerAccepted,
    DetailsAsked,
    IdeaStatusChanged,
    MemberDeleted,
    MemberSanctioned,
    OfficialMarked,
    PostAdded,
    PostHidden,
    PostRestored,
    ThreadClosed,
    ThreadHidden,
    ThreadRestored,
)
from forum.ideas.tables import IdeaStatusChange
from forum.kernel.clock import now
from forum.kernel.db import Json, UtcTime, insert_new, to_micros
from forum.kernel.outbox import Reaction
from forum.notifications.tables import Notification
from forum.threads.tables import Acceptance, OfficialMark, Post, Subscription, Thread, Vote


def told_of_reply(session: Session, event: PostAdded) -> None:
    """Everybody who follows the thread, but the one who replied."""
    post = session.get_one(Post, event.post_id)
    _tell_followers(session, "reply", f"post:{post.id}", thread_id=post.thread_id, post_id=post.id, by=post.author_id)


def told_of_acceptance(session: Session, event: AnswerAccepted) -> None:
    """The one whose answer it was, and those who waited for one."""
    acceptance = session.get_one(Acceptance, event.acceptance_id)
    if acceptance.withdrawn_at is not None:
        return
    post, cause = session.get_one(Post, acceptance.post_id), f"acceptance:{acceptance.id}"
    if post.author_id != acceptance.by_member_id:
        _tell(session, [post.author_id], "accepted", cause, post=post, by=acceptance.by_member_id)
    _tell_followers(session, "solved", cause, thread_id=post.thread_id, post_id=post.id, by=acceptance.by_member_id)


def told_of_official(session: Session, event: OfficialMarked) -> None:
    """Everybody who follows the thread."""
    mark = session.scalar(
        select(OfficialMark)
        .where(OfficialMark.thread_id == event.thread_id, OfficialMark.post_id == event.post_id)
        .order_by(OfficialMark.id.desc())
        .limit(1)
    )
    if mark is not None and mark.withdrawn_at is None:
        _tell_followers(
            session,
            "official",
            f"official:{mark.id}",
            thread_id=mark.thread_id,
            post_id=mark.post_id,
            by=mark.by_member_id,
        )


def told_of_status(session: Session, event: IdeaStatusChanged) -> None:
    """Followers and supporters of an idea, once each."""
    change = session.get_one(IdeaStatusChange, event.change_id)
    cause = f"idea-status:{change.id}"
    _tell_followers(
        session,
        "idea-status",
        cause,
        thread_id=change.thread_id,
        post_id=None,
        by=change.by_member_id,
        status=change.after,
    )
    opening = session.scalars(select(Post).where(Post.thread_id == change.thread_id, Post.number == 1)).one()
    supporters = session.scalars(
        select(Vote.member_id).where(Vote.post_id == opening.id, Vote.value > 0, Vote.member_id != change.by_member_id)
    )
    _tell(session, supporters, "idea-status", cause, post=opening, by=change.by_member_id, status=change.after)


def told_of_removal(session: Session, event: PostHidden | PostRestored) -> None:
    """The author: their words went out of sight, or came back."""
    post = session.get_one(Post, event.post_id)
    _tell_of_sight(session, f"{post.id}", post, hidden_by=post.hidden_by, is_gone=isinstance(event, PostHidden))


def told_of_thread_removal(session: Session, event: ThreadHidden | ThreadRestored) -> None:
    """Whoever opened the thread, unless the same decision concerned their post and told them of that."""
    thread = session.get_one(Thread, event.thread_id)
    opening = session.scalars(select(Post).where(Post.thread_id == thread.id, Post.number == 1)).one()
    if thread.hidden_by is None or thread.hidden_by != opening.hidden_by:
        is_gone = isinstance(event, ThreadHidden)
        _tell_of_sight(session, f"t{thread.id}", opening, hidden_by=thread.hidden_by, is_gone=is_gone)


def _tell_of_sight(session: Session, subject: str, post: Post, *, hidden_by: int | None, is_gone: bool) -> None:
    """Told is what is true now. That something came back is told once for each time that its going was told."""
    if is_gone != (hidden_by is not None):
        return
    if is_gone:
        _tell(session, [post.author_id], "hidden", f"hidden:{subject}:{hidden_by}", post=post, by=None)
        return
    gone = select(Notification.cause).where(
        Notification.member_id == post.author_id, Notification.cause.startswith(f"hidden:{subject}:")
    )
    last = session.scalar(gone.order_by(Notification.id.desc()).limit(1))
    if last is not None:
        _tell(session, [post.author_id], "restored", last.replace("hidden", "restored"), post=post, by=None)


def told_of_closing(session: Session, event: ThreadClosed) -> None:
    """Whoever opened the thread: nobody can reply any more, and why."""
    thread = session.get_one(Thread, event.thread_id)
    if thread.closed_by is None:
        return
    opening = session.scalars(select(Post).where(Post.thread_id == thread.id, Post.number == 1)).one()
    _tell(session, [thread.author_id], "closed", f"closed:{thread.id}:{thread.closed_by}", post=opening, by=None)


def told_of_details(session: Session, event: DetailsAsked) -> None:
    """Whoever asked: somebody who wants to help needs to know more. Not any longer if the asker has spoken meanwhile."""
    thread = session.get_one(Thread, event.thread_id)
    if thread.needs_info_at is None:
        return
    opening = session.scalars(select(Post).where(Post.thread_id == thread.id, Post.number == 1)).one()
    cause = f"needs-info:{thread.id}:{to_micros(thread.needs_info_at)}"
    _tell(session, [thread.author_id], "needs-info", cause, post=opening, by=event.by_member_id or None)


def told_of_sanction(session: Session, event: MemberSanctioned) -> None:
    """The person whom a decision is about; where it can be read and why is in the public log."""
    session.execute(
        insert_new(session, Notification).values(
            member_id=event.member_id,
            kind=event.action,
            cause=f"sanction:{event.decision_number}",
            values={"number": event.decision_number},
            created_at=now(),
        )
    )


def _tell(
    session: Session, member_ids: Iterable[int], kind: str, cause: str, *, post: Post, by: int | None, **values: str
) -> None:
    rows = [
        {
            "member_id": member_id,
            "kind": kind,
            "cause": cause,
            "thread_id": post.thread_id,
            "post_id": post.id,
            "by_member_id": by,
            "values": values,
            "created_at": now(),
        }
        for member_id in member_ids
    ]
    if rows:
        session.execute(insert_new(session, Notification), rows)


def _tell_followers(
    session: Session, kind: str, cause: str, *, thread_id: int, post_id: int | None, by: int | None, **values: str
) -> None:
    """In one statement, however many follow."""
    told: dict[str, ColumnElement[object]] = {
        "member_id": Subscription.member_id,  # type: ignore[dict-item]  # an attribute of a mapped class is a column in a select
        "kind": literal(kind),
        "cause": literal(cause),
        "thread_id": literal(thread_id),
        "post_id": literal(post_id),
        "by_member_id": literal(by),
        "values": literal(values, Json),
        "created_at": literal(now(), UtcTime),
    }
    followers = select(*told.values()).where(Subscription.thread_id == thread_id, Subscription.member_id != (by or 0))
    session.execute(insert_new(session, Notification).from_select(list(told), followers))


def forget_member(session: Session, event: MemberDeleted) -> None:
    """Nobody reads what was kept for somebody who left."""
    session.execute(delete(Notification).where(Notification.member_id == event.member_id))


REACTIONS: dict[type[Any], Reaction] = {
    PostAdded: told_of_reply,
    AnswerAccepted: told_of_acceptance,
    OfficialMarked: told_of_official,
    IdeaStatusChanged: told_of_status,
    PostHidden: told_of_removal,
    PostRestored: told_of_removal,
    ThreadHidden: told_of_thread_removal,
    ThreadRestored: told_of_thread_removal,
    ThreadClosed: told_of_closing,
    DetailsAsked: told_of_details,
    MemberSanctioned: told_of_sanction,
    MemberDeleted: forget_member,
}
