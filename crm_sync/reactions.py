"""What crm_sync does on facts of the forum: write down, for each connection, that a subject should be told.

Nothing is called and nothing is read of what will be said: that is decided when a delivery is carried out, from the state of
things then. So a later fact about the same subject makes older deliveries that still wait superfluous.
"""

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import ColumnElement, exists, or_, select
from sqlalchemy.orm import Session

from crm_sync.claiming import step
from crm_sync.ports import Kind
from crm_sync.tables import Connection, CrmDelivery
from crm_sync.transitions import settled
from forum import events
from forum.articles.tables import Article
from forum.kernel.db import database_now
from forum.members.consenting import CASES, IDEAS, is_given_by
from forum.members.tables import Member
from forum.threads.tables import Post, Thread

_REPLACEABLE = (
    "waiting",
    "held",
    "parked",
)  # never one that runs, nor one that is unsure: its outcome must be found out


def tell(session: Session, kind: Kind, local_id: int, *, cause: str, known_only: bool = False) -> int:
    """Write one delivery for each connection; with `known_only` where the subject was told before. Returns how many."""
    moment = database_now(session)
    found = select(Connection.id).order_by(Connection.id)
    if known_only:
        found = found.where(_was_told(kind, local_id))
    connections = session.scalars(found).all()
    for connection_id in connections:
        delivery = CrmDelivery(
            connection_id=connection_id, kind=kind, local_id=local_id, cause=cause, not_before=moment, created_at=moment
        )
        session.add(delivery)
        session.flush()
        step(session, delivery, "written", moment)
        _supersede(session, delivery)
    return len(connections)


def _was_told(kind: Kind, local_id: int) -> Any:
    return exists().where(
        CrmDelivery.connection_id == Connection.id, CrmDelivery.kind == kind, CrmDelivery.local_id == local_id
    )


def _supersede(session: Session, newer: CrmDelivery) -> None:
    older = session.scalars(
        select(CrmDelivery)
        .where(
            CrmDelivery.connection_id == newer.connection_id,
            CrmDelivery.kind == newer.kind,
            CrmDelivery.local_id == newer.local_id,
            CrmDelivery.id < newer.id,
            CrmDelivery.state.in_(_REPLACEABLE),
        )
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    ).all()
    for delivery in older:
        settled(delivery, "done", "superseded", None, newer.created_at)
        step(session, delivery, "superseded", newer.created_at)


def _case(session: Session, event: events.AnswerAccepted | events.AnswerWithdrawn) -> None:
    tell(session, "case", event.thread_id, cause=_name(event))


def _thread(session: Session, event: Any) -> None:
    """Something about a thread as a whole changed: whoever knows it hears of it."""
    _refresh(session, session.get(Thread, event.thread_id), cause=_name(event))


def _post(session: Session, event: Any) -> None:
    """A post changed, which matters only if the record shows it."""
    post = session.get(Post, event.post_id)
    if post is not None and (post.number == 1 or post.accepted_at is not None or post.official_at is not None):
        _refresh(session, session.get(Thread, event.thread_id), cause=_name(event))


def _refresh(session: Session, thread: Thread | None, *, cause: str) -> None:
    if thread is None:
        return
    if thread.kind == "idea":
        tell(session, "idea", thread.id, cause=cause, known_only=True)
    elif thread.kind == "question":
        tell(session, "case", thread.id, cause=cause, known_only=thread.solved_at is None)


def _opened(session: Session, event: events.ThreadOpened) -> None:
    thread = session.get(Thread, event.thread_id)
    if thread is not None and thread.kind == "idea":
        tell(session, "idea", thread.id, cause=_name(event))


def _place(session: Session, event: events.CategoryChanged) -> None:
    """Other people see a category: what was told of its threads and articles is told anew, or taken back."""
    told = select(CrmDelivery.kind, CrmDelivery.local_id).distinct()
    threads = told.join(Thread, Thread.id == CrmDelivery.local_id).where(
        CrmDelivery.kind.in_(("case", "idea")), Thread.category_id == event.category_id
    )
    articles = told.join(Article, Article.id == CrmDelivery.local_id).where(
        CrmDelivery.kind == "article", Article.category_id == event.category_id
    )
    for kind, local_id in [*session.execute(threads), *session.execute(articles)]:
        tell(session, kind, local_id, cause=_name(event), known_only=True)


def _idea(session: Session, event: events.IdeaStatusChanged) -> None:
    tell(session, "idea", event.thread_id, cause=_name(event))


def _article(session: Session, event: events.ArticlePublished | events.ArticleWithdrawn) -> None:
    tell(session, "article", event.article_id, cause=_name(event))


def _left(session: Session, event: events.MemberDeleted) -> None:
    """Whatever a record shows of somebody who left says from now on that it was nobody in particular."""
    _tell_anew(session, event.member_id, ("question", "idea"), cause=_name(event))


def _consent(session: Session, event: events.ConsentChanged) -> None:
    """A name comes to the records that bear one, or goes from them; which it is, is read when they are told."""
    _tell_anew(session, event.member_id, ("idea" if event.purpose == IDEAS else "question",), cause=_name(event))


def _renamed(session: Session, event: events.MemberRenamed) -> None:
    """Records that bear the name of somebody who is called otherwise now are told anew."""
    for kind, purpose in (("question", CASES), ("idea", IDEAS)):
        bears_name = or_(Post.is_company, is_given_by(Member.__table__.c, purpose))
        _tell_anew(session, event.member_id, (kind,), bears_name, cause=_name(event))


def _tell_anew(
    session: Session, member_id: int, kinds: tuple[str, ...], *conditions: ColumnElement[bool], cause: str
) -> None:
    """Whatever record shows a post of the member is told as it stands now, to those who know it."""
    shown = or_(Post.number == 1, Post.accepted_at.is_not(None), Post.official_at.is_not(None))
    found = (
        select(Post.thread_id)
        .join(Member, Member.id == Post.author_id)
        .where(Post.author_id == member_id, shown, *conditions)
        .distinct()
    )
    for thread in session.scalars(
        select(Thread).where(Thread.id.in_(found), Thread.kind.in_(kinds)).order_by(Thread.id)
    ):
        tell(session, "idea" if thread.kind == "idea" else "case", thread.id, cause=cause, known_only=True)


def _name(event: events.Event) -> str:
    return type(event).__name__


REACTIONS: Mapping[type[events.Event], Callable[[Session, Any], None]] = {
    events.AnswerAccepted: _case,
    events.AnswerWithdrawn: _case,
    events.CategoryChanged: _place,
    events.ThreadOpened: _opened,
    events.ThreadEdited: _thread,
    events.ThreadClosed: _thread,
    events.ThreadReopened: _thread,
    events.ThreadHidden: _thread,
    events.ThreadRestored: _thread,
    events.OfficialMarked: _thread,
    events.OfficialWithdrawn: _thread,
    events.PostEdited: _post,
    events.PostDeleted: _post,
    events.PostHidden: _post,
    events.PostRestored: _post,
    events.IdeaStatusChanged: _idea,
    events.ArticlePublished: _article,
    events.ArticleWithdrawn: _article,
    events.ConsentChanged: _consent,
    events.MemberRenamed: _renamed,
    events.MemberDeleted: _left,
}
