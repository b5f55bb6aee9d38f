"""The ledger as people see it: cause and post, never who voted."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import Any, Literal

import msgspec
from sqlalchemy import BigInteger, Connection, Date, Row, String, and_, bindparam, case, func, select
from sqlalchemy.sql import Select

from forum.kernel.access import Actor, require
from forum.kernel.errors import NotFound
from forum.kernel.paging import Page, decode_cursor, encode_cursor
from forum.members.keys import handle_key
from forum.members.policies import may_see_activity
from forum.members.tables import Member
from forum.threads.tables import Category, Post, Thread
from forum.visibility import as_seen_by, shown_to, visible_to
from reputation.tables import LedgerEntry

_L, _P, _T, _C, _M = (table.__table__.c for table in (LedgerEntry, Post, Thread, Category, Member))
_LAST = 2**62
Subject = Literal["question", "answer", "post"]


class LedgerLine(msgspec.Struct, frozen=True, kw_only=True):
    """One movement of points and the total after it. `about` says what kind of post it was. `is_inverse`: it takes back what an earlier line gave or took.

    Totals leave out what the page leaves out, see `LedgerPage`.
    Without `post_id` where the reader may not see the post.
    """

    id: int
    reason: str
    about: Subject
    points: int
    total: int
    is_inverse: bool
    at: datetime
    post_id: int | None
    thread_id: int | None
    thread_slug: str
    thread_title: str
    locale: str


class LedgerPage(msgspec.Struct, frozen=True, kw_only=True):
    """A member's ledger, newest first. The lines sum to `total` less `apart`: what votes down cost the member, a sum without
    lines for all but themselves, since the moment of such a line would tell whose vote took points from another at that moment.
    """

    handle: str
    name: str
    total: int
    apart: int
    lines: Page[LedgerLine]


_MEMBER: Select[Any] = select(_M.id, _M.handle, _M.name, _M.points, _M.hides_activity).where(
    _M.handle_key == bindparam("key", type_=String), _M.deleted_at.is_(None)
)
_VIEWER_IS_OWNER = _L.member_id == bindparam("viewer_id", type_=BigInteger)
_VOTE_IS_SECRET = (_L.reason == "downvoting") & ~_VIEWER_IS_OWNER
# nor is it said here who wrote what is out of sight
_NAMED = and_(visible_to(_T, _C), shown_to(_P, _C), _P.deleted_at.is_(None))
_ABOUT = case((_T.kind != "question", "post"), (_P.number == 1, "question"), (_P.number > 1, "answer"), else_="post")
_OF_MEMBER = _L.member_id == bindparam("member_id", type_=BigInteger)
_LINES: Select[Any] = (
    select(
        _L.id, _L.reason, _L.points, _L.turn, _L.at, _ABOUT.label("about"),
        case((_NAMED, _L.post_id)).label("post_id"), case((_NAMED, _T.id)).label("thread_id"),
        case((_NAMED, _T.slug)).label("slug"), case((_NAMED, _T.title)).label("title"),
        case((_NAMED, _T.locale)).label("locale"),
    )
    .select_from(LedgerEntry.__table__)
    .outerjoin(Post.__table__, _P.id == _L.post_id)
    .outerjoin(Thread.__table__, _T.id == _P.thread_id)
    .outerjoin(Category.__table__, _C.id == _T.category_id)
    .where(_OF_MEMBER, _L.id < bindparam("before", type_=BigInteger), ~_VOTE_IS_SECRET)
    .order_by(_L.id.desc())
    .limit(bindparam("limit"))
)  # fmt: skip


_POINTS = select(func.coalesce(func.sum(_L.points), 0))
_APART: Select[Any] = _POINTS.where(_OF_MEMBER, _VOTE_IS_SECRET)
_LATER: Select[Any] = _POINTS.where(_OF_MEMBER, _L.id >= bindparam("before", type_=BigInteger), ~_VOTE_IS_SECRET)


_DAYS: Select[Any] = (
    select(_L.day, func.sum(_L.points))
    .where(_OF_MEMBER, _L.day >= bindparam("since", type_=Date), _L.reason != "downvoting")
    .group_by(_L.day)
)


def gained_by_month(connection: Connection, *, member_id: int, until: date) -> tuple[tuple[date, int], ...]:
    """What a member gained, losses taken off, in the month of `until` and the eleven before it; months by their first day, UTC."""
    months = [_months_before(until, back) for back in range(11, -1, -1)]
    gained = dict.fromkeys(months, 0)
    for day, points in connection.execute(_DAYS, {"member_id": member_id, "since": months[0]}):
        month = day.replace(day=1)
        if month in gained:
            gained[month] += int(points)
    return tuple(gained.items())


def _months_before(day: date, back: int) -> date:
    months = day.year * 12 + day.month - 1 - back
    return date(months // 12, months % 12 + 1, 1)


def ledger_page(connection: Connection, actor: Actor, *, handle: str, cursor: str = "", limit: int = 20) -> LedgerPage:
    """The ledger of the member with this handle.

    Raises:
        NotFound: nobody has this handle.
        NotAllowed: they chose not to have their activity gathered.
        Invalid: the cursor is not one of ours.
    """
    member = connection.execute(_MEMBER, {"key": handle_key(handle)}).one_or_none()
    if member is None:
        raise NotFound()
    require(may_see_activity(actor, member))
    before = decode_cursor(cursor, int)[0] if cursor else _LAST
    where = {"member_id": member.id, "before": before, **as_seen_by(actor)}
    rows = connection.execute(_LINES, {**where, "limit": limit + 1}).all()
    apart = int(connection.execute(_APART, where).scalar_one())
    later = int(connection.execute(_LATER, where).scalar_one()) if cursor else 0
    lines = tuple(_with_totals(rows[:limit], member.points - apart - later))
    following = encode_cursor(lines[-1].id) if len(rows) > limit else None
    page = Page(items=lines, next=following)
    return LedgerPage(handle=member.handle, name=member.name, total=member.points, apart=apart, lines=page)


def _with_totals(rows: Sequence[Row[Any]], total: int) -> Iterator[LedgerLine]:
    """The lines from the newest on; `total` is what the first of them led to."""
    for row in rows:
        yield LedgerLine(
            id=row.id,
            reason=row.reason,
            about=row.about,
            points=row.points,
            total=total,
            is_inverse=row.turn % 2 == 1,
            at=row.at,
            post_id=row.post_id,
            thread_id=row.thread_id,
            thread_slug=row.slug or "",
            thread_title=row.title or "",
            locale=row.locale or "",
        )
        total -= row.points
