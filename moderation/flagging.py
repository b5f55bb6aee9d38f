"""Reporting a post to the moderators, and keeping a post that was reported."""

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from forum.kernel.access import Actor, require
from forum.kernel.clock import now
from forum.kernel.db import insert_new
from forum.kernel.errors import N_, Conflict, Invalid
from forum.members import audit
from forum.threads.finding import held_post, visible_post
from moderation.guidelines import REASONS
from moderation.policies import may_flag, may_keep, may_see_queue
from moderation.tables import Flag

FLAG_REASONS = ("abuse", "off-topic", "spam", "personal-data", "illegal", "advertising", "other")


def raise_flag(session: Session, actor: Actor, *, post_id: int, reason: str, note: str = "") -> None:
    """Report a post. A second report by the same member changes nothing.

    Raises:
        NotFound: there is no such post, or the actor cannot see it.
        NotAllowed: nobody is signed in, or it is their own.
        Invalid: no reason that we know, or too many words.
    """
    post = visible_post(session, actor, post_id)
    require(may_flag(actor, author_id=post.author_id))
    if reason not in FLAG_REASONS or reason not in REASONS:
        raise Invalid({"reason": N_("Choose what is wrong with it.")})
    if len(note) > 500:
        raise Invalid({"note": N_("Use at most 500 characters.")})
    session.execute(
        insert_new(session, Flag).values(
            post_id=post_id,
            member_id=actor.member_id,
            reason=reason,
            note=note.strip(),
            weight=1.0 + actor.trust_level,
            created_at=now(),
            outcome="open",
        )
    )


def keep(session: Session, actor: Actor, *, post_id: int) -> None:
    """Look at the reports of a post and let it stand. Nothing is taken from anybody, so it is no entry of the public log; a
    receipt says who looked.

    Raises:
        NotFound: there is no such post, or this actor cannot see it.
        NotAllowed: only moderators may, and nobody does for their own words.
        Conflict: somebody else decided meanwhile.
    """
    require(may_see_queue(actor))
    post, thread, _ = held_post(session, actor, post_id)
    require(may_keep(actor, author_id=post.author_id, category_id=thread.category_id))
    closed = session.execute(
        update(Flag)
        .where(Flag.post_id == post_id, Flag.outcome == "open")
        .values(outcome="disagreed")
        .returning(Flag.id)
    ).all()
    if not closed:
        raise Conflict(N_("There is no open report on this post any more."))
    audit.record(session, actor, "flag.keep", f"post:{post_id}", reports=len(closed))


def own_report(session: Session, actor: Actor, post_id: int) -> str | None:
    """What came of this member's report of the post: "open", "agreed" or "disagreed"; None if they have not reported it."""
    return session.scalar(select(Flag.outcome).where(Flag.post_id == post_id, Flag.member_id == actor.member_id))
