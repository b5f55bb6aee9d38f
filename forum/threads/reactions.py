"""What threads do on facts about people: pages that show somebody who left are drawn anew, and nobody follows for them.

A badge keeps what somebody was to the company; for which organisation may say who they were, and goes.
"""

from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from forum.events import MemberDeleted
from forum.kernel.outbox import Reaction
from forum.threads.tables import MeToo, Post, Revision, Subscription, Thread


def forget_member(session: Session, event: MemberDeleted) -> None:
    """A page that was kept for readers is kept under its thread's version; a new one makes it follow within a second."""
    session.execute(delete(Subscription).where(Subscription.member_id == event.member_id))
    concerned = session.scalars(
        delete(MeToo).where(MeToo.member_id == event.member_id).returning(MeToo.thread_id)
    ).all()
    session.execute(
        update(Thread)
        .where(Thread.id.in_(concerned))
        .values(me_too_count=Thread.me_too_count - 1, version=Thread.version + 1)
        .execution_options(synchronize_session=False)
    )
    for said in (Post, Revision):
        bound = (said.author_id == event.member_id, said.badge_kind != "", said.badge_team != "")
        session.execute(update(said).where(*bound).values(badge_team="").execution_options(synchronize_session=False))
    shown_in = select(Post.thread_id).where(Post.author_id == event.member_id)
    session.execute(
        update(Thread)
        .where(Thread.id.in_(shown_in))
        .values(version=Thread.version + 1)
        .execution_options(synchronize_session=False)
    )


REACTIONS: dict[type[Any], Reaction] = {MemberDeleted: forget_member}
