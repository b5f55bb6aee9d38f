"""What a thread's page reads: six selects at most, for any reader, however long the thread is.

Hidden and deleted posts keep their place; their words come only to those who may read them.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import BigInteger, Connection, and_, bindparam, case, func, null, or_, select
from sqlalchemy.sql import Select

from forum.kernel.access import ANONYMOUS, Actor
from forum.kernel.errors import NotFound
from forum.kernel.prepared import Prepared
from forum.members.tables import Member
from forum.threads.policies import AskersWord
from forum.threads.tables import (
    Acceptance,
    Attribution,
    Category,
    MeToo,
    OfficialMark,
    Post,
    Subscription,
    Tag,
    Thread,
    ThreadLink,
    ThreadTag,
    Vote,
)
from forum.visibility import as_seen_by, shown_to, visible_to

PAGE = 20
SORTS = ("best", "oldest", "newest", "votes")

_P, _T, _C, _M, _G = (table.__table__.c for table in (Post, Thread, Category, Member, Tag))
_A, _O, _V, _R = (table.__table__.c for table in (Acceptance, OfficialMark, Vote, Attribution))
_VIEWER = bindparam("viewer_id", type_=BigInteger)
_ID = bindparam("thread_id", type_=BigInteger)


def _row(*values: Any) -> tuple[Any, ...]:
    return values


class ThreadHead(msgspec.Struct, frozen=True, array_like=True):
    """The thread itself. `hidden_by`, `closed_by` are ids of decisions."""

    id: int
    kind: str
    title: str
    slug: str
    locale: str
    version: int
    author_id: int
    author_handle: str
    author_name: str
    category_id: int
    category_slug: str
    category_name: str
    category_repliers: int
    several_solutions: bool
    peers_first_hours: int
    created_at: datetime
    last_activity_at: datetime
    post_count: int
    reply_count: int
    score: int
    solved_at: datetime | None
    official_at: datetime | None
    needs_info_at: datetime | None
    is_urgent: bool
    is_critical: bool
    closed_at: datetime | None
    closed_reason: str
    closed_by: int | None
    closed_before_import: bool
    duplicate_of_id: int | None
    hidden_at: datetime | None
    hidden_by: int | None
    is_followed: bool
    me_too_count: int
    is_mine_too: bool  # this reader has the problem too
    places: int  # replies that have a place on the pages: comments do not, hidden and deleted replies do
    tag_keys: str | None  # joined by spaces, which no tag holds

    @property
    def is_open(self) -> bool:
        return self.closed_at is None


class PostView(msgspec.Struct, frozen=True, array_like=True):
    """A post as this reader may see it; `html` is None where its words are not for them. `my_vote` is 1, 0 or -1.

    The author's badge (`is_company`, team, title; kind) is the one worn then. `accepted_as` and `official_team` say who set the marks.
    """

    id: int
    number: int
    html: str | None
    created_at: datetime
    edited_at: datetime | None
    revision: int
    locale: str
    is_comment: bool
    parent_id: int | None
    author_id: int
    author_handle: str
    author_name: str
    author_points: int
    author_is_bot: bool
    author_avatar: str
    is_company: bool
    badge_team: str
    badge_title: str
    badge_kind: str
    badge_is_confirmed: bool
    is_statement: bool
    up: int
    down: int
    staff_up: int
    staff_down: int
    my_vote: int
    accepted_at: datetime | None
    accepted_as: str | None
    official_at: datetime | None
    official_team: str | None
    deleted_at: datetime | None
    hidden_at: datetime | None
    hidden_by: int | None
    source_site: str | None
    source_url: str | None
    source_author: str | None
    source_author_url: str | None
    source_licence: str | None

    @property
    def score(self) -> int:
        return self.up - self.down


class TagName(msgspec.Struct, frozen=True, array_like=True):
    """A tag as it is written and addressed."""

    name: str
    key: str


class RelatedThread(msgspec.Struct, frozen=True, array_like=True):
    """A thread that belongs with this one."""

    id: int
    title: str
    slug: str
    is_solved: bool
    kind: str


class ThreadPage(msgspec.Struct, frozen=True, kw_only=True):
    """One page of a thread. The opening post stands on the first page alone; comments are given by the id of their parent.

    `word` and `peer_replied` are what `may_accept` and `may_reply` ask of staff and moderators; for others they are not read.
    """

    head: ThreadHead
    tags: tuple[TagName, ...]
    opening: PostView | None
    replies: tuple[PostView, ...]
    comments: dict[int, list[PostView]]
    related: tuple[RelatedThread, ...]
    word: AskersWord
    peer_replied: bool
    page: int
    pages: int
    sort: str


_HEAD: Select[Any] = (
    select(
        _T.id, _T.kind, _T.title, _T.slug, _T.locale, _T.version, _T.author_id, _M.handle, _M.name,
        _C.id, _C.slug, _C.name, _C.repliers, _C.several_solutions, _C.peers_first_hours,
        _T.created_at, _T.last_activity_at, _T.post_count, _T.reply_count, _T.score, _T.solved_at, _T.official_at,
        _T.needs_info_at, _T.is_urgent, _T.is_critical, _T.closed_at, _T.closed_reason, _T.closed_by, _T.closed_before_import,
        _T.duplicate_of_id, _T.hidden_at, _T.hidden_by,
        select(Subscription.thread_id)
        .where(Subscription.thread_id == _T.id, Subscription.member_id == _VIEWER)
        .correlate(Thread.__table__).exists(),
        _T.me_too_count,
        select(MeToo.thread_id).where(MeToo.thread_id == _T.id, MeToo.member_id == _VIEWER).correlate(Thread.__table__).exists(),
        select(func.count()).where(_P.thread_id == _T.id, ~_P.is_comment, _P.number > 1)
        .correlate(Thread.__table__).scalar_subquery(),
        select(func.aggregate_strings(_G.name_key, " "))
        .select_from(Tag.__table__.join(ThreadTag.__table__, ThreadTag.tag_id == _G.id))
        .where(ThreadTag.thread_id == _T.id).correlate(Thread.__table__).scalar_subquery(),
    )
    .select_from(Thread.__table__.join(Category.__table__, _C.id == _T.category_id).join(Member.__table__, _M.id == _T.author_id))
    .where(_T.id == _ID, visible_to(_T, _C))
)  # fmt: skip

_SAID_BY_ASKER = select(func.max(_A.at)).where(_A.thread_id == _T.id, _A.as_role == "author")
_TAKEN_BACK_BY_ASKER = select(func.max(_A.withdrawn_at)).where(_A.thread_id == _T.id, _A.withdrawn_as == "author")
_PEERS = select(_P.id).where(
    _P.thread_id == _T.id, _P.number > 1, ~_P.is_comment, ~_P.is_company, _P.author_id != _T.author_id,
    _P.hidden_at.is_(None), _P.deleted_at.is_(None),
)  # fmt: skip
_HEAD_FOR_HELPERS: Select[Any] = _HEAD.add_columns(
    _SAID_BY_ASKER.correlate(Thread.__table__).scalar_subquery(),
    _TAKEN_BACK_BY_ASKER.correlate(Thread.__table__).scalar_subquery(),
    _SAID_BY_ASKER.where(_A.withdrawn_at.is_(None)).correlate(Thread.__table__).scalar_subquery(),
    _PEERS.correlate(Thread.__table__).exists(),
)
_FOR_READERS, _FOR_HELPERS = Prepared(_HEAD, _row), Prepared(_HEAD_FOR_HELPERS, _row)

_IS_READABLE = and_(shown_to(_P), _P.deleted_at.is_(None))
_POSTS: Select[Any] = (
    select(
        _P.id, _P.number, case((_IS_READABLE, _P.html), else_=null()), _P.created_at, _P.edited_at, _P.revision, _P.locale,
        _P.is_comment, _P.parent_id, _P.author_id, _M.handle, _M.name, _M.points, _M.is_bot, _M.avatar,
        _P.is_company, _P.badge_team, _P.badge_title, _P.badge_kind, _P.badge_is_confirmed, _P.is_statement, _P.up, _P.down, _P.staff_up, _P.staff_down,
        func.coalesce(_V.value, 0), _P.accepted_at, _A.as_role, _P.official_at, _O.team,
        _P.deleted_at, _P.hidden_at, _P.hidden_by, _R.site, _R.url, _R.author_name, _R.author_url, _R.licence,
    )
    .select_from(
        Post.__table__.join(Member.__table__, _M.id == _P.author_id)
        .outerjoin(Vote.__table__, and_(_V.post_id == _P.id, _V.member_id == _VIEWER))
        .outerjoin(Acceptance.__table__, and_(_A.post_id == _P.id, _A.withdrawn_at.is_(None), _P.accepted_at.is_not(None)))
        .outerjoin(OfficialMark.__table__, and_(_O.post_id == _P.id, _O.withdrawn_at.is_(None), _P.official_at.is_not(None)))
        .outerjoin(Attribution.__table__, _R.post_id == _P.id)
    )
)  # fmt: skip

_IN_PLACE = and_(_P.thread_id == _ID, ~_P.is_comment, _P.number > 1)
_ORDERS: dict[str, tuple[Any, ...]] = {
    "best": (_P.rank.desc(), _P.id.desc()),
    "oldest": (_P.number,),
    "newest": (_P.number.desc(),),
    "votes": ((_P.up - _P.down).desc(), _P.id),
}
_REPLIES = {
    sort: Prepared(_POSTS.where(_IN_PLACE).order_by(*order).limit(PAGE).offset(bindparam("offset")), PostView)
    for sort, order in _ORDERS.items()
}
_FIRST_PAGE = {
    sort: Prepared(
        _POSTS.where(_P.thread_id == _ID, ~_P.is_comment)
        .order_by(case((_P.number == 1, 0), else_=1), *order)
        .limit(PAGE + 1),
        PostView,
    )
    for sort, order in _ORDERS.items()
}
_COMMENTS: Select[Any] = (
    _POSTS.where(_P.parent_id.in_(bindparam("parents", expanding=True)), _P.is_comment).order_by(_P.id).limit(400)
)

_L = ThreadLink.__table__.c
_RELATED = Prepared(
    select(_T.id, _T.title, _T.slug, _T.solved_at.is_not(None), _T.kind)
    .select_from(
        ThreadLink.__table__.join(Thread.__table__, _T.id == _L.related_id).join(
            Category.__table__, _C.id == _T.category_id
        )
    )
    .where(_L.thread_id == _ID, visible_to(_T, _C))
    .order_by(_T.last_activity_at.desc())
    .limit(6),
    RelatedThread,
)


def thread_page(connection: Connection, actor: Actor, *, thread_id: int, page: int = 1, sort: str = "") -> ThreadPage:
    """One page of a thread; questions show the best answer first unless asked otherwise, the rest in the order of time.

    Raises:
        NotFound: there is no such thread or page, or this actor cannot see it.
    """
    seen = {"thread_id": thread_id, **as_seen_by(actor)}
    head, word, peer_replied = _head(connection, actor, seen)
    seen |= as_seen_by(actor.within(head.category_id))
    order = sort if sort in SORTS else default_sort(head.kind)
    opening, replies = _posts(connection, seen, page, order)
    pages = max(1, -(-head.places // PAGE))
    if page > 1 and not replies:
        raise NotFound()
    shown = [*replies, *([opening] if opening else [])]
    return ThreadPage(
        head=head,
        tags=tuple(TagName(key, key) for key in sorted((head.tag_keys or "").split())),
        opening=opening,
        replies=replies,
        comments=_comments(connection, seen, shown) if head.post_count > head.places + 1 else {},
        related=_related(connection, seen, head),
        word=word,
        peer_replied=peer_replied,
        page=page,
        pages=pages,
        sort=order,
    )


def _related(connection: Connection, seen: dict[str, Any], head: ThreadHead) -> tuple[RelatedThread, ...]:
    """Links come with imported questions and with duplicates; an idea that is none has the company's answers instead."""
    if head.kind == "idea" and head.duplicate_of_id is None:
        return ()
    return tuple(_RELATED.all(connection, seen))


def default_sort(kind: str) -> str:
    """Answers by merit, conversation by time."""
    return "best" if kind == "question" else "oldest"


def _head(connection: Connection, actor: Actor, seen: dict[str, Any]) -> tuple[ThreadHead, AskersWord, bool]:
    helps = actor.is_staff or bool(actor.moderates) or actor.can("thread:accept-any")
    row = (_FOR_HELPERS if helps else _FOR_READERS).first(connection, seen)
    if row is None:
        raise NotFound()
    width = len(ThreadHead.__struct_fields__)
    head = ThreadHead(*row[:width])
    return (head, *_for_helpers(head, row[width:] if helps else (None, None, None, False)))


def _for_helpers(head: ThreadHead, told: Sequence[Any]) -> tuple[AskersWord, bool]:
    chosen, taken_back, standing, peer_replied = told
    moments = [moment for moment in (head.created_at, chosen, taken_back) if moment is not None]
    return AskersWord(at=max(moments), stands=standing is not None), bool(peer_replied)


def _posts(
    connection: Connection, seen: dict[str, Any], page: int, order: str
) -> tuple[PostView | None, tuple[PostView, ...]]:
    if page == 1:
        opening, *replies = _FIRST_PAGE[order].all(connection, seen)
        return opening, tuple(replies)
    offset = (page - 1) * PAGE
    return None, tuple(_REPLIES[order].all(connection, {**seen, "offset": offset}))


def _comments(connection: Connection, seen: dict[str, Any], posts: list[PostView]) -> dict[int, list[PostView]]:
    found: dict[int, list[PostView]] = {}
    for row in connection.execute(_COMMENTS, {**seen, "parents": [post.id for post in posts]}):
        comment = PostView(*row)
        found.setdefault(comment.parent_id or 0, []).append(comment)
    return found


_VERSION = Prepared(
    select(_T.version)
    .select_from(Thread.__table__.join(Category.__table__, _C.id == _T.category_id))
    .where(_T.id == _ID, visible_to(_T, _C)),
    int,
)


def public_version(connection: Connection, *, thread_id: int) -> int:
    """What changes with everything that verbs change on a thread's page; 0 where the public does not see the thread."""
    return _VERSION.first(connection, {"thread_id": thread_id, **as_seen_by(ANONYMOUS)}) or 0


_IN_SHORT: Select[Any] = (
    select(_P.thread_id, func.substr(_P.html, 1, 900).label("beginning"))
    .where(
        _P.thread_id.in_(bindparam("threads", expanding=True)),
        or_(_P.number == 1, _P.accepted_at.is_not(None), _P.official_at.is_not(None)),
        _P.hidden_at.is_(None),
        _P.deleted_at.is_(None),
    )
    .order_by(_P.accepted_at.is_(None), _P.official_at.is_(None), _P.number.desc())
)


def in_short(connection: Connection, ids: Collection[int]) -> dict[int, str]:
    """What answers each of these threads, or else asks it: the beginning of the accepted reply's HTML, of the official one's,
    or of the first post's. Cut anywhere; one select. Whether the threads can be seen is the caller's to ask before."""
    if not ids:
        return {}
    found: dict[int, str] = {}
    for row in connection.execute(_IN_SHORT, {"threads": list(ids)}):
        found.setdefault(row.thread_id, row.beginning)
    return found


class PostPlace(msgspec.Struct, frozen=True, kw_only=True):
    """Where a post stands: on which page of its thread in the default order."""

    thread_id: int
    slug: str
    post_id: int
    page: int


_WHERE: Select[Any] = (
    select(_T.id, _T.slug, _T.kind, func.coalesce(_P.parent_id, _P.id).label("anchor"))
    .select_from(
        Post.__table__.join(Thread.__table__, _T.id == _P.thread_id).join(Category.__table__, _C.id == _T.category_id)
    )
    .where(_P.id == bindparam("post_id", type_=BigInteger), visible_to(_T, _C))
)


def _numbered(sort: str) -> Select[Any]:
    """How many replies stand before a given one in this order."""
    place = func.row_number().over(order_by=_ORDERS[sort])
    inner = select(_P.id, place.label("place")).where(_IN_PLACE).subquery()
    return select(inner.c.place).where(inner.c.id == bindparam("anchor", type_=BigInteger))


_PLACE = {sort: _numbered(sort) for sort in SORTS}


def post_place(connection: Connection, actor: Actor, *, post_id: int) -> PostPlace:
    """The page that a permalink leads to; a comment stands with its parent.

    Raises:
        NotFound: there is no such post, or its thread cannot be seen.
    """
    row = connection.execute(_WHERE, {"post_id": post_id, **as_seen_by(actor)}).one_or_none()
    if row is None:
        raise NotFound()
    order = _PLACE[default_sort(row.kind)]
    place = connection.execute(order, {"thread_id": row.id, "anchor": row.anchor}).scalar()
    return PostPlace(thread_id=row.id, slug=row.slug, post_id=post_id, page=1 + ((place or 1) - 1) // PAGE)
