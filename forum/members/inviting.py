"""Invitations: links that open accounts, with a role and a group, for so many people and so long."""

import secrets
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec
from sqlalchemy import BigInteger, Connection, String, bindparam, select, update
from sqlalchemy.orm import Session
from sqlalchemy.sql import Select

from forum.kernel.access import Actor, require
from forum.kernel.clock import now
from forum.kernel.errors import N_, Gone, Invalid, NotFound, Text
from forum.kernel.paging import Page, decode_cursor, encode_cursor
from forum.members import audit, groups, joining
from forum.members.actors import actor_of
from forum.members.policies import may_administer
from forum.members.signing_in import token_hash
from forum.members.tables import Group, GroupMember, Invitation, Member

ROLES: Final = ("member", "moderator", "administrator")
"""What an invitation can make of somebody. Who belongs to the company is proven otherwise, and never by a link."""
MOST_PEOPLE, MOST_DAYS = 1_000, 365
FILLED_BY_HAND = ("manual", "company")
_LAST = 2**62

_I, _G, _M = Invitation.__table__.c, Group.__table__.c, Member.__table__.c
_JOINED = Invitation.__table__.outerjoin(Group.__table__, _G.id == _I.group_id).outerjoin(
    Member.__table__, _M.id == _I.by_member_id
)
_COLUMNS = (
    _I.id, _I.note, _I.role, _G.name.label("group"), _I.most, _I.used, _M.handle.label("by"), _I.created_at, _I.expires_at,
    _I.revoked_at,
)  # fmt: skip
_LIST: Select[Any] = (
    select(*_COLUMNS)
    .select_from(_JOINED)
    .where(_I.id < bindparam("before", type_=BigInteger))
    .order_by(_I.id.desc())
    .limit(bindparam("limit"))
)
_ONE: Select[Any] = (
    select(*_COLUMNS, _I.by_member_id)
    .select_from(_JOINED)
    .where(_I.token_hash == bindparam("token_hash", type_=String))
)
_OVER = N_("This invitation is used up, too old, or was taken back. Ask whoever sent it for a new one.")


class InvitationLine(msgspec.Struct, frozen=True, kw_only=True):
    """An invitation as administrators see it. The link itself was shown once and is nowhere."""

    id: int
    note: str
    role: str
    group: str | None
    most: int
    used: int
    by: str | None
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None

    def is_open(self, at: datetime) -> bool:
        """Whether somebody can still come in with it."""
        return self.revoked_at is None and self.used < self.most and self.expires_at > at


def make(
    session: Session, actor: Actor, *, note: str = "", role: str = "member", group_id: int | None = None,
    most: int = 1, days: int = 7,
) -> str:  # fmt: skip
    """Make an invitation for `most` people within `days`; returns the key of its link, for the only time.

    Raises:
        NotAllowed: only administrators may.
        Invalid: with a sentence for each field that needs mending.
    """
    require(may_administer(actor))
    _check(session, note=note, role=role, group_id=group_id, most=most, days=days)
    key, moment = secrets.token_urlsafe(24), now()
    invitation = Invitation(
        token_hash=token_hash(key), note=note.strip(), role=role, group_id=group_id, most=most, by_member_id=actor.member_id,
        created_at=moment, expires_at=moment + timedelta(days=days),
    )  # fmt: skip
    session.add(invitation)
    session.flush()
    about = {"role": role, "group": group_id, "most": most, "days": days}
    audit.record(session, actor, "invitation.make", f"invitation:{invitation.id}", **about)
    return key


def _check(session: Session, *, note: str, role: str, group_id: int | None, most: int, days: int) -> None:
    problems: dict[str, Text] = {}
    if len(note.strip()) > 120:
        problems["note"] = Text(N_("Use at most %(most)d characters."), most=120)
    if role not in ROLES:
        problems["role"] = Text(N_("Choose one of the roles."))
    if group_id is not None:
        group = session.get(Group, group_id)
        if group is None or group.kind not in FILLED_BY_HAND:
            problems["group"] = Text(N_("Choose a group that is filled by hand."))
    if not 1 <= most <= MOST_PEOPLE:
        problems["most"] = Text(N_("Between 1 and %(most)d people."), most=MOST_PEOPLE)
    if not 1 <= days <= MOST_DAYS:
        problems["days"] = Text(N_("Between 1 and %(most)d days."), most=MOST_DAYS)
    if problems:
        raise Invalid(problems)


def revoke(session: Session, actor: Actor, *, invitation_id: int) -> None:
    """Take an invitation back: nobody comes in with it any more. Who came in stays.

    Raises:
        NotAllowed: only administrators may.
        NotFound: there is none with this id, or it was taken back already.
    """
    require(may_administer(actor))
    done = session.execute(
        update(Invitation)
        .where(Invitation.id == invitation_id, Invitation.revoked_at.is_(None))
        .values(revoked_at=now())
        .returning(Invitation.id)
    ).one_or_none()
    if done is None:
        raise NotFound()
    audit.record(session, actor, "invitation.revoke", f"invitation:{invitation_id}")


def invitation_list(connection: Connection, actor: Actor, *, cursor: str = "", limit: int = 20) -> Page[InvitationLine]:
    """The invitations, the newest first.

    Raises:
        NotAllowed: only administrators see them.
        Invalid: the cursor is not one of ours.
    """
    require(may_administer(actor))
    before = decode_cursor(cursor, int)[0] if cursor else _LAST
    rows = connection.execute(_LIST, {"before": before, "limit": limit + 1}).all()
    items = tuple(InvitationLine(**row._mapping) for row in rows[:limit])
    return Page(items=items, next=encode_cursor(items[-1].id) if len(rows) > limit else None)


def look(connection: Connection, *, key: str) -> InvitationLine:
    """What an invitation offers, for the page that asks before anything happens.

    Raises:
        Gone: it is none of ours, or not good any more.
    """
    row = connection.execute(_ONE, {"token_hash": token_hash(key)}).mappings().one_or_none()
    if row is None:
        raise Gone(_OVER)
    line = InvitationLine(**{name: row[name] for name in InvitationLine.__struct_fields__})
    if not line.is_open(now()) or not _stands(connection, row["by_member_id"]):
        raise Gone(_OVER)
    return line


def redeem(session: Session, *, key: str, handle: str, mail: str, password: str, locale: str = "") -> Member:
    """Open an account with an invitation: what it brings is what was written down when it was made.

    Of any number who come at once, as many succeed as it is for.

    Raises:
        NotAllowed: nobody comes in at present, invited or not.
        Gone: the invitation is not good any more.
        Invalid: with a sentence for each field that needs mending; then nothing is used up.
    """
    member = joining.join(session, handle=handle, mail=mail, password=password, locale=locale, is_invited=True)
    invitation = _taken(session, key)
    member.role = invitation.role
    if invitation.group_id is not None:
        session.add(GroupMember(group_id=invitation.group_id, member_id=member.id, since=now()))
    session.flush()
    groups.keep_automatic(session, member)
    actor = actor_of(session, member.id)
    audit.record(session, actor, "invitation.redeem", f"invitation:{invitation.id}", role=invitation.role)
    return member


def _taken(session: Session, key: str) -> Invitation:
    """One statement counts and checks, so no two can take the last place. A refusal undoes the account with it."""
    taken = session.execute(
        update(Invitation)
        .where(
            Invitation.token_hash == token_hash(key),
            Invitation.revoked_at.is_(None),
            Invitation.expires_at > now(),
            Invitation.used < Invitation.most,
        )
        .values(used=Invitation.used + 1)
        .returning(Invitation)
        .execution_options(populate_existing=True)
    ).scalar_one_or_none()
    if taken is None or not _stands(session, taken.by_member_id):
        raise Gone(_OVER)
    return taken


def _stands(connection: Connection | Session, by_member_id: int | None) -> bool:
    """Whether whoever invited could still do so: what somebody handed out ends with their own right to."""
    return by_member_id is None or actor_of(connection, by_member_id).can("administer")
