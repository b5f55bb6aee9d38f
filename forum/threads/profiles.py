"""What a member's page reads: who they are, and what they gave to the community, as this reader may see it."""

from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import BigInteger, Connection, String, and_, bindparam, func, or_, select
from sqlalchemy.sql import Select

from forum.kernel.access import Actor
from forum.kernel.errors import NotFound
from forum.kernel.paging import Page, decode_cursor, encode_cursor
from forum.members.keys import handle_key
from forum.members.tables import Affiliation, ImportedBadge, Member
from forum.threads.tables import Category, Post, Thread
from forum.visibility import as_seen_by, shown_to, visible_to

_M, _A, _B = Member.__table__.c, Affiliation.__table__.c, ImportedBadge.__table__.c
_P, _T, _C = Post.__table__.c, Thread.__table__.c, Category.__table__.c


class Profile(msgspec.Struct, frozen=True, array_like=True):
    """A member as everybody may see them. Company members carry team and title."""

    id: int
    handle: str
    name: str
    role: str
    bio: str
    bio_html: str
    points: int
    trust_level: int
    is_bot: bool
    is_imported: bool
    created_at: datetime
    team: str | None
    title: str | None
    answers: int
    accepted: int
    questions: int
    ideas: int
    badges: int
    avatar: str
    is_unlisted: bool
    hides_activity: bool

    @property
    def is_staff(self) -> bool:
        return self.team is not None


class AnswerLine(msgspec.Struct, frozen=True, array_like=True):
    """A reply in a member's list of answers."""

    post_id: int
    thread_id: int
    thread_slug: str
    thread_title: str
    locale: str
    score: int
    is_accepted: bool
    is_hidden: bool
    created_at: datetime


class BestLine(msgspec.Struct, frozen=True, array_like=True):
    """One of the answers that others found most helpful."""

    post_id: int
    thread_title: str
    locale: str
    score: int


class BadgeLine(msgspec.Struct, frozen=True, array_like=True):
    """A badge that was brought along by an import, and how often."""

    name: str
    grade: int
    times: int


def _replies(*conditions: Any) -> Any:
    """How many answers of the member the reader can find."""
    found = select(func.count()).select_from(_POSTS)
    mine = (_P.author_id == _M.id, _P.number > 1, ~_P.is_comment, _P.deleted_at.is_(None), shown_to(_P, _C))
    return found.where(*mine, visible_to(_T, _C), *conditions).correlate(Member.__table__).scalar_subquery()


def _threads(kind: str) -> Any:
    found = select(func.count()).select_from(Thread.__table__.join(Category.__table__, _C.id == _T.category_id))
    mine = (_T.author_id == _M.id, _T.kind == kind, visible_to(_T, _C))
    return found.where(*mine).correlate(Member.__table__).scalar_subquery()


_POSTS = Post.__table__.join(Thread.__table__, _T.id == _P.thread_id).join(Category.__table__, _C.id == _T.category_id)
_BADGE_COUNT = select(func.count()).where(_B.member_id == _M.id).correlate(Member.__table__).scalar_subquery()
_PROFILE: Select[Any] = (
    select(
        _M.id, _M.handle, _M.name, _M.role, _M.bio, _M.bio_html, _M.points, _M.trust_level, _M.is_bot, _M.is_imported,
        _M.created_at, _A.team, _A.title, _replies(), _replies(_P.accepted_at.is_not(None), ~_P.is_company),
        _threads("question"), _threads("idea"), _BADGE_COUNT,
        _M.avatar, _M.is_unlisted, _M.hides_activity,
    )
    .select_from(Member.__table__.outerjoin(Affiliation.__table__, and_(_A.member_id == _M.id, _A.until.is_(None), _A.kind == "staff")))
    .where(_M.handle_key == bindparam("key", type_=String), _M.deleted_at.is_(None))
)  # fmt: skip
_ANSWERS: Select[Any] = (
    select(
        _P.id, _T.id, _T.slug, _T.title, _T.locale, _P.up - _P.down, _P.accepted_at.is_not(None),
        or_(_P.hidden_at.is_not(None), _T.hidden_at.is_not(None)), _P.created_at,
    )
    .select_from(_POSTS)
    .where(
        _P.author_id == bindparam("member_id", type_=BigInteger),
        _P.id < bindparam("before", type_=BigInteger),
        _P.number > 1,
        ~_P.is_comment,
        _P.deleted_at.is_(None),
        shown_to(_P, _C),
        visible_to(_T, _C),
    )
    .order_by(_P.id.desc())
    .limit(bindparam("limit"))
)  # fmt: skip
_BEST: Select[Any] = (
    select(_P.id, _T.title, _T.locale, _P.up - _P.down)
    .select_from(_POSTS)
    .where(
        _P.author_id == bindparam("member_id", type_=BigInteger),
        _P.number > 1,
        _P.up > _P.down,
        ~_P.is_comment,
        _P.deleted_at.is_(None),
        _P.hidden_at.is_(None),
        visible_to(_T, _C),
    )
    .order_by((_P.up - _P.down).desc(), _P.id)
    .limit(bindparam("limit"))
)
_BADGES: Select[Any] = (
    select(_B.name, _B.grade, func.count())
    .where(_B.member_id == bindparam("member_id", type_=BigInteger))
    .group_by(_B.name, _B.grade)
    .order_by(_B.grade, _B.name)
)
_LAST = 2**62


def profile_page(connection: Connection, actor: Actor, *, handle: str) -> Profile:
    """Who has this handle, with how much of what they gave the reader can find.

    Raises:
        NotFound: nobody, or no longer.
    """
    row = connection.execute(_PROFILE, {"key": handle_key(handle), **as_seen_by(actor)}).one_or_none()
    if row is None:
        raise NotFound()
    return Profile(*row)


def answer_list(
    connection: Connection, actor: Actor, *, member_id: int, cursor: str = "", limit: int = 20
) -> Page[AnswerLine]:
    """A member's answers, newest first.

    Raises:
        Invalid: the cursor is not one of ours.
    """
    before = decode_cursor(cursor, int)[0] if cursor else _LAST
    values = {"member_id": member_id, "before": before, "limit": limit + 1, **as_seen_by(actor)}
    rows = connection.execute(_ANSWERS, values).all()
    items = tuple(AnswerLine(*row) for row in rows[:limit])
    return Page(items=items, next=encode_cursor(items[-1].post_id) if len(rows) > limit else None)


def best_list(connection: Connection, actor: Actor, *, member_id: int, limit: int = 3) -> tuple[BestLine, ...]:
    """The answers of a member that others found most helpful."""
    rows = connection.execute(_BEST, {"member_id": member_id, "limit": limit, **as_seen_by(actor)})
    return tuple(BestLine(*row) for row in rows)


def badge_list(connection: Connection, *, member_id: int) -> tuple[BadgeLine, ...]:
    """The badges of a member."""
    return tuple(BadgeLine(*row) for row in connection.execute(_BADGES, {"member_id": member_id}))
