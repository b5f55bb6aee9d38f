"""A member's news: the list, how much is unread, and marking it read."""

from collections.abc import Collection
from datetime import datetime

import msgspec
from sqlalchemy import (
    BigInteger,
    Boolean,
    ColumnElement,
    Connection,
    and_,
    bindparam,
    func,
    literal,
    or_,
    select,
    update,
)
from sqlalchemy.orm import Session

from forum.kernel.access import Actor, require
from forum.kernel.clock import now
from forum.kernel.paging import Page, decode_cursor, encode_cursor
from forum.kernel.prepared import Prepared
from forum.members.policies import may_sign_in_settings
from forum.members.tables import Member
from forum.notifications.tables import Notification
from forum.threads.tables import Category, Post, Thread
from forum.visibility import as_seen_by, shown_to, visible_to

_N, _M, _T, _P, _C = (table.__table__.c for table in (Notification, Member, Thread, Post, Category))


class News(msgspec.Struct, frozen=True, kw_only=True):
    """One notification, with what its line needs. `by_name` is "" where nobody in particular acted; `number` is that of the public
    log's entry, where the news is about the reader and no thread.
    """

    id: int
    kind: str
    at: datetime
    is_read: bool
    thread_id: int
    thread_slug: str
    thread_title: str
    post_id: int | None
    by_name: str
    by_handle: str
    status: str
    number: int


ABOUT_ONESELF = ("suspend", "unsuspend", "silence", "unsilence")
"""Kinds of news that are about no thread."""
_NEWS = (
    Notification.__table__.outerjoin(Thread.__table__, _T.id == _N.thread_id)
    .outerjoin(Category.__table__, _C.id == _T.category_id)
    .outerjoin(Post.__table__, _P.id == _N.post_id)
)
_STILL_SEEN = or_(
    and_(_T.id.is_(None), _N.kind.in_([literal(kind) for kind in ABOUT_ONESELF])),
    and_(_T.id.is_not(None), visible_to(_T, _C), or_(_P.id.is_(None), shown_to(_P, _C))),
)
_LIST = (
    select(
        _N.id, _N.kind, _N.created_at, _N.read_at, _N.post_id, _N["values"].label("told"), _T.id.label("thread_id"), _T.slug, _T.title,
        _M.name, _M.handle,
    )
    .select_from(_NEWS.outerjoin(Member.__table__, _M.id == _N.by_member_id))
    .where(
        _N.member_id == bindparam("member_id", type_=BigInteger),
        _N.id < bindparam("before", type_=BigInteger),
        or_(bindparam("all_kinds", type_=Boolean), _N.kind.in_(bindparam("kinds", expanding=True))),
        _STILL_SEEN,
    )
    .order_by(_N.id.desc())
    .limit(bindparam("limit"))
)  # fmt: skip
_UNREAD = Prepared(
    select(func.count())
    .select_from(_NEWS)
    .where(
        _N.member_id == bindparam("member_id", type_=BigInteger),
        _N.read_at.is_(None),
        _STILL_SEEN,
    ),
    int,
)
_LAST = 2**62


def news_list(
    connection: Connection, actor: Actor, *, kinds: Collection[str] = (), cursor: str = "", limit: int = 20
) -> Page[News]:
    """The newest news first, those that the member may still see; with `kinds`, only those.

    Raises:
        NotAllowed: nobody is signed in.
        Invalid: the cursor is not one of ours.
    """
    require(may_sign_in_settings(actor))
    before = decode_cursor(cursor, int)[0] if cursor else _LAST
    wanted = {"member_id": actor.member_id, "before": before, "limit": limit + 1}
    narrowed = {"all_kinds": not kinds, "kinds": list(kinds)}
    rows = connection.execute(_LIST, {**wanted, **narrowed, **as_seen_by(actor)}).all()
    items = tuple(
        News(
            id=row.id,
            kind=row.kind,
            at=row.created_at,
            is_read=row.read_at is not None,
            thread_id=row.thread_id or 0,
            thread_slug=row.slug or "",
            thread_title=row.title or "",
            post_id=row.post_id,
            by_name=row.name or "",
            by_handle=row.handle or "",
            status=row.told.get("status", ""),
            number=int(row.told.get("number", 0)),
        )
        for row in rows[:limit]
    )
    return Page(items=items, next=encode_cursor(items[-1].id) if len(rows) > limit else None)


def unread_count(connection: Connection, actor: Actor) -> int:
    """How many the bell shows: those that the list shows too."""
    if actor.member_id is None:
        return 0
    return _UNREAD.first(connection, {"member_id": actor.member_id, **as_seen_by(actor)}) or 0


def mark_read(session: Session, actor: Actor, *, up_to: int = _LAST) -> None:
    """The member has seen everything up to and with this one.

    Raises:
        NotAllowed: nobody is signed in.
    """
    require(may_sign_in_settings(actor))
    _mark(session, actor, Notification.id <= up_to)


def mark_one_read(session: Session, actor: Actor, *, news_id: int) -> None:
    """The member has seen this one. Somebody else's stays as it is.

    Raises:
        NotAllowed: nobody is signed in.
    """
    require(may_sign_in_settings(actor))
    _mark(session, actor, Notification.id == news_id)


def _mark(session: Session, actor: Actor, which: ColumnElement[bool]) -> None:
    session.execute(
        update(Notification)
        .where(Notification.member_id == actor.member_id, which, Notification.read_at.is_(None))
        .values(read_at=now())
    )
