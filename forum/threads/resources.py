"""What programs read of a thread: the thread itself, its posts in the order of their numbers, the versions of a post.

Pages for people have `pages.py`; here everything is flat, with keyset pages and the Markdown beside the HTML.
"""

from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import BigInteger, Connection, Integer, Row, and_, bindparam, case, func, null, select
from sqlalchemy.sql import Select

from forum.kernel.access import Actor
from forum.kernel.errors import N_, Gone, NotFound
from forum.kernel.paging import Page, decode_cursor, encode_cursor
from forum.members.tables import Member
from forum.threads.tables import (
    Acceptance,
    Attribution,
    Category,
    OfficialMark,
    Post,
    Revision,
    Subscription,
    Thread,
    Vote,
)
from forum.visibility import as_seen_by, shown_to, visible_to

_P, _T, _C, _M, _R = (table.__table__.c for table in (Post, Thread, Category, Member, Revision))
_A, _O, _V, _S, _I = (table.__table__.c for table in (Acceptance, OfficialMark, Vote, Subscription, Attribution))
_VIEWER = bindparam("viewer_id", type_=BigInteger)
_THREAD_ID, _POST_ID = bindparam("thread_id", type_=BigInteger), bindparam("post_id", type_=BigInteger)


class ThreadDetails(msgspec.Struct, frozen=True, kw_only=True):
    """What a list does not say of a thread. `revision` is the one to name when title, tags or category are changed."""

    solved_at: datetime | None
    official_at: datetime | None
    closed_at: datetime | None
    closed_reason: str
    duplicate_of: int | None
    accepted: tuple[int, ...]
    official: int | None
    revision: int
    following: bool
    me_too: int


class PostResource(msgspec.Struct, frozen=True, kw_only=True):
    """A post. `source` and `html` are None where its words are not for this reader: hidden by a decision, or deleted.

    `hidden_by` is the decision that keeps it out of sight, which an opening post shares with its thread.
    """

    id: int
    thread_id: int
    number: int
    is_comment: bool
    parent_id: int | None
    author_handle: str
    author_name: str
    author_is_bot: bool
    is_company: bool
    badge_team: str
    badge_title: str
    badge_kind: str
    badge_is_confirmed: bool
    is_statement: bool
    source: str | None
    html: str | None
    locale: str
    revision: int
    up: int
    down: int
    staff_up: int
    staff_down: int
    my_vote: int
    accepted_at: datetime | None
    official_at: datetime | None
    created_at: datetime
    edited_at: datetime | None
    deleted_at: datetime | None
    hidden_at: datetime | None
    hidden_by: int | None
    source_url: str | None
    source_author: str | None
    source_licence: str | None


class Version(msgspec.Struct, frozen=True, kw_only=True):
    """One version of a post; `title` and `tags` where it opens a thread."""

    number: int
    source: str
    title: str | None
    tags: list[str] | None
    author_handle: str
    author_name: str
    author_is_bot: bool
    is_company: bool
    badge_team: str
    badge_title: str
    badge_kind: str
    badge_is_confirmed: bool
    as_role: str
    comment: str
    at: datetime


_DETAILS: Select[Any] = (
    select(
        _T.solved_at, _T.official_at, _T.closed_at, _T.closed_reason, _T.duplicate_of_id.label("duplicate_of"),
        select(_P.revision).where(_P.thread_id == _T.id, _P.number == 1).scalar_subquery().label("revision"),
        select(_S.thread_id).where(_S.thread_id == _T.id, _S.member_id == _VIEWER).exists().label("following"),
        _T.me_too_count.label("me_too"),
    )
    .join(Category.__table__, _C.id == _T.category_id)
    .where(_T.id == _THREAD_ID, visible_to(_T, _C))
)  # fmt: skip
_MARKS: Select[Any] = select(_P.id, _P.accepted_at, _P.official_at).where(
    _P.thread_id == _THREAD_ID,
    (_P.accepted_at.is_not(None) | _P.official_at.is_not(None)),
    _P.hidden_at.is_(None),
)

_IS_READABLE = and_(shown_to(_P, _C), _P.deleted_at.is_(None))
_POSTS: Select[Any] = (
    select(
        _P.id, _P.thread_id, _P.number, _P.is_comment, _P.parent_id,
        _M.handle.label("author_handle"), _M.name.label("author_name"), _M.is_bot.label("author_is_bot"),
        _P.is_company, _P.badge_team, _P.badge_title, _P.badge_kind, _P.badge_is_confirmed, _P.is_statement,
        case((_IS_READABLE, _P.source), else_=null()).label("source"),
        case((_IS_READABLE, _P.html), else_=null()).label("html"),
        _P.locale, _P.revision, _P.up, _P.down, _P.staff_up, _P.staff_down,
        func.coalesce(_V.value, 0).label("my_vote"),
        _P.accepted_at, _P.official_at, _P.created_at, _P.edited_at, _P.deleted_at, _P.hidden_at,
        func.coalesce(_P.hidden_by, case((_P.number == 1, _T.hidden_by))).label("hidden_by"),
        _I.url.label("source_url"), _I.author_name.label("source_author"), _I.licence.label("source_licence"),
    )
    .join(Thread.__table__, _T.id == _P.thread_id)
    .join(Category.__table__, _C.id == _T.category_id)
    .join(Member.__table__, _M.id == _P.author_id)
    .outerjoin(Vote.__table__, and_(_V.post_id == _P.id, _V.member_id == _VIEWER))
    .outerjoin(Attribution.__table__, _I.post_id == _P.id)
    .where(visible_to(_T, _C))
)  # fmt: skip
_POST = _POSTS.where(_P.id == _POST_ID, shown_to(_P, _C))
_POST_LIST = (
    _POSTS.where(_P.thread_id == _THREAD_ID, _P.number > bindparam("after", type_=Integer))
    .order_by(_P.number)
    .limit(bindparam("limit"))
)
_IS_SEEN = select(_T.id).join(Category.__table__, _C.id == _T.category_id).where(
    _T.id == _THREAD_ID, visible_to(_T, _C)
)  # fmt: skip
_VERSIONS: Select[Any] = (
    select(
        _R.number, _R.source, _R.title, _R.tags, _M.handle.label("author_handle"), _M.name.label("author_name"),
        _M.is_bot.label("author_is_bot"), _R.is_company, _R.badge_team, _R.badge_title, _R.badge_kind, _R.badge_is_confirmed, _R.as_role, _R.comment, _R.at,
    )
    .join(Member.__table__, _M.id == _R.author_id)
    .where(_R.post_id == _POST_ID, _R.number > bindparam("after", type_=Integer))
    .order_by(_R.number)
    .limit(bindparam("limit"))
)  # fmt: skip


def thread_details(connection: Connection, actor: Actor, *, thread_id: int) -> ThreadDetails:
    """What `lists.ThreadLine` leaves out.

    Raises:
        NotFound: there is no such thread, or this actor cannot see it.
    """
    seen = {"thread_id": thread_id, **as_seen_by(actor)}
    row = connection.execute(_DETAILS, seen).one_or_none()
    if row is None:
        raise NotFound()
    marks = connection.execute(_MARKS, seen).all()
    accepted = sorted((mark.accepted_at, mark.id) for mark in marks if mark.accepted_at is not None)
    official = [mark.id for mark in marks if mark.official_at is not None]
    return ThreadDetails(
        accepted=tuple(key for _, key in accepted), official=official[0] if official else None, **_named(row)
    )


def post_list(
    connection: Connection, actor: Actor, *, thread_id: int, cursor: str = "", limit: int = 20
) -> Page[PostResource]:
    """The posts of a thread, the opening post first, then replies and comments as they came.

    Raises:
        NotFound: there is no such thread, or this actor cannot see it.
        Invalid: the cursor is not one of ours.
    """
    seen = {"thread_id": thread_id, **as_seen_by(actor)}
    rows = connection.execute(_POST_LIST, {**seen, "after": _after(cursor), "limit": limit + 1}).all()
    if not rows and connection.execute(_IS_SEEN, seen).one_or_none() is None:
        raise NotFound()
    following = encode_cursor(rows[limit - 1].number) if len(rows) > limit else None
    return Page(items=tuple(PostResource(**_named(row)) for row in rows[:limit]), next=following)


def post_named(connection: Connection, actor: Actor, *, post_id: int) -> PostResource:
    """One post.

    Raises:
        NotFound: there is no such post, or this actor cannot see it.
        Gone: its author deleted it.
    """
    row = connection.execute(_POST, {"post_id": post_id, **as_seen_by(actor)}).one_or_none()
    if row is None:
        raise NotFound()
    if row.deleted_at is not None:
        raise Gone(N_("The author of this post has deleted it."))
    return PostResource(**_named(row))


def version_list(
    connection: Connection, actor: Actor, *, post_id: int, cursor: str = "", limit: int = 20
) -> Page[Version]:
    """The versions of a post, the first one first. One that was never edited has one.

    Raises:
        NotFound: there is no such post, or this actor cannot see it.
        Gone: its author deleted it.
        Invalid: the cursor is not one of ours.
    """
    post = post_named(connection, actor, post_id=post_id)
    values = {"post_id": post_id, "after": _after(cursor), "limit": limit + 1}
    rows = connection.execute(_VERSIONS, values).all()
    if not rows and not cursor:
        return Page(items=(_only_version(post),))
    following = encode_cursor(rows[limit - 1].number) if len(rows) > limit else None
    return Page(items=tuple(Version(**_named(row)) for row in rows[:limit]), next=following)


def _only_version(post: PostResource) -> Version:
    return Version(
        number=post.revision,
        source=post.source or "",
        title=None,
        tags=None,
        author_handle=post.author_handle,
        author_name=post.author_name,
        author_is_bot=post.author_is_bot,
        is_company=post.is_company,
        badge_team=post.badge_team,
        badge_title=post.badge_title,
        badge_kind=post.badge_kind,
        badge_is_confirmed=post.badge_is_confirmed,
        as_role="author",
        comment="",
        at=post.created_at,
    )


def _after(cursor: str) -> int:
    if not cursor:
        return 0
    after: int = decode_cursor(cursor, int)[0]
    return min(max(after, 0), 2**31 - 1)


def _named(row: Row[Any]) -> dict[str, Any]:
    return dict(row._mapping)
