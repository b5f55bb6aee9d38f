"""What the public log, a decision's page and the review queue read."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import BigInteger, Connection, Integer, Row, String, and_, bindparam, case, func, or_, select
from sqlalchemy.sql import Select

from forum.kernel.access import Actor, require
from forum.kernel.errors import NotFound
from forum.kernel.paging import Page, decode_cursor, encode_cursor
from forum.members.tables import Member
from forum.threads.tables import Category, Post, Thread
from forum.visibility import as_seen_by, visible_to
from moderation.policies import may_see_queue
from moderation.tables import Decision, DecisionHead, DecisionText, Flag

_D, _X, _H, _F = (table.__table__.c for table in (Decision, DecisionText, DecisionHead, Flag))
_T, _P, _C, _M = (table.__table__.c for table in (Thread, Post, Category, Member))
_LAST = 2**31 - 1


class LogEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of the public log as this reader may see it: text and target only where the thread itself is visible to them.

    `state` is "sound" or "redacted"; hashes are 64 hex digits.
    """

    number: int
    at: datetime
    action: str
    rule: str
    reason_code: str
    role: str
    automated: bool
    target_kind: str
    hash: str
    previous: str
    state: str
    text: str
    target_id: int | None
    thread_id: int | None
    thread_slug: str
    thread_title: str

    @property
    def label(self) -> str:
        """How people call it: the year and the number, as in 2026-0147."""
        return f"{self.at.year}-{self.number:04}"


class LogHead(msgspec.Struct, frozen=True, kw_only=True):
    """Where the chain ends now."""

    number: int
    hash: str


class QueueItem(msgspec.Struct, frozen=True, kw_only=True):
    """A reported post that waits for a moderator."""

    post_id: int
    post_number: int
    thread_id: int
    thread_slug: str
    thread_title: str
    category: str
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


_SEEN = or_(_D.target_kind == "decision", and_(_T.id.is_not(None), visible_to(_T, _C.audience)))
_ENTRY_COLUMNS = (
    _D.number, _D.at, _D.action, _D.rule, _D.reason_code, _D.role, _D.automated, _D.target_kind, _D.hash, _D.previous,
    _X.decision_id.label("kept"), case((_SEEN, _X.text)).label("text"), case((_SEEN, _X.target_id)).label("target_id"),
    case((_SEEN, _T.id)).label("thread_id"), case((_SEEN, _T.slug)).label("slug"), case((_SEEN, _T.title)).label("title"),
)  # fmt: skip
_ENTRIES: Select[Any] = (
    select(*_ENTRY_COLUMNS)
    .select_from(Decision.__table__)
    .outerjoin(DecisionText.__table__, _X.decision_id == _D.id)
    .outerjoin(Thread.__table__, _T.id == _X.thread_id)
    .outerjoin(Category.__table__, _C.id == _T.category_id)
)
_LIST: Select[Any] = (
    _ENTRIES.where(
        _D.number < bindparam("before", type_=Integer),
        or_(bindparam("action", type_=String) == "", _D.action == bindparam("action", type_=String)),
        or_(bindparam("rule", type_=String) == "", _D.rule == bindparam("rule", type_=String)),
    )
    .order_by(_D.number.desc())
    .limit(bindparam("limit"))
)
_ONE: Select[Any] = _ENTRIES.where(_D.number == bindparam("number", type_=Integer))
_HIDING: Select[Any] = _ENTRIES.where(_D.id == bindparam("decision_id", type_=BigInteger))
_BEHIND: Select[Any] = _ENTRIES.add_columns(_D.id).where(_D.id.in_(bindparam("decisions", expanding=True)))


def log_list(
    connection: Connection, actor: Actor, *, action: str = "", rule: str = "", cursor: str = "", limit: int = 20
) -> Page[LogEntry]:
    """The public log, newest first.

    Raises:
        Invalid: the cursor is not one of ours.
    """
    before = decode_cursor(cursor, int)[0] if cursor else _LAST
    rows = connection.execute(
        _LIST, {"before": before, "action": action, "rule": rule, "limit": limit + 1, **as_seen_by(actor)}
    ).all()
    items = tuple(_entry(row) for row in rows[:limit])
    return Page(items=items, next=encode_cursor(items[-1].number) if len(rows) > limit else None)


def decision_page(connection: Connection, actor: Actor, *, number: int) -> LogEntry:
    """One entry.

    Raises:
        NotFound: the log is not that long.
    """
    row = connection.execute(_ONE, {"number": number, **as_seen_by(actor)}).one_or_none()
    if row is None:
        raise NotFound()
    return _entry(row)


def decision_behind(connection: Connection, actor: Actor, *, decision_id: int) -> LogEntry:
    """The entry that something is hidden by, for its tombstone."""
    return _entry(connection.execute(_HIDING, {"decision_id": decision_id, **as_seen_by(actor)}).one())


def decisions_behind(connection: Connection, actor: Actor, ids: Collection[int]) -> dict[int, LogEntry]:
    """The entries that several things on a page rest on, by the ids of the decisions; one select, none where there are none."""
    if not ids:
        return {}
    rows = connection.execute(_BEHIND, {"decisions": sorted(ids), **as_seen_by(actor)})
    return {row.id: _entry(row) for row in rows}


def log_head(connection: Connection) -> LogHead:
    """The number and hash of the newest entry: the checkpoint that others keep."""
    row = connection.execute(select(_H.number, _H.hash)).one()
    return LogHead(number=row.number, hash=row.hash.hex())


def _entry(row: Row[Any]) -> LogEntry:
    return LogEntry(
        number=row.number,
        at=row.at,
        action=row.action,
        rule=row.rule,
        reason_code=row.reason_code,
        role=row.role,
        automated=row.automated,
        target_kind=row.target_kind,
        hash=row.hash.hex(),
        previous=row.previous.hex(),
        state="redacted" if row.kept is None else "sound",
        text=row.text or "",
        target_id=row.target_id,
        thread_id=row.thread_id,
        thread_slug=row.slug or "",
        thread_title=row.title or "",
    )


_QUEUE: Select[Any] = (
    select(
        _P.id, _P.number, _P.html, _T.id.label("thread_id"), _T.slug, _T.title, _T.is_critical, _C.name.label("category"),
        _M.handle, _M.name, _M.points,
        func.count().label("reports"), func.sum(_F.weight).label("weight"), func.min(_F.created_at).label("oldest_at"),
    )
    .join(Post.__table__, _P.id == _F.post_id)
    .join(Thread.__table__, _T.id == _P.thread_id)
    .join(Category.__table__, _C.id == _T.category_id)
    .join(Member.__table__, _M.id == _P.author_id)
    .where(_F.outcome == "open", visible_to(_T, _C.audience))
    .group_by(_P.id, _P.number, _P.html, _T.id, _T.slug, _T.title, _T.is_critical, _C.name, _M.handle, _M.name, _M.points)
    .order_by(func.min(_F.created_at), _P.id)
    .limit(bindparam("limit"))
)  # fmt: skip
_REPORTS: Select[Any] = select(_F.post_id, _F.reason, _F.note).where(
    _F.outcome == "open", _F.post_id.in_(bindparam("posts", expanding=True))
)


def queue_list(connection: Connection, actor: Actor, *, limit: int = 50) -> list[QueueItem]:
    """Reported posts, those that wait longest first.

    Raises:
        NotAllowed: only moderators see it.
    """
    require(may_see_queue(actor))
    rows = connection.execute(_QUEUE, {"limit": limit, **as_seen_by(actor)}).all()
    reports: dict[int, list[tuple[str, str]]] = {}
    for report in connection.execute(_REPORTS, {"posts": [row.id for row in rows]}):
        reports.setdefault(report.post_id, []).append((report.reason, report.note))
    return [_queue_item(row, reports.get(row.id, [])) for row in rows]


def _queue_item(row: Row[Any], reports: list[tuple[str, str]]) -> QueueItem:
    return QueueItem(
        post_id=row.id,
        post_number=row.number,
        thread_id=row.thread_id,
        thread_slug=row.slug,
        thread_title=row.title,
        category=row.category,
        is_critical=row.is_critical,
        author_handle=row.handle,
        author_name=row.name,
        author_points=row.points,
        html=row.html,
        reports=row.reports,
        weight=float(row.weight),
        oldest_at=row.oldest_at,
        reasons=tuple(sorted({reason for reason, _ in reports})),
        notes=tuple(note for _, note in reports if note),
    )
