"""People as administrators see them: found by what is known of them, and one of them with everything that hangs on the account."""

from datetime import datetime
from typing import Any, Final, Literal

import msgspec
from sqlalchemy import BigInteger, Connection, String, and_, bindparam, func, or_, select
from sqlalchemy.sql import Select

from forum.kernel.access import Actor, require
from forum.kernel.clock import now
from forum.kernel.db import UtcTime
from forum.kernel.errors import NotFound
from forum.kernel.paging import Page, decode_cursor, encode_cursor
from forum.members.keys import handle_key
from forum.members.policies import may_administer
from forum.members.tables import Affiliation, ApiToken, Group, GroupMember, Identity, MailAddress, Member, SignIn

Role = Literal["", "member", "staff", "moderator", "administrator"]
State = Literal["", "active", "unconfirmed", "silenced", "suspended", "deactivated", "imported", "bot"]
STATES: Final = ("active", "unconfirmed", "silenced", "suspended", "deactivated", "imported", "bot")
_M, _A, _E, _GM, _G, _S, _T, _I = (
    table.__table__.c for table in (Member, Affiliation, MailAddress, GroupMember, Group, SignIn, ApiToken, Identity)
)
_LAST = 2**62
_NOW = bindparam("now", type_=UtcTime)
_ADDRESS = (
    select(_E.address)
    .where(_E.member_id == _M.id)
    .order_by(_E.verified_at.is_(None), _E.id.desc())
    .limit(1)
    .correlate(Member.__table__)
    .scalar_subquery()
)
_CONFIRMED = (
    select(_E.id).where(_E.member_id == _M.id, _E.verified_at.is_not(None)).correlate(Member.__table__).exists()
)
_CLAIMED = select(_E.id).where(_E.member_id == _M.id).correlate(Member.__table__).exists()


class PersonLine(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody in the list. `address` is the confirmed one, else what they say is theirs; `team` is "" for customers."""

    id: int
    handle: str
    name: str
    role: str
    team: str
    kind: str
    address: str
    is_confirmed: bool
    points: int
    trust_level: int
    is_bot: bool
    is_imported: bool
    created_at: datetime
    silenced_until: datetime | None
    suspended_until: datetime | None
    deactivated_at: datetime | None


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Whom; what is left out narrows nothing. `words`: the beginning of a handle or an address, or a part of a name."""

    words: str = ""
    role: Role = ""
    group_id: int = 0
    state: State = ""


_COLUMNS = (
    _M.id, _M.handle, _M.name, _M.role, func.coalesce(_A.team, "").label("team"), func.coalesce(_A.kind, "").label("kind"),
    func.coalesce(_ADDRESS, "").label("address"), _CONFIRMED.label("is_confirmed"), _M.points, _M.trust_level, _M.is_bot,
    _M.is_imported, _M.created_at, _M.silenced_until, _M.suspended_until, _M.deactivated_at,
)  # fmt: skip
_FROM = Member.__table__.outerjoin(Affiliation.__table__, and_(_A.member_id == _M.id, _A.until.is_(None)))
_IN_STATE = {
    "": _M.id > 0,
    "active": and_(
        _M.deactivated_at.is_(None),
        _M.is_imported.is_(False),
        or_(_M.suspended_until.is_(None), _M.suspended_until <= _NOW),
    ),
    "unconfirmed": and_(_CLAIMED, ~_CONFIRMED),
    "silenced": _M.silenced_until > _NOW,
    "suspended": _M.suspended_until > _NOW,
    "deactivated": _M.deactivated_at.is_not(None),
    "imported": _M.is_imported.is_(True),
    "bot": _M.is_bot.is_(True),
}
_BEGINNING = bindparam("beginning", type_=String)
_WITH_ADDRESS = (
    select(_E.id)
    .where(_E.member_id == _M.id, _E.address_key.startswith(_BEGINNING))
    .correlate(Member.__table__)
    .exists()
)
_IN_GROUP = (
    select(_GM.group_id)
    .where(_GM.member_id == _M.id, _GM.group_id == bindparam("group_id", type_=BigInteger))
    .correlate(Member.__table__)
    .exists()
)


def _list(state: str) -> Select[Any]:
    role = bindparam("role", type_=String)
    return (
        select(*_COLUMNS)
        .select_from(_FROM)
        .where(
            _M.deleted_at.is_(None),
            _M.id < bindparam("before", type_=BigInteger),
            _IN_STATE[state],
            or_(role == "", _M.role == role, and_(role == "staff", _A.kind == "staff")),
            or_(bindparam("group_id", type_=BigInteger) == 0, _IN_GROUP),
            or_(
                _BEGINNING == "",
                _M.handle_key.startswith(_BEGINNING),
                func.lower(_M.name).contains(_BEGINNING),
                _WITH_ADDRESS,
            ),
        )
        .order_by(_M.id.desc())
        .limit(bindparam("limit"))
    )


_LISTS = {state: _list(state) for state in _IN_STATE}


def people_list(
    connection: Connection, actor: Actor, wanted: Wanted, *, cursor: str = "", limit: int = 20
) -> Page[PersonLine]:
    """People, the newest first; one select.

    Raises:
        NotAllowed: only administrators see them so.
        Invalid: the cursor is not one of ours.
    """
    require(may_administer(actor))
    values = {
        "before": decode_cursor(cursor, int)[0] if cursor else _LAST,
        "beginning": _plain(wanted.words),
        "role": wanted.role,
        "group_id": wanted.group_id,
        "limit": limit + 1,
        "now": now(),
    }
    rows = connection.execute(_LISTS[wanted.state], _needed(wanted.state, values)).all()
    items = tuple(_line(row) for row in rows[:limit])
    return Page(items=items, next=encode_cursor(items[-1].id) if len(rows) > limit else None)


def _plain(words: str) -> str:
    """Folded as handles and addresses are, without what stands for anything in a LIKE but the low line, which handles have."""
    return handle_key(words.strip().removeprefix("@").replace("\\", "").replace("%", ""))


def _needed(state: str, values: dict[str, Any]) -> dict[str, Any]:
    return values if state in ("active", "silenced", "suspended") else {k: v for k, v in values.items() if k != "now"}


def _line(row: Any) -> PersonLine:
    values = dict(row._mapping)
    return PersonLine(**values | {"is_confirmed": bool(values["is_confirmed"])})


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """A group that somebody is in; `source` says who put them there."""

    group_id: int
    name: str
    kind: str
    source: str


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """An address that somebody has, or says they have."""

    address: str
    verified_at: datetime | None


class Belonging(msgspec.Struct, frozen=True, kw_only=True):
    """A time in which somebody belonged to the company, or was bound to it. `until` is None while it lasts."""

    kind: str
    team: str
    title: str
    proof: str
    since: datetime
    until: datetime | None


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody, with everything that hangs on the account. Nothing here lets anybody in."""

    line: PersonLine
    addresses: tuple[Held, ...]
    groups: tuple[Place, ...]
    affiliations: tuple[Belonging, ...]
    sessions: int
    tokens: int
    identities: int

    @property
    def waits_for_mail(self) -> bool:
        return any(held.verified_at is None for held in self.addresses)

    @property
    def affiliation(self) -> Belonging | None:
        return next((one for one in self.affiliations if one.until is None), None)


_KEY = bindparam("member_id", type_=BigInteger)
_ONE = (
    select(*_COLUMNS).select_from(_FROM).where(_M.handle_key == bindparam("key", type_=String), _M.deleted_at.is_(None))
)
_HELD = select(_E.address, _E.verified_at).where(_E.member_id == _KEY).order_by(_E.id)
_PLACES = (
    select(_G.id.label("group_id"), _G.name, _G.kind, _GM.source)
    .join(GroupMember.__table__, _GM.group_id == _G.id)
    .where(_GM.member_id == _KEY)
    .order_by(_G.name_key)
)
_BELONGED = (
    select(_A.kind, _A.team, _A.title, _A.proof, _A.since, _A.until).where(_A.member_id == _KEY).order_by(_A.id.desc())
)
_COUNTS = select(
    select(func.count())
    .where(_S.member_id == _KEY, _S.revoked_at.is_(None), _S.expires_at > _NOW)
    .scalar_subquery()
    .label("sessions"),
    select(func.count()).where(_T.member_id == _KEY, _T.revoked_at.is_(None)).scalar_subquery().label("tokens"),
    select(func.count()).where(_I.member_id == _KEY).scalar_subquery().label("identities"),
)


def person_page(connection: Connection, actor: Actor, *, handle: str) -> Person:
    """One of them; five selects.

    Raises:
        NotAllowed: only administrators see them so.
        NotFound: nobody has this handle.
    """
    require(may_administer(actor))
    row = connection.execute(_ONE, {"key": handle_key(handle)}).one_or_none()
    if row is None:
        raise NotFound()
    of = {"member_id": row.id}
    return Person(
        line=_line(row),
        addresses=tuple(Held(**one._mapping) for one in connection.execute(_HELD, of)),
        groups=tuple(Place(**one._mapping) for one in connection.execute(_PLACES, of)),
        affiliations=tuple(Belonging(**one._mapping) for one in connection.execute(_BELONGED, of)),
        **connection.execute(_COUNTS, {**of, "now": now()}).mappings().one(),
    )
