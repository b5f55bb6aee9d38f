"""What the screens, the API and the command line show of connections and deliveries. Reads only."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

import msgspec
from sqlalchemy import (
    BigInteger,
    Connection,
    Row,
    Select,
    String,
    and_,
    bindparam,
    func,
    literal_column,
    or_,
    select,
    type_coerce,
    union,
)

from crm_sync.policies import may_see_connections
from crm_sync.tables import Connection as ConnectionRow
from crm_sync.tables import CrmDelivery, DeliveryStep, RemoteLink, unpacked
from crm_sync.words import STEPS
from forum.articles.tables import Article
from forum.kernel.access import Actor, require
from forum.kernel.clock import now
from forum.kernel.db import UtcTime
from forum.kernel.errors import NotFound, Text
from forum.kernel.paging import Page, decode_cursor, encode_cursor
from forum.kernel.prepared import Prepared
from forum.threads.tables import Post, Thread

DEAD = ("parked", "held")
_OPEN = ("waiting", "running", "unsure", "held", "parked")
_HOURS = 24
_A_DAY = timedelta(hours=_HOURS)


class ConnectionHealth(msgspec.Struct, frozen=True, kw_only=True):
    """One connection, and how it does. `counts` has every state but done; `oldest_waiting_at` is the lag.

    `by_hour` is how much was delivered in each of the last 24 hours, the oldest first.
    """

    id: int
    name: str
    connector: str
    target: str
    state: str
    why: Text | None
    failures: int
    paused_until: datetime | None
    breaker_until: datetime | None
    budget: int | None
    last_success_at: datetime | None
    oldest_waiting_at: datetime | None
    by_hour: tuple[int, ...]
    counts: Mapping[str, int]

    @property
    def delivered_in_a_day(self) -> int:
        return sum(self.by_hour)

    @property
    def health(self) -> str:
        """ "held", "trouble" (it does not answer, or something waits for a person), or "well"."""
        if self.state == "held":
            return "held"
        in_trouble = self.failures or self.counts["parked"] or self.counts["held"] or self.counts["unsure"]
        return "trouble" if in_trouble else "well"


class DeliveryLine(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery in a list. `reason` is a code of `words.REASONS`, `why` the sentence where something went wrong."""

    id: int
    connection_id: int
    connection: str
    kind: str
    local_id: int
    key: str
    title: str
    cause: str
    state: str
    reason: str | None
    why: Text | None
    attempt: int
    created_at: datetime
    not_before: datetime
    settled_at: datetime | None

    @property
    def is_dead(self) -> bool:
        return self.state in DEAD


class StepLine(msgspec.Struct, frozen=True, kw_only=True):
    """A line of a timeline. `text` says what happened, `note` the details."""

    at: datetime
    what: str
    text: Text
    note: Text | None
    attempt: int


class ConnectionsPage(msgspec.Struct, frozen=True, kw_only=True):
    """All connections, and the newest deliveries that wait for a person."""

    connections: tuple[ConnectionHealth, ...]
    dead: tuple[DeliveryLine, ...]

    @property
    def dead_count(self) -> int:
        return sum(each.counts["parked"] + each.counts["held"] for each in self.connections)


class DeliveryPage(msgspec.Struct, frozen=True, kw_only=True):
    """One delivery with its timeline, and the record over there."""

    delivery: DeliveryLine
    steps: tuple[StepLine, ...]
    remote_id: str | None
    remote_url: str | None


class OwnShare(msgspec.Struct, frozen=True, kw_only=True):
    """A thread that was told to the company's system and is a member's own, or solved by them. `kind`: "case" or "idea"."""

    kind: str
    connection: str
    at: datetime
    thread_id: int
    slug: str
    title: str
    locale: str


class Share(msgspec.Struct, frozen=True, kw_only=True):
    """That a thread was told to the company's system, as what, and when last."""

    connection: str
    kind: str
    at: datetime


_c, _d, _s, _l = (table.__table__.c for table in (ConnectionRow, CrmDelivery, DeliveryStep, RemoteLink))
_thread, _article, _post = Thread.__table__.c, Article.__table__.c, Post.__table__.c

_CONNECTIONS = select(
    _c.id,
    _c.name,
    _c.connector,
    _c.config,
    _c.state,
    _c.why,
    _c.failures,
    _c.paused_until,
    _c.breaker_until,
    _c.budget,
    _c.last_success_at,
).order_by(_c.id)
_COUNTS = (
    select(_c.id, _d.state, func.count().label("number"), func.min(_d.created_at, type_=UtcTime).label("oldest"))
    .join_from(ConnectionRow.__table__, CrmDelivery.__table__, and_(_d.connection_id == _c.id, _d.state.in_(_OPEN)))
    .group_by(_c.id, _d.state)
)
_HOUR = 3_600_000_000  # microseconds, as the databases keep time
_since = bindparam("since", type_=UtcTime)
_hour = (type_coerce(_d.settled_at, BigInteger) - type_coerce(_since, BigInteger)) // literal_column(
    str(_HOUR), BigInteger
)
_DELIVERED = (
    select(_c.id, _hour.label("hour"), func.count().label("number"))
    .join_from(
        ConnectionRow.__table__,
        CrmDelivery.__table__,
        and_(_d.connection_id == _c.id, _d.settled_at >= _since, _d.state == "done"),
    )
    .group_by(_c.id, literal_column("hour"))
)
_LINES: Select[Any] = (
    select(
        _d.id,
        _d.connection_id,
        _c.name.label("connection"),
        _c.installation,
        _d.kind,
        _d.local_id,
        func.coalesce(_thread.title, _article.title, "").label("title"),
        _d.cause,
        _d.state,
        _d.reason,
        _d.why,
        _d.attempt,
        _d.created_at,
        _d.not_before,
        _d.settled_at,
    )
    .join_from(CrmDelivery.__table__, ConnectionRow.__table__, _c.id == _d.connection_id)
    .outerjoin(Thread.__table__, and_(_d.kind.in_(("case", "idea")), _thread.id == _d.local_id))
    .outerjoin(Article.__table__, and_(_d.kind == "article", _article.id == _d.local_id))
)
_ONE = _LINES.where(_d.id == bindparam("id", type_=BigInteger))
_STEPS = (
    select(_s.at, _s.what, _s.note, _s.attempt)
    .where(_s.delivery_id == bindparam("id", type_=BigInteger))
    .order_by(_s.id)
)
_REMOTE = select(_l.remote_id, _l.url).where(
    _l.connection_id == bindparam("connection_id", type_=BigInteger),
    _l.kind == bindparam("kind", type_=String),
    _l.local_id == bindparam("local_id", type_=BigInteger),
)
_SHARES = Prepared(
    select(_c.name.label("connection"), _l.kind, _l.updated_at.label("at"))
    .join_from(RemoteLink.__table__, ConnectionRow.__table__, _c.id == _l.connection_id)
    .where(
        or_(_l.kind == "case", _l.kind == "idea"),
        _l.local_id == bindparam("thread_id", type_=BigInteger),
        _l.remote_id.is_not(None),
        _l.withdrawn.is_(False),
    )
    .order_by(_c.id),
    lambda connection, kind, at: Share(connection=connection, kind=kind, at=at),
)


_ME = bindparam("member_id", type_=BigInteger)
_MINE = union(
    select(_thread.id).where(_thread.author_id == _ME),
    select(_post.thread_id).where(
        _post.author_id == _ME, or_(_post.accepted_at.is_not(None), _post.official_at.is_not(None))
    ),
)
OWN_SHARES = (
    select(
        _l.kind, _c.name.label("connection"), _l.updated_at.label("at"), _thread.id.label("thread_id"), _thread.slug,
        _thread.title, _thread.locale,
    )
    .join_from(RemoteLink.__table__, ConnectionRow.__table__, _c.id == _l.connection_id)
    .join(Thread.__table__, and_(_thread.id == _l.local_id, _l.kind.in_(("case", "idea"))))
    .where(_thread.id.in_(_MINE), _l.remote_id.is_not(None), _l.withdrawn.is_(False))
)  # fmt: skip
"""What of a member's own the company's systems hold now, all of it; bind `member_id`."""
_NEWEST_SHARES = OWN_SHARES.order_by(_l.updated_at.desc(), _l.id.desc()).limit(100)


def connections_page(connection: Connection, actor: Actor) -> ConnectionsPage:
    """Every connection with its health, and the first deliveries that wait for a person.

    Raises:
        NotAllowed: this actor does not manage connections.
    """
    require(may_see_connections(actor))
    dead = connection.execute(_list(state=DEAD, connection=False), {"before": _ENDLESS, "most": 20}).all()
    return ConnectionsPage(connections=_connections(connection), dead=tuple(_line(row) for row in dead))


def _connections(connection: Connection) -> tuple[ConnectionHealth, ...]:
    counts: dict[int, dict[str, int]] = {}
    oldest: dict[int, datetime] = {}
    for row in connection.execute(_COUNTS):
        counts.setdefault(row.id, dict.fromkeys(_OPEN, 0))[row.state] = row.number
        if row.state in ("waiting", "unsure"):
            oldest[row.id] = min(row.oldest, oldest.get(row.id, row.oldest))
    delivered: dict[int, list[int]] = {}
    for row in connection.execute(_DELIVERED, {"since": now() - _A_DAY}):
        delivered.setdefault(row.id, [0] * _HOURS)[min(row.hour, _HOURS - 1)] += row.number
    return tuple(
        ConnectionHealth(
            id=row.id,
            name=row.name,
            connector=row.connector,
            target=row.config.get("url", ""),
            state=row.state,
            why=unpacked(row.why),
            failures=row.failures,
            paused_until=row.paused_until,
            breaker_until=row.breaker_until,
            budget=row.budget,
            last_success_at=row.last_success_at,
            oldest_waiting_at=oldest.get(row.id),
            by_hour=tuple(delivered.get(row.id, [0] * _HOURS)),
            counts=counts.get(row.id) or dict.fromkeys(_OPEN, 0),
        )
        for row in connection.execute(_CONNECTIONS)
    )


def deliveries_list(
    connection: Connection,
    actor: Actor,
    *,
    state: str = "",
    connection_id: int = 0,
    cursor: str | None = None,
    limit: int = 20,
) -> Page[DeliveryLine]:
    """Deliveries, the newest first; of one state ("dead" is parked and held) or one connection where given.

    Raises:
        NotAllowed: this actor does not manage connections.
        Invalid: the cursor is not one of ours.
    """
    require(may_see_connections(actor))
    before = _ENDLESS if cursor is None else decode_cursor(cursor, int)[0]
    states = DEAD if state == "dead" else (state,) if state else ()
    statement = _list(state=states, connection=bool(connection_id))
    given = {"before": before, "most": limit + 1} | ({"connection_id": connection_id} if connection_id else {})
    rows = connection.execute(statement, given).all()
    following = encode_cursor(rows[limit - 1].id) if len(rows) > limit else None
    return Page(items=tuple(_line(row) for row in rows[:limit]), next=following)


_ENDLESS = 2**63 - 1


@lru_cache(maxsize=32)  # of each combination one, made when it is first asked for
def _list(*, state: tuple[str, ...], connection: bool) -> Select[Any]:
    found = _LINES.where(_d.id < bindparam("before", type_=BigInteger)).order_by(_d.id.desc()).limit(bindparam("most"))
    if state:
        found = found.where(or_(*(_d.state == each for each in state)))
    if connection:
        found = found.where(_d.connection_id == bindparam("connection_id", type_=BigInteger))
    return found


def delivery_page(connection: Connection, actor: Actor, *, delivery_id: int) -> DeliveryPage:
    """One delivery, step by step.

    Raises:
        NotAllowed: this actor does not manage connections.
        NotFound: there is no such delivery.
    """
    require(may_see_connections(actor))
    row = connection.execute(_ONE, {"id": delivery_id}).one_or_none()
    if row is None:
        raise NotFound()
    line = _line(row)
    steps = connection.execute(_STEPS, {"id": delivery_id}).all()
    subject = {"connection_id": line.connection_id, "kind": line.kind, "local_id": line.local_id}
    remote = connection.execute(_REMOTE, subject).one_or_none()
    return DeliveryPage(
        delivery=line,
        steps=_timeline(steps),
        remote_id=None if remote is None else remote.remote_id,
        remote_url=None if remote is None else remote.url,
    )


def shares_of(connection: Connection, *, thread_id: int) -> tuple[Share, ...]:
    """With which systems of the company a thread is shared now, for the thread's own page: nothing leaves in secret."""
    return tuple(_SHARES.all(connection, {"thread_id": thread_id}))


def own_shares(connection: Connection, actor: Actor) -> tuple[OwnShare, ...]:
    """What of a member's own the company's systems hold now, the last hundred, the newest first."""
    rows = connection.execute(_NEWEST_SHARES, {"member_id": actor.member_id})
    return tuple(OwnShare(**row._mapping) for row in rows)


def _timeline(rows: Iterable[Any]) -> tuple[StepLine, ...]:
    return tuple(
        StepLine(at=row.at, what=row.what, text=Text(STEPS[row.what]), note=unpacked(row.note), attempt=row.attempt)
        for row in rows
    )


def _line(row: Row[Any]) -> DeliveryLine:
    return DeliveryLine(
        id=row.id,
        connection_id=row.connection_id,
        connection=row.connection,
        kind=row.kind,
        local_id=row.local_id,
        key=f"{row.installation}:{row.kind}:{row.local_id}",
        title=row.title,
        cause=row.cause,
        state=row.state,
        reason=row.reason,
        why=unpacked(row.why),
        attempt=row.attempt,
        created_at=row.created_at,
        not_before=row.not_before,
        settled_at=row.settled_at,
    )
