"""How somebody is bound to the company without belonging to it: partners, resellers, contractors.

A member declares it of themselves, an administrator confirms or ends it; until then it is shown as declared. Nobody bound so
speaks for the company. Who belongs to it is decided in `belonging`; of both kinds at most one is open, and staff declare nothing.
"""

from typing import Any

import msgspec
from sqlalchemy import BigInteger, Connection, bindparam, select
from sqlalchemy.orm import Session
from sqlalchemy.sql import Select

from forum.events import MemberChanged
from forum.kernel import outbox
from forum.kernel.access import Actor, require
from forum.kernel.clock import now
from forum.kernel.db import locked
from forum.kernel.errors import N_, Conflict, Invalid, Text
from forum.members import audit
from forum.members.finding import member_of
from forum.members.keys import checked_name
from forum.members.policies import may_administer, may_edit_profile, may_sign_in_settings
from forum.members.tables import Affiliation, Member

KINDS = ("partner", "reseller", "contractor")
DECLARED, CONFIRMED = "declared", "confirmed"

_A, _M = Affiliation.__table__.c, Member.__table__.c


class Bond(msgspec.Struct, frozen=True, kw_only=True):
    """How a member is bound to the company: as what, for which organisation, and whether an administrator confirmed it."""

    handle: str
    name: str
    kind: str
    organisation: str
    is_confirmed: bool


def declare(session: Session, actor: Actor, *, kind: str, organisation: str) -> None:
    """Say of oneself how one is bound to the company. It takes the place of what was said before, and waits to be confirmed.

    Raises:
        NotAllowed: nobody is signed in, or they may not change their profile.
        Invalid: there is no such kind, or the organisation's name will not do.
        Conflict: this is somebody of the company.
    """
    member = _own(session, actor)
    problems: dict[str, Text | str] = {}
    if kind not in KINDS:
        problems["kind"] = N_("Choose how you are bound to the company.")
    try:
        organisation = checked_name(organisation)
    except Invalid as refusal:
        problems["organisation"] = refusal.fields["name"]
    if problems:
        raise Invalid(problems)
    current = _open(session, member.id)
    if current is not None and current.kind == "staff":
        raise Conflict(N_("You belong to the company, and are shown so already."))
    if current is not None and (current.kind, current.team) == (kind, organisation):
        return
    _end(session, current)
    session.add(Affiliation(member_id=member.id, team=organisation, title="", proof=DECLARED, kind=kind, since=now()))
    _changed(session, member)


def withdraw(session: Session, actor: Actor) -> None:
    """Be bound no more, as far as one says so oneself. Where nothing was said, nothing changes.

    Raises:
        NotAllowed: nobody is signed in, or they may not change their profile.
    """
    member = _own(session, actor)
    current = _open(session, member.id)
    if current is not None and current.kind != "staff":
        _end(session, current)
        _changed(session, member)


def confirm(session: Session, actor: Actor, *, handle: str) -> None:
    """Confirm what a member declared; twice changes nothing.

    Raises:
        NotAllowed: only administrators may.
        NotFound: nobody has this handle.
        Conflict: they declared nothing.
    """
    member, current = _declared(session, actor, handle)
    if current.proof == CONFIRMED:
        return
    current.proof = CONFIRMED
    audit.record(session, actor, "affiliation.confirm", f"member:{member.id}", kind=current.kind, of=current.team)
    _changed(session, member)


def end(session: Session, actor: Actor, *, handle: str) -> None:
    """End what a member declared, confirmed or not.

    Raises:
        NotAllowed: only administrators may.
        NotFound: nobody has this handle.
        Conflict: they declared nothing.
    """
    member, current = _declared(session, actor, handle)
    _end(session, current)
    audit.record(session, actor, "affiliation.end", f"member:{member.id}", kind=current.kind, of=current.team)
    _changed(session, member)


_BONDS: Select[Any] = (
    select(_M.handle, _M.name, _A.kind, _A.team, _A.proof)
    .join(Member.__table__, _M.id == _A.member_id)
    .where(_A.until.is_(None), _A.kind.in_(KINDS), _M.deleted_at.is_(None))
)
_BOND = _BONDS.where(_A.member_id == bindparam("member_id", type_=BigInteger))
_WAITING = _BONDS.where(_A.proof == DECLARED).order_by(_A.since, _A.id).limit(200)


def bond_of(connection: Connection, *, member_id: int) -> Bond | None:
    """How a member is bound to the company, if they are."""
    row = connection.execute(_BOND, {"member_id": member_id}).one_or_none()
    return None if row is None else _bond(row)


def waiting_bonds(connection: Connection, actor: Actor) -> tuple[Bond, ...]:
    """What waits to be confirmed, the oldest first.

    Raises:
        NotAllowed: only administrators see it.
    """
    require(may_administer(actor))
    return tuple(_bond(row) for row in connection.execute(_WAITING))


def _bond(row: Any) -> Bond:
    return Bond(
        handle=row.handle, name=row.name, kind=row.kind, organisation=row.team, is_confirmed=row.proof == CONFIRMED
    )


def _own(session: Session, actor: Actor) -> Member:
    require(may_sign_in_settings(actor))
    member = locked(session, Member, actor.member_id or 0)
    require(may_edit_profile(actor, member))
    return member


def _declared(session: Session, actor: Actor, handle: str) -> tuple[Member, Affiliation]:
    require(may_administer(actor))
    member = locked(session, Member, member_of(session, handle).id)
    current = _open(session, member.id)
    if current is None or current.kind == "staff":
        raise Conflict(Text(N_("%(name)s has declared nothing."), name=member.name))
    return member, current


def _open(session: Session, member_id: int) -> Affiliation | None:
    found = select(Affiliation).where(Affiliation.member_id == member_id, Affiliation.until.is_(None))
    return session.scalar(found.execution_options(populate_existing=True))


def _end(session: Session, current: Affiliation | None) -> None:
    if current is not None:
        current.until = now()
        session.flush()  # before another is opened: at most one is


def _changed(session: Session, member: Member) -> None:
    session.flush()
    outbox.record(session, MemberChanged(member_id=member.id))
