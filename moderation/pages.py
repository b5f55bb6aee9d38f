"""What the public log and the page of a decision read. The review queue has its own module."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import BigInteger, Connection, Row, String, and_, bindparam, case, func, or_, select
from sqlalchemy.orm import Session
from sqlalchemy.sql import Select

from forum.kernel.access import ANONYMOUS, OF_THE_COMPANY, Actor
from forum.kernel.db import UtcTime
from forum.kernel.errors import NotFound
from forum.kernel.paging import Page, decode_cursor, encode_cursor
from forum.threads.tables import Category, Thread
from forum.visibility import as_seen_by, category_seen, concerns_viewer, visible_to
from moderation.tables import Decision, DecisionHead, DecisionText

_D, _X, _H, _T, _C = (table.__table__.c for table in (Decision, DecisionText, DecisionHead, Thread, Category))
_PLACE = Category.__table__.alias("place")
_K = _PLACE.c
_LAST = 2**31 - 1


class LogEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of the public log as this reader may see it: text and target only where the thread itself is visible to them;
    of a category that fewer people see now, the text for everybody and which one it is for those who see it.

    `state` is "sound" or "redacted"; hashes, salt and commitment are 64 hex digits, `salt` empty where the text is. `about` is
    the number of the entry that this one undoes or redacts.
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
    commitment: str
    about: int | None
    state: str
    salt: str
    text: str
    target_id: int | None
    thread_id: int | None
    thread_slug: str
    thread_title: str
    thread_locale: str
    category_slug: str = ""
    category_name: str = ""

    @property
    def label(self) -> str:
        """How people call it: the year and the number, as in 2026-0147."""
        return f"{self.at.year}-{self.number:04}"

    @property
    def is_shown(self) -> bool:
        """Whether this reader may see what was said and about what."""
        return self.target_id is not None


class LogHead(msgspec.Struct, frozen=True, kw_only=True):
    """Where the chain ends now."""

    number: int
    hash: str


_SEEN = or_(
    _D.target_kind == "decision",
    and_(_D.target_kind == "member", concerns_viewer(_X.about_member_id)),
    and_(_K.id.is_not(None), category_seen(_K)),
    and_(_T.id.is_not(None), visible_to(_T, _C)),
)
_ENTRY_COLUMNS = (
    _D.number, _D.at, _D.action, _D.rule, _D.reason_code, _D.role, _D.automated, _D.target_kind, _D.hash, _D.previous,
    _D.commitment, _D.about_number, case((_SEEN, _X.salt)).label("salt"), _X.decision_id.label("kept"), case((or_(_D.target_kind == "category", _SEEN), _X.text)).label("text"), case((_SEEN, _X.target_id)).label("target_id"),
    case((_SEEN, _T.id)).label("thread_id"), case((_SEEN, _T.slug)).label("slug"), case((_SEEN, _T.title)).label("title"),
    case((_SEEN, _T.locale)).label("locale"), case((_SEEN, _K.slug)).label("place"), case((_SEEN, _K.name)).label("place_name"),
)  # fmt: skip
_ENTRIES: Select[Any] = (
    select(*_ENTRY_COLUMNS)
    .select_from(Decision.__table__)
    .outerjoin(DecisionText.__table__, _X.decision_id == _D.id)
    .outerjoin(Thread.__table__, _T.id == _X.thread_id)
    .outerjoin(Category.__table__, _C.id == _T.category_id)
    .outerjoin(_PLACE, and_(_D.target_kind == "category", _K.id == _X.target_id))
)
_LIST: Select[Any] = (
    _ENTRIES.where(
        _D.number < bindparam("before", type_=BigInteger),
        or_(bindparam("action", type_=String) == "", _D.action == bindparam("action", type_=String)),
        or_(bindparam("rule", type_=String) == "", _D.rule == bindparam("rule", type_=String)),
        or_(bindparam("role", type_=String) == "", _D.role.in_(bindparam("voices", expanding=True))),
    )
    .order_by(_D.number.desc())
    .limit(bindparam("limit"))
)
_ONE: Select[Any] = _ENTRIES.where(_D.number == bindparam("number", type_=BigInteger))
_BEHIND: Select[Any] = _ENTRIES.add_columns(_D.id).where(_D.id.in_(bindparam("decisions", expanding=True)))


def log_list(
    connection: Connection,
    actor: Actor,
    *,
    action: str = "",
    rule: str = "",
    role: str = "",
    cursor: str = "",
    limit: int = 20,
) -> Page[LogEntry]:
    """The public log, newest first; empty arguments narrow nothing. Who decided as a moderator of the company is found as
    both: "staff" and "moderator"; "staff-moderator" finds nobody else.

    Raises:
        Invalid: the cursor is not one of ours.
    """
    before = decode_cursor(cursor, int)[0] if cursor else _LAST
    wanted = {
        "before": before,
        "action": action,
        "rule": rule,
        "role": role,
        "voices": _voices(role),
        "limit": limit + 1,
    }
    rows = connection.execute(_LIST, {**wanted, **as_seen_by(actor)}).all()
    items = tuple(_entry(row) for row in rows[:limit])
    return Page(items=items, next=encode_cursor(items[-1].number) if len(rows) > limit else None)


def _voices(role: str) -> tuple[str, ...]:
    """The words of the records that a filter means."""
    if role == "staff":
        return ("staff", *OF_THE_COMPANY.values())
    return (role, OF_THE_COMPANY[role]) if role in OF_THE_COMPANY else (role,)


_SINCE: Select[Any] = select(func.count()).where(_D.at >= bindparam("since", type_=UtcTime))


def logged_since(session: Session, moment: datetime) -> int:
    """How many entries the public log has since that moment."""
    return int(session.execute(_SINCE, {"since": moment}).scalar_one())


def decision_page(connection: Connection, actor: Actor, *, number: int) -> LogEntry:
    """One entry.

    Raises:
        NotFound: the log is not that long.
    """
    row = connection.execute(_ONE, {"number": number, **as_seen_by(actor)}).one_or_none()
    if row is None:
        raise NotFound()
    return _entry(row)


class Around(msgspec.Struct, frozen=True, kw_only=True):
    """What stands around an entry: the hash of the one after it, if there is one, and the entries that undo or redact it."""

    following: str
    later: tuple[tuple[int, str], ...]


_AROUND: Select[Any] = (
    select(_D.number, _D.action, _D.hash, _D.about_number)
    .where(
        or_(_D.number == bindparam("next", type_=BigInteger), _D.about_number == bindparam("number", type_=BigInteger))
    )
    .order_by(_D.number)
)


def around(connection: Connection, entry: LogEntry) -> Around:
    """What came after an entry and refers to it; one select."""
    rows = connection.execute(_AROUND, {"number": entry.number, "next": entry.number + 1}).all()
    following = next((row.hash.hex() for row in rows if row.number == entry.number + 1), "")
    later = tuple((row.number, row.action) for row in rows if row.about_number == entry.number)
    return Around(following=following, later=later)


_ABOUT_PERSON: Select[Any] = (
    _ENTRIES.where(
        _D.target_kind == "member",
        _D.action == bindparam("action", type_=String),
        _X.target_id == bindparam("viewer_id", type_=BigInteger),
    )
    .order_by(_D.number.desc())
    .limit(1)
)


def sanction_of(connection: Connection, *, member_id: int, action: str) -> LogEntry | None:
    """The newest entry of this action about a person, as that person reads it, also while they are suspended."""
    seen = {**as_seen_by(ANONYMOUS), "viewer_id": member_id, "action": action}
    row = connection.execute(_ABOUT_PERSON, seen).one_or_none()
    return None if row is None else _entry(row)


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


class LogFigures(msgspec.Struct, frozen=True, kw_only=True):
    """How much was decided since a moment: in all, by a program alone, and undone."""

    decided: int
    automated: int
    undone: int


_FIGURES: Select[int, int, int] = select(
    func.count(),
    func.count().filter(_D.automated),
    func.count().filter(_D.action.in_(("restore-post", "restore-thread", "reopen-thread"))),
).where(_D.at >= bindparam("since", type_=UtcTime))


def log_figures(connection: Connection, *, since: datetime) -> LogFigures:
    """The log in three numbers."""
    decided, automated, undone = connection.execute(_FIGURES, {"since": since}).one()
    return LogFigures(decided=decided, automated=automated, undone=undone)


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
        commitment=row.commitment.hex(),
        about=row.about_number,
        salt=row.salt.hex() if row.salt is not None else "",
        state="redacted" if row.kept is None else "sound",
        text=row.text or "",
        target_id=row.target_id,
        thread_id=row.thread_id,
        thread_slug=row.slug or "",
        thread_title=row.title or "",
        thread_locale=row.locale or "",
        category_slug=row.place or "",
        category_name=row.place_name or "",
    )
