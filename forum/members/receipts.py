"""The receipts of privileged actions, as administrators read them: narrowed by who, what, about what and when."""

from datetime import datetime
from typing import Any, Final

import msgspec
from sqlalchemy import BigInteger, Connection, Integer, String, bindparam, or_, select
from sqlalchemy.sql import Select

from forum.kernel.access import Actor, require
from forum.kernel.db import UtcTime
from forum.kernel.paging import Page, decode_cursor, encode_cursor
from forum.members.keys import handle_key
from forum.members.policies import may_administer
from forum.members.tables import AuditEntry, Group, Member

_A, _M, _G = AuditEntry.__table__.c, Member.__table__.c, Group.__table__.c
_LAST = 2**62


class AuditLine(msgspec.Struct, frozen=True, kw_only=True):
    """A privileged action on the installation. `by` is "" where no person acted: `voice` is "command line" or "system".

    `subject` is a kind and an id ("member:7"); `name` is what that is called, where it is a person or a group that is still there.
    """

    id: int
    at: datetime
    by: str
    voice: str
    action: str
    subject: str
    name: str
    detail: dict[str, Any]


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which receipts; what is left out narrows nothing. `about` is the handle of whom it was done to, `action` may be its beginning, `subject` its kind alone."""

    by: str = ""
    about: str = ""
    action: str = ""
    subject: str = ""
    since: datetime | None = None
    until: datetime | None = None


_HANDLE: Select[Any] = select(_M.id).where(_M.handle_key == bindparam("key", type_=String))


def _text(name: str) -> Any:
    return bindparam(name, type_=String)


_ANY: Select[Any] = (
    select(_A.id, _A.at, _M.handle, _A.voice, _A.action, _A.subject, _A.detail)
    .outerjoin(Member.__table__, _M.id == _A.member_id)
    .where(
        _A.id < bindparam("before", type_=BigInteger),
        _A.action.startswith(_text("action")),
        or_(bindparam("is_since", type_=Integer) == 0, _A.at >= bindparam("since", type_=UtcTime)),
        or_(bindparam("is_until", type_=Integer) == 0, _A.at < bindparam("until", type_=UtcTime)),
    )
    .order_by(_A.id.desc())
    .limit(bindparam("limit"))
)
_ONE_SUBJECT = _A.subject == _text("subject")
_OF_KIND = or_(_text("subject") == "", _ONE_SUBJECT, _A.subject.startswith(_text("subject_begins")))
_ONE_PERSON = _A.member_id == bindparam("by", type_=BigInteger)
_AUDIT: Final = {
    (of_one, by_one): _ANY.where(_ONE_SUBJECT if of_one else _OF_KIND, *([_ONE_PERSON] if by_one else []))
    for of_one in (False, True)
    for by_one in (False, True)
}
"""By whether one thing and one person are asked for: each is a range of an index then, however many receipts there are."""
_MEMBERS: Select[Any] = select(_M.id, _M.handle).where(
    _M.id.in_(bindparam("ids", expanding=True)), _M.deleted_at.is_(None)
)
_GROUPS: Select[Any] = select(_G.id, _G.name).where(_G.id.in_(bindparam("ids", expanding=True)))
_EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")


def audit_list(
    connection: Connection, actor: Actor, wanted: Wanted | None = None, *, cursor: str = "", limit: int = 20
) -> Page[AuditLine]:
    """Privileged actions on the installation, the newest first; at most five selects.

    Raises:
        NotAllowed: only administrators see it.
        Invalid: the cursor is not one of ours.
    """
    require(may_administer(actor))
    before = decode_cursor(cursor, int)[0] if cursor else _LAST
    values = _values(connection, wanted or Wanted())
    statement = _AUDIT[":" in values["subject"], "by" in values]
    rows = connection.execute(statement, {"before": before, "limit": limit + 1, **values}).all()
    names = _names(connection, [row.subject for row in rows[:limit]])
    items = tuple(
        AuditLine(
            id=row.id,
            at=row.at,
            by=row.handle or "",
            voice=row.voice,
            action=row.action,
            subject=row.subject,
            name=names.get(row.subject, ""),
            detail=row.detail,
        )
        for row in rows[:limit]
    )
    return Page(items=items, next=encode_cursor(items[-1].id) if len(rows) > limit else None)


def _values(connection: Connection, wanted: Wanted) -> dict[str, Any]:
    subject = f"member:{_id_of(connection, wanted.about)}" if wanted.about else wanted.subject
    by = {"by": _id_of(connection, wanted.by)} if wanted.by else {}
    return {
        **by,
        "action": _plain(wanted.action),
        "subject": subject,
        "subject_begins": _plain(subject) + ":",
        "is_since": int(wanted.since is not None),
        "since": wanted.since or _EPOCH,
        "is_until": int(wanted.until is not None),
        "until": wanted.until or _EPOCH,
    }


def _id_of(connection: Connection, handle: str) -> int:
    """Whose handle it is; 0 for nobody's, of whom there is no receipt."""
    return connection.execute(_HANDLE, {"key": handle_key(handle.removeprefix("@"))}).scalar_one_or_none() or 0


def _plain(text: str) -> str:
    """Without what stands for anything in a LIKE. No action and no kind of subject has it, but for the low line."""
    return text.replace("\\", "").replace("%", "")


def _names(connection: Connection, subjects: list[str]) -> dict[str, str]:
    """What the people and groups among the subjects are called now."""
    found: dict[str, str] = {}
    for kind, statement in (("member", _MEMBERS), ("group", _GROUPS)):
        ids = {
            int(key)
            for subject in subjects
            for own, _, key in [subject.partition(":")]
            if own == kind and key.isdigit()
        }
        if ids:
            found |= {f"{kind}:{row[0]}": row[1] for row in connection.execute(statement, {"ids": sorted(ids)})}
    return found
