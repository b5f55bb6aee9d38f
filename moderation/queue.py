"""What the review queue reads: the posts that were reported, and all there is to know about one before it is decided on."""

from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import BigInteger, Connection, Row, bindparam, distinct, func, select, tuple_
from sqlalchemy.sql import Select

from forum.kernel.access import Actor, require
from forum.kernel.db import to_micros
from forum.kernel.errors import NotFound
from forum.kernel.paging import Page, decode_cursor, encode_cursor
from forum.members.tables import Member
from forum.threads.tables import Category, Post, Thread
from forum.visibility import as_seen_by, moderated_by, visible_to
from moderation.policies import may_see_queue
from moderation.tables import Decision, DecisionText, Flag

_F, _D, _X = (table.__table__.c for table in (Flag, Decision, DecisionText))
_T, _P, _C, _M = (table.__table__.c for table in (Thread, Post, Category, Member))
REMOVING = ("hide-post", "hide-thread")


class QueueItem(msgspec.Struct, frozen=True, kw_only=True):
    """A reported post that waits for a moderator."""

    post_id: int
    post_number: int
    thread_id: int
    thread_slug: str
    thread_title: str
    category: str
    category_slug: str
    is_critical: bool
    author_handle: str
    author_name: str
    author_points: int
    html: str
    reports: int
    weight: float
    oldest_at: datetime
    reasons: tuple[str, ...]
    notes: tuple[str, ...]


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What a member reported. Who they are is for moderators only."""

    reason: str
    note: str
    by: str


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """A post or a whole thread before a decision. `standing` is the number of the entry that it is hidden or closed by."""

    kind: str
    id: int
    thread_id: int
    thread_slug: str
    thread_title: str
    thread_author_id: int
    is_critical: bool
    category_id: int
    category: str
    category_slug: str
    author_id: int
    author_handle: str
    author_name: str
    author_points: int
    author_since: datetime
    author_posts: int
    author_removed: int
    is_company: bool
    team: str
    bond: str
    bond_is_confirmed: bool
    number: int
    html: str
    locale: str
    is_hidden: bool
    is_closed: bool
    standing: int | None
    reports: tuple[Report, ...]

    @property
    def href(self) -> str:
        """Where it stands."""
        return f"/p/{self.id}" if self.kind == "post" else f"/t/{self.thread_id}/{self.thread_slug}"


_FLAGGED = (
    Flag.__table__.join(Post.__table__, _P.id == _F.post_id)
    .join(Thread.__table__, _T.id == _P.thread_id)
    .join(Category.__table__, _C.id == _T.category_id)
)
_WAITS = (  # what is out of sight already does not wait
    _F.outcome == "open",
    _P.deleted_at.is_(None),
    _P.hidden_at.is_(None),
    _T.hidden_at.is_(None),
    visible_to(_T, _C),
    moderated_by(_C),
)
_OLDEST = func.min(_F.created_at)
_QUEUE: Select[Any] = (
    select(
        _P.id, _P.number, _P.html, _T.id.label("thread_id"), _T.slug, _T.title, _T.is_critical, _C.name.label("category"),
        _C.slug.label("category_slug"), _M.handle, _M.name, _M.points,
        func.count().label("reports"), func.sum(_F.weight).label("weight"), _OLDEST.label("oldest_at"),
    )
    .select_from(_FLAGGED.join(Member.__table__, _M.id == _P.author_id))
    .where(*_WAITS)
    .group_by(_P.id, _P.number, _P.html, _T.id, _T.slug, _T.title, _T.is_critical, _C.name, _C.slug, _M.handle, _M.name, _M.points)
    .having(tuple_(_OLDEST, _P.id) > tuple_(bindparam("after", type_=BigInteger), bindparam("after_id", type_=BigInteger)))
    .order_by(_OLDEST, _P.id)
    .limit(bindparam("limit"))
)  # fmt: skip
_WAITING: Select[Any] = select(func.count(distinct(_F.post_id))).select_from(_FLAGGED).where(*_WAITS)
_REPORTS: Select[Any] = (
    select(_F.post_id, _F.reason, _F.note, _M.name)
    .join(Member.__table__, _M.id == _F.member_id)
    .where(_F.outcome == "open", _F.post_id.in_(bindparam("posts", expanding=True)))
    .order_by(_F.id)
)


def _count(found: Any) -> Any:
    return found.correlate(Member.__table__).scalar_subquery()


_GIVEN = _count(select(func.count()).select_from(Post.__table__).where(_P.author_id == _M.id, _P.deleted_at.is_(None)))
_REMOVED = _count(
    select(func.count())
    .select_from(DecisionText.__table__.join(Decision.__table__, _D.id == _X.decision_id))
    .where(_X.about_member_id == _M.id, _D.action.in_(REMOVING))
)
_SUBJECT = Post.__table__.alias("subject")
_S = _SUBJECT.c
_CASE: Select[Any] = (
    select(
        _S.id, _S.number, _S.html, _S.author_id, _S.is_company, _S.badge_team,
        _S.badge_kind, _S.badge_is_confirmed, _S.hidden_at, _S.hidden_by,
        _T.id.label("thread_id"), _T.slug, _T.title, _T.author_id.label("thread_author_id"), _T.locale, _T.is_critical,
        _T.hidden_at.label("thread_hidden_at"), _T.hidden_by.label("thread_hidden_by"), _T.closed_at, _T.closed_by,
        _C.id.label("category_id"), _C.name.label("category"), _C.slug.label("category_slug"), _M.handle, _M.name, _M.points, _M.created_at,
        _GIVEN.label("given"), _REMOVED.label("removed"),
    )
    .select_from(
        _SUBJECT.join(Thread.__table__, _T.id == _S.thread_id)
        .join(Category.__table__, _C.id == _T.category_id)
        .join(Member.__table__, _M.id == _S.author_id)
    )
    .where(visible_to(_T, _C), moderated_by(_C), _S.deleted_at.is_(None))
)  # fmt: skip
_POST_CASE: Select[Any] = _CASE.where(_S.id == bindparam("id", type_=BigInteger))
_THREAD_CASE: Select[Any] = _CASE.where(_T.id == bindparam("id", type_=BigInteger), _S.number == 1)
_NUMBER: Select[Any] = select(_D.number).where(_D.id == bindparam("decision", type_=BigInteger))


def queue_list(connection: Connection, actor: Actor, *, cursor: str = "", limit: int = 50) -> Page[QueueItem]:
    """Reported posts, those that wait longest first; two selects.

    Raises:
        NotAllowed: only moderators see it.
        Invalid: the cursor is not one of ours.
    """
    require(may_see_queue(actor))
    at, post_id = decode_cursor(cursor, int, int) if cursor else (0, 0)
    values = {"after": at, "after_id": post_id, "limit": limit + 1}
    rows = connection.execute(_QUEUE, {**values, **as_seen_by(actor)}).all()
    reports = _reports(connection, [row.id for row in rows[:limit]])
    items = tuple(_queue_item(row, reports.get(row.id, [])) for row in rows[:limit])
    following = encode_cursor(to_micros(items[-1].oldest_at), items[-1].post_id) if len(rows) > limit else None
    return Page(items=items, next=following)


def waiting_count(connection: Connection, actor: Actor) -> int:
    """How many posts wait for a moderator.

    Raises:
        NotAllowed: only moderators know.
    """
    require(may_see_queue(actor))
    return int(connection.execute(_WAITING, as_seen_by(actor)).scalar_one())


def case_page(connection: Connection, actor: Actor, *, kind: str, target_id: int) -> Case:
    """A post or thread with what was reported, who wrote it and whether something was decided; at most three selects.

    Raises:
        NotAllowed: only moderators see it.
        NotFound: it does not exist, or is not for this actor, who may moderate another category alone.
    """
    require(may_see_queue(actor))
    statement = _POST_CASE if kind == "post" else _THREAD_CASE
    row = connection.execute(statement, {"id": target_id, **as_seen_by(actor)}).one_or_none()
    if row is None:
        raise NotFound()
    return _case(connection, kind, row)


def _reports(connection: Connection, posts: list[int]) -> dict[int, list[Report]]:
    found: dict[int, list[Report]] = {}
    for row in connection.execute(_REPORTS, {"posts": posts}) if posts else ():
        found.setdefault(row.post_id, []).append(Report(reason=row.reason, note=row.note, by=row.name))
    return found


def _queue_item(row: Row[Any], reports: list[Report]) -> QueueItem:
    return QueueItem(
        post_id=row.id,
        post_number=row.number,
        thread_id=row.thread_id,
        thread_slug=row.slug,
        thread_title=row.title,
        category=row.category,
        category_slug=row.category_slug,
        is_critical=row.is_critical,
        author_handle=row.handle,
        author_name=row.name,
        author_points=row.points,
        html=row.html,
        reports=row.reports,
        weight=float(row.weight),
        oldest_at=row.oldest_at,
        reasons=tuple(sorted({report.reason for report in reports})),
        notes=tuple(report.note for report in reports if report.note),
    )


def _case(connection: Connection, kind: str, row: Row[Any]) -> Case:
    is_post = kind == "post"
    decision = row.hidden_by if is_post else row.thread_hidden_by or row.closed_by
    standing = connection.execute(_NUMBER, {"decision": decision}).scalar_one() if decision else None
    return Case(
        kind=kind,
        id=row.id if is_post else row.thread_id,
        thread_id=row.thread_id,
        thread_slug=row.slug,
        thread_title=row.title,
        thread_author_id=row.thread_author_id,
        is_critical=row.is_critical,
        category_id=row.category_id,
        category=row.category,
        category_slug=row.category_slug,
        author_id=row.author_id,
        author_handle=row.handle,
        author_name=row.name,
        author_points=row.points,
        author_since=row.created_at,
        author_posts=row.given,
        author_removed=row.removed,
        is_company=row.is_company,
        team=row.badge_team,
        bond=row.badge_kind,
        bond_is_confirmed=row.badge_is_confirmed,
        number=row.number,
        html=row.html,
        locale=row.locale,
        is_hidden=(row.hidden_at if is_post else row.thread_hidden_at) is not None,
        is_closed=row.closed_at is not None,
        standing=standing,
        reports=tuple(_reports(connection, [row.id]).get(row.id, ())),
    )
