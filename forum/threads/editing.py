"""Changing what was said, with every version kept and shown; and taking one's own reply back.

Versions are kept lazily: the first one is written when there is a second, so that posts nobody edits cost nothing.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from forum.events import PostDeleted, PostEdited, ThreadEdited
from forum.kernel import markdown, outbox
from forum.kernel.access import Actor, require
from forum.kernel.clock import now
from forum.kernel.errors import N_, Conflict
from forum.threads import counting, needs_info, posting, text
from forum.threads import tags as tagging
from forum.threads.categories import by_slug
from forum.threads.finding import held_post, held_thread, opening_post
from forum.threads.policies import may_delete_post, may_edit_post, may_move, may_retag
from forum.threads.tables import Category, Post, Revision, Thread
from forum.visibility import is_public


def edit_post(
    session: Session, actor: Actor, *, post_id: int, body: str, revision: int | None = None, comment: str = ""
) -> Post:
    """Change the text of a post. The same text again changes nothing.

    `revision` is the one that the form showed; left out, whatever is there is replaced. Editing somebody else's post wants a
    comment that says why.

    Raises:
        NotFound: the post does not exist, or this actor cannot see it.
        Gone: its author deleted it.
        NotAllowed: it is not the actor's, and the privilege is missing.
        Invalid: body or comment need mending.
        Conflict: somebody edited it since the form was shown.
    """
    post, thread, place = held_post(session, actor, post_id)
    actor = actor.within(place.id)
    require(may_edit_post(actor, post, is_critical=thread.is_critical))
    faults = text.Faults()
    body = text.opening(body, faults) if post.number == 1 else text.reply(body, faults)
    comment = text.comment(comment, faults, required=actor.member_id != post.author_id)
    faults.refuse()
    if body == post.source:
        return post
    _check_revision(post, revision)
    _keep_first_version(session, thread, post)
    post.source, post.html, post.renderer = body, posting.html_of(body, number=post.number), markdown.RENDERER_VERSION
    post.edited_at = now()
    _keep_version(session, actor, thread, post, comment)
    counting.page_changed(thread)
    if post.number == 1:
        needs_info.heard(thread, actor)
    outbox.record(session, PostEdited(thread_id=thread.id, post_id=post.id))
    return post


def edit_thread(
    session: Session,
    actor: Actor,
    *,
    thread_id: int,
    title: str | None = None,
    tags: Sequence[str] | None = None,
    category: str | None = None,
    revision: int | None = None,
    comment: str = "",
) -> Thread:
    """Change title, tags or category; what is left out stays. `revision` is that of the opening post, as in `edit_post`.

    Raises:
        NotFound: the thread or the category does not exist, or this actor cannot see it.
        NotAllowed: the thread is not the actor's, and the privilege is missing; or fewer people would see it.
        Invalid: a field needs mending.
        Conflict: somebody edited it since the form was shown, or its kind does not belong in that category.
    """
    thread, place = held_thread(session, actor, thread_id)
    opening = opening_post(session, thread)
    before = _Face(thread.title, tagging.of_thread(session, thread), place)
    faults = text.Faults()
    after = _Face(
        before.title if title is None else text.title(title, faults),
        before.tags if tags is None else sorted(tagging.checked(tags, faults)),
        place if category is None else by_slug(session, actor, category),
    )
    comment = text.comment(comment, faults, required=False)
    _check_may(actor, thread, opening, before, after)
    faults.refuse()
    if before != after:
        _check_revision(opening, revision)
        _keep_first_version(session, thread, opening)
        _wear(session, thread, opening, after)
        if after.category is not place:
            comment = comment or _moved(place, after.category)
        _keep_version(session, actor.within(place.id), thread, opening, comment)
        counting.page_changed(thread)
        outbox.record(session, ThreadEdited(thread_id=thread.id))
    return thread


class _Face(NamedTuple):
    """What a thread shows of itself in lists."""

    title: str
    tags: list[str]
    category: Category


def _moved(before: Category, after: Category) -> str:
    """From where to where, as everybody who sees the new place may know it."""
    return f"{before.slug} → {after.slug}" if is_public(before) else f"→ {after.slug}"


def _check_may(actor: Actor, thread: Thread, opening: Post, before: _Face, after: _Face) -> None:
    here = actor.within(before.category.id)
    if after.title != before.title:
        require(may_edit_post(here, opening, is_critical=thread.is_critical))
    if after.tags != before.tags:
        require(may_retag(here, thread))
    if after.category is not before.category:
        require(may_move(actor, thread, before=before.category, after=after.category))
        if thread.kind not in after.category.kinds:
            raise Conflict(N_("Threads of this kind do not belong in that category."))


def _wear(session: Session, thread: Thread, opening: Post, face: _Face) -> None:
    if face.title != thread.title:
        thread.title, thread.slug, opening.edited_at = face.title, text.slug(face.title), now()
    tagging.move(session, thread, face.category)
    tagging.put_on(session, thread, face.tags)


def delete_post(session: Session, actor: Actor, *, post_id: int) -> None:
    """Take one's own reply back. Its text stays with the moderators; its place in the thread says that it was deleted.

    Raises:
        NotFound: the post does not exist, or this actor cannot see it.
        Gone: it is deleted already.
        NotAllowed: it is somebody else's, opens the thread, or is marked as an answer.
    """
    post, thread, _ = held_post(session, actor, post_id)
    require(may_delete_post(actor, post))
    counting.reply_goes(thread, post)
    post.deleted_at = now()
    outbox.record(session, PostDeleted(thread_id=thread.id, post_id=post.id))


def _check_revision(post: Post, seen: int | None) -> None:
    if seen is not None and seen != post.revision:
        raise Conflict(N_("Somebody edited this while you were writing. Look at their version, then edit again."))


def _keep_first_version(session: Session, thread: Thread, post: Post) -> None:
    if session.scalar(select(Revision.id).where(Revision.post_id == post.id).limit(1)) is not None:
        return
    badge = {name: getattr(post, name) for name in posting.BADGE}
    _keep(session, thread, post, badge, author_id=post.author_id, as_role="author", comment="", at=post.created_at)


def _keep_version(session: Session, actor: Actor, thread: Thread, post: Post, comment: str) -> None:
    post.revision += 1
    author_id = posting.member_of(actor)
    role = "author" if author_id == post.author_id else actor.voice
    _keep(session, thread, post, posting.worn(actor), author_id=author_id, as_role=role, comment=comment, at=now())


def _keep(
    session: Session,
    thread: Thread,
    post: Post,
    badge: dict[str, Any],
    *,
    author_id: int,
    as_role: str,
    comment: str,
    at: datetime,
) -> None:
    """A version as it is now; those of an opening post hold title and tags too."""
    opens = post.number == 1
    session.add(
        Revision(
            post_id=post.id,
            number=post.revision,
            source=post.source,
            title=thread.title if opens else None,
            tags=tagging.of_thread(session, thread) if opens else None,
            author_id=author_id,
            as_role=as_role,
            comment=comment,
            at=at,
            **badge,
        )
    )
    session.flush()
