"""What providers said of people and have not said again for long: to be looked at, and ended in time.

A provider speaks only when somebody signs in by it. Who left the company and signs in here by a password would be staff for ever;
so whatever a provider said holds for as many days as an administrator sets (`claim_days`), counted from the last sign-in there.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec
from sqlalchemy import BigInteger, Connection, String, and_, bindparam, cast, func, literal, or_, select, union_all
from sqlalchemy.orm import Session
from sqlalchemy.sql import Select

from forum.kernel.access import Actor, require
from forum.kernel.clock import now
from forum.kernel.db import Database, UtcTime, locked
from forum.members import belonging, grouping, site
from forum.members.policies import may_administer
from forum.members.tables import Affiliation, GroupMember, Identity, IdentityProvider, Member

_M, _A, _GM, _I, _P = (table.__table__.c for table in (Member, Affiliation, GroupMember, Identity, IdentityProvider))
_NEVER: Final = 90  # days from which on a claim that never ends is shown, halved like the others
_MOST: Final = 100


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """What a provider said of somebody long ago: that they belong to the company (`is_staff`), and how many groups it put them into.

    It ends at `ends_at` unless they sign in there before; None where claims never end.
    """

    handle: str
    name: str
    provider: str
    is_staff: bool
    groups: int
    renewed_at: datetime
    ends_at: datetime | None


_SAID = union_all(
    select(_A.member_id, _P.id.label("provider_id"), literal(1).label("staff"), literal(0).label("places"), _A.since)
    .join(IdentityProvider.__table__, _A.proof == literal(belonging.BY_PROVIDER) + _P.name)
    .where(_A.until.is_(None), _A.kind == "staff"),
    select(_GM.member_id, _P.id, literal(0), literal(1), _GM.since).join(
        IdentityProvider.__table__, _GM.source == literal(grouping.BY_CLAIM) + cast(_P.id, String)
    ),
).subquery()
_S = _SAID.c
_RENEWED = func.coalesce(func.max(func.coalesce(_I.last_used_at, _I.linked_at)), func.max(_S.since))
_ONE = bindparam("member_id", type_=BigInteger)
_OLD: Select[Any] = (
    select(
        _S.member_id, _S.provider_id, _M.handle, _M.name, _P.name.label("provider"), func.max(_S.staff).label("is_staff"),
        func.count(_GM.group_id.distinct()).label("groups"), _RENEWED.label("renewed_at"),
    )
    .join_from(_SAID, Member.__table__, _M.id == _S.member_id)
    .join(IdentityProvider.__table__, _P.id == _S.provider_id)
    .outerjoin(Identity.__table__, and_(_I.member_id == _S.member_id, _I.provider_id == _S.provider_id))
    .outerjoin(
        GroupMember.__table__,
        and_(_GM.member_id == _S.member_id, _GM.source == literal(grouping.BY_CLAIM) + cast(_S.provider_id, String)),
    )
    .where(_M.deleted_at.is_(None), or_(_ONE == 0, _S.member_id == _ONE))
    .group_by(_S.member_id, _S.provider_id, _M.handle, _M.name, _P.name)
    .having(bindparam("before", type_=UtcTime) > _RENEWED)
    .order_by(_RENEWED, _S.member_id)
    .limit(_MOST)
)  # fmt: skip


def old_claims(connection: Connection, actor: Actor) -> tuple[Claim, ...]:
    """What was not said again for half of the time that it holds, the oldest first, a hundred at most.

    Raises:
        NotAllowed: only administrators see it.
    """
    require(may_administer(actor))
    days = _days(connection)
    rows = _old(connection, timedelta(days=days or _NEVER) / 2)
    return tuple(
        Claim(
            handle=row.handle,
            name=row.name,
            provider=row.provider,
            is_staff=bool(row.is_staff),
            groups=row.groups,
            renewed_at=row.renewed_at,
            ends_at=None if days is None else row.renewed_at + timedelta(days=days),
        )
        for row in rows
    )


def end_the_old(db: Database, *, staff_domains: Sequence[str]) -> int:
    """End what was not said again in time: place in the company and groups; returns of how many people. A hundred a time.

    Whom an address of the company proves to belong to it, stays.
    """
    with db.transaction() as session:
        days = _days(session)
        if days is None:
            return 0
        life, ended = timedelta(days=days), 0
        for member_id in sorted({row.member_id for row in _old(session, life)}):
            locked(session, Member, member_id)
            said = _old(session, life, member_id=member_id)  # once more: they may have signed in meanwhile
            for row in said:
                grouping.follow_claim(session, member_id=member_id, provider_id=row.provider_id, claimed=())
                belonging.unclaimed(session, member_id, session.get_one(IdentityProvider, row.provider_id))
            if said:
                belonging.settle(session, member_id, staff_domains=staff_domains)
                ended += 1
        return ended


def _old(connection: Connection | Session, age: timedelta, *, member_id: int = 0) -> Sequence[Any]:
    return connection.execute(_OLD, {"before": now() - age, "member_id": member_id}).all()


def _days(connection: Connection | Session) -> int | None:
    """For how many days a claim holds; None for ever."""
    set_to = site.stored(connection).get("claim_days", site.SETTINGS["claim_days"].default)
    return None if set_to == site.FOR_EVER else int(set_to)
