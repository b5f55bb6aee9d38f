"""What would be told about a subject now: its present state, read as somebody who sees what the public sees.

Nothing else leaves; and whose words they are, only if that member consents. What is hidden, deleted, or in a place that is not public has no document, whatever was true when the
delivery was written down.
"""

from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Select, and_, bindparam, or_, select
from sqlalchemy.orm import Session

from crm_sync.ports import Answer, ArticleRecord, Case, Document, IdeaRecord, Kind, Person
from forum.articles.tables import Article
from forum.ideas.tables import Idea, IdeaStatusChange
from forum.kernel.access import ANONYMOUS
from forum.members.consenting import CASES, IDEAS, is_given_by
from forum.members.tables import Member
from forum.threads.tables import Category, Post, Tag, Thread, ThreadTag
from forum.visibility import as_seen_by, category_seen, shown_to, visible_to

NOBODY = Person(handle="", name="")
READER = ANONYMOUS  # the sync's own eyes: clearance "public", no member, no right to see hidden things


def document_of(session: Session, kind: Kind, local_id: int, *, base_url: str) -> Document | None:
    """The subject as the public sees it; None where the public does not see it (any more)."""
    if kind == "case":
        return _case(session, local_id, base_url)
    if kind == "idea":
        return _idea(session, local_id, base_url)
    return _article(session, local_id, base_url)


def worth_telling(document: Document) -> bool:
    """Whether a system that never heard of the subject should. A question becomes a case when it is solved."""
    return not isinstance(document, Case) or document.state == "solved"


_thread, _post, _member, _category = Thread.__table__.c, Post.__table__.c, Member.__table__.c, Category.__table__.c
_idea_c, _change, _article_c = Idea.__table__.c, IdeaStatusChange.__table__.c, Article.__table__.c


def _thread_told_for(purpose: str) -> Select[Any]:
    return (
        select(
            _thread.id,
            _thread.title,
            _thread.slug,
            _thread.created_at,
            _thread.solved_at,
            _thread.closed_at,
            _category.name.label("category"),
            _post.source,
            _post.up,
            *_author(purpose),
        )
        .join_from(Thread.__table__, Category.__table__, _category.id == _thread.category_id)
        .join(Post.__table__, and_(_post.thread_id == _thread.id, _post.number == 1))
        .join(Member.__table__, _member.id == _post.author_id)
        .where(
            _thread.id == bindparam("id"),
            _thread.kind == bindparam("kind"),
            visible_to(_thread, _category),
            shown_to(_post),
            _post.deleted_at.is_(None),
        )
    )


def _author(purpose: str) -> tuple[Any, ...]:
    """Who wrote a post, and whether they may be named: who speaks for the company always is."""
    is_named = or_(_post.is_company, is_given_by(_member, purpose)).label("is_named")
    return _member.handle, _member.name, _post.is_company, is_named


_CASE, _IDEA = _thread_told_for(CASES), _thread_told_for(IDEAS)
_ANSWERS = (
    select(
        _post.id,
        _post.source,
        _post.created_at,
        _post.accepted_at,
        _post.official_at,
        *_author(CASES),
    )
    .join_from(Post.__table__, Member.__table__, _member.id == _post.author_id)
    .where(
        _post.thread_id == bindparam("id"),
        _post.accepted_at.is_not(None) | _post.official_at.is_not(None),
        _post.deleted_at.is_(None),
        shown_to(_post),
    )
    .order_by(_post.number)
)
_TAGS = (
    select(Tag.__table__.c.name)
    .join(ThreadTag.__table__, ThreadTag.__table__.c.tag_id == Tag.__table__.c.id)
    .where(ThreadTag.__table__.c.thread_id == bindparam("id"))
    .order_by(Tag.__table__.c.name_key)
)
_STATUS = select(_idea_c.status).where(_idea_c.thread_id == bindparam("id"))
_RESPONSE = select(_change.source).where(_change.thread_id == bindparam("id")).order_by(_change.id.desc()).limit(1)
_ARTICLE = (
    select(
        _article_c.id,
        _article_c.thread_id,
        _article_c.title,
        _article_c.slug,
        _article_c.source,
        _article_c.html,
        _article_c.published_at,
    )
    .join_from(Article.__table__, Category.__table__, _category.id == _article_c.category_id)
    .where(
        _article_c.id == bindparam("id"),
        _article_c.state == "published",
        category_seen(_category),
    )
)
_SEEN_THREAD = (
    select(_thread.slug)
    .join_from(Thread.__table__, Category.__table__, _category.id == _thread.category_id)
    .where(_thread.id == bindparam("id"), visible_to(_thread, _category))
)


def _case(session: Session, thread_id: int, base_url: str) -> Case | None:
    seen = as_seen_by(READER) | {"id": thread_id}
    row = session.execute(_CASE, seen | {"kind": "question"}).one_or_none()
    if row is None:
        return None
    url = f"{base_url}/t/{row.id}/{row.slug}"
    answers = session.execute(_ANSWERS, seen).all()
    return Case(
        title=row.title,
        text=row.source,
        url=url,
        state=_state(row.solved_at, row.closed_at),
        category=row.category,
        tags=tuple(session.scalars(_TAGS, {"id": thread_id})),
        asked_by=_person(row),
        asked_at=row.created_at,
        solved_at=row.solved_at,
        answers=tuple(_answer(answer, base_url) for answer in answers),
    )


def _state(solved_at: datetime | None, closed_at: datetime | None) -> Literal["open", "solved", "closed"]:
    if solved_at is not None:
        return "solved"
    return "open" if closed_at is None else "closed"


def _answer(row: Any, base_url: str) -> Answer:
    return Answer(
        by=_person(row),
        text=row.source,
        url=f"{base_url}/p/{row.id}",
        at=row.created_at,
        accepted=row.accepted_at is not None,
        official=row.official_at is not None,
    )


def _person(row: Any) -> Person:
    if not row.is_named:
        return NOBODY
    return Person(handle=row.handle, name=row.name, is_staff=row.is_company)


def _idea(session: Session, thread_id: int, base_url: str) -> IdeaRecord | None:
    row = session.execute(_IDEA, as_seen_by(READER) | {"id": thread_id, "kind": "idea"}).one_or_none()
    if row is None:
        return None
    return IdeaRecord(
        title=row.title,
        text=row.source,
        url=f"{base_url}/t/{row.id}/{row.slug}",
        status=session.scalar(_STATUS, {"id": thread_id}) or "new",
        response=session.scalar(_RESPONSE, {"id": thread_id}) or "",
        supporters=row.up,
        proposed_by=_person(row),
        proposed_at=row.created_at,
    )


def _article(session: Session, article_id: int, base_url: str) -> ArticleRecord | None:
    row = session.execute(_ARTICLE, as_seen_by(READER) | {"id": article_id}).one_or_none()
    if row is None:
        return None
    return ArticleRecord(
        title=row.title,
        text=row.source,
        html=row.html,
        url=f"{base_url}/help/{row.id}/{row.slug}",
        case_url=_thread_url(session, row.thread_id, base_url),
        published_at=row.published_at,
    )


def _thread_url(session: Session, thread_id: int | None, base_url: str) -> str:
    slug = session.scalar(_SEEN_THREAD, as_seen_by(READER) | {"id": thread_id}) if thread_id is not None else None
    return "" if slug is None else f"{base_url}/t/{thread_id}/{slug}"
