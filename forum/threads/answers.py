"""The accepted answer: chosen by whoever asked, moved, and taken away again ("did not work")."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from forum.events import AnswerAccepted, AnswerWithdrawn
from forum.kernel import outbox
from forum.kernel.access import Actor, require
from forum.kernel.clock import now
from forum.kernel.errors import N_, Conflict
from forum.threads import counting, ranking
from forum.threads.finding import held_post, held_thread
from forum.threads.policies import AskersWord, may_accept, may_withdraw
from forum.threads.tables import Acceptance, Post, Thread


def accept(session: Session, actor: Actor, *, post_id: int) -> Acceptance:
    """Mark a reply as the accepted answer. Accepting another one later moves the mark, unless the category allows several.

    Raises:
        NotFound: the reply does not exist, or this actor cannot see it.
        Gone: its author deleted it.
        NotAllowed: the actor neither asked nor may accept for others (now).
        Conflict: it is no reply to a question, or out of sight.
    """
    post, thread, category = held_post(session, actor, post_id)
    actor, said = actor.within(category.id), _acceptances(session, thread)
    require(may_accept(actor, thread, word=_askers_word(thread, said), at=now()))
    standing = [one for one in said if one.withdrawn_at is None]
    same = next((one for one in standing if one.post_id == post.id), None)
    if same is not None and (same.as_role == "author" or thread.voice_of(actor) != "author"):
        return same
    if post.hidden_at is not None:
        raise Conflict(N_("This reply is out of sight after a moderation decision."))
    # the asker's word takes the place of what others said for them, also on the same reply
    for one in standing:
        if one is same or not category.several_solutions:
            _take_away(session, thread, one, by=actor, at=now())
    return _put(session, thread, post, by=actor, at=now())


def withdraw(session: Session, actor: Actor, *, thread_id: int, post_id: int | None = None) -> None:
    """Take the mark of the accepted answer away, which opens the question again. Where there is none, nothing changes.

    `post_id` may be left out where only one reply is accepted.

    Raises:
        NotFound: the thread does not exist, or this actor cannot see it.
        NotAllowed: the choice is not this actor's to take back.
        Conflict: several replies are accepted, and none was named.
    """
    thread, category = held_thread(session, actor, thread_id)
    actor = actor.within(category.id)
    standing = [one for one in _acceptances(session, thread) if one.withdrawn_at is None]
    chosen = [one for one in standing if post_id is None or one.post_id == post_id]
    if len(chosen) > 1:
        raise Conflict(N_("Several replies are accepted here. Say which one did not work."))
    for one in chosen:
        require(may_withdraw(actor, thread, one))
        _take_away(session, thread, one, by=actor, at=now())
        counting.settle_marks(session, thread)


def _askers_word(thread: Thread, said: Sequence[Acceptance]) -> AskersWord:
    chosen = [one.at for one in said if one.as_role == "author"]
    refused = [one.withdrawn_at for one in said if one.withdrawn_at is not None and one.withdrawn_as == "author"]
    stands = any(one.as_role == "author" and one.withdrawn_at is None for one in said)
    return AskersWord(at=max([thread.created_at, *chosen, *refused]), stands=stands)


_SAID = (
    select(Acceptance)
    .where(Acceptance.thread_id == bindparam("thread_id"))
    .order_by(Acceptance.id)
    .execution_options(populate_existing=True)
)


def _acceptances(session: Session, thread: Thread) -> Sequence[Acceptance]:
    return session.scalars(_SAID, {"thread_id": thread.id}).all()


def _put(session: Session, thread: Thread, post: Post, *, by: Actor, at: datetime) -> Acceptance:
    accepted = thread.accept(post, by=by, replacing=None, at=at)
    ranking.rerank(post)
    session.add(accepted)
    session.flush()
    outbox.record(session, AnswerAccepted(thread_id=thread.id, acceptance_id=accepted.id))
    return accepted


def _take_away(session: Session, thread: Thread, acceptance: Acceptance, *, by: Actor, at: datetime) -> None:
    acceptance.withdraw(as_role=thread.voice_of(by), at=at)
    post = session.get_one(Post, acceptance.post_id, populate_existing=True)
    post.accepted_at = None
    ranking.rerank(post)
    counting.page_changed(thread)
    session.flush()  # before the mark is put elsewhere: at most one stands on a reply
    outbox.record(session, AnswerWithdrawn(thread_id=thread.id, acceptance_id=acceptance.id))
