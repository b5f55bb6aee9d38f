"""The only place that builds an `Actor`, for pages, API, jobs, mail and command line alike."""

from dataclasses import replace
from datetime import datetime

import msgspec
from sqlalchemy import BigInteger, Connection, String, and_, bindparam, exists, select
from sqlalchemy.orm import Session

from forum.kernel.access import ANONYMOUS, GROUPS, IN_ONES_OWN_NAME, MEMBERS, PUBLIC, STAFF, Actor, Role, rights_of
from forum.kernel.clock import now
from forum.kernel.prepared import Prepared
from forum.members.affiliations import CONFIRMED
from forum.members.signing_in import SEEN_EVERY, token_hash
from forum.members.tables import Affiliation, Identity, MailAddress, Member, SignIn
from forum.visibility import categories_in_charge_of, categories_of_groups_of

_M, _A, _S, _E, _I = (table.__table__.c for table in (Member, Affiliation, SignIn, MailAddress, Identity))
_WITH_AFFILIATION = Member.__table__.outerjoin(Affiliation.__table__, and_(_A.member_id == _M.id, _A.until.is_(None)))
_PLACES, _CHARGES = categories_of_groups_of(_M.id), categories_in_charge_of(_M.id)
# Who has no address at all came by a proof of another kind, or never signs in.
_UNVERIFIED = and_(
    exists().where(_E.member_id == _M.id, _E.verified_at.is_(None)).correlate(Member.__table__),
    ~exists().where(_E.member_id == _M.id, _E.verified_at.is_not(None)).correlate(Member.__table__),
    ~exists().where(_I.member_id == _M.id).correlate(Member.__table__),  # and adds one afterwards, perhaps
).label("is_unverified")
_COLUMNS = (
    _M.id, _M.handle, _M.name, _M.role, _M.points, _M.trust_level, _M.privileges, _M.locale, _M.time_zone, _M.avatar,
    _M.is_bot, _M.suspended_until, _M.silenced_until, _M.deleted_at, _M.deactivated_at, _A.team, _A.title,
    _A.kind, _A.proof,
    _UNVERIFIED, _PLACES.label("places"), _CHARGES.label("charges"),
)  # fmt: skip


class _Account(msgspec.Struct, frozen=True):
    """A member with what decides about them, in the order of `_COLUMNS`; then what their session says, where one is asked for."""

    id: int
    handle: str
    name: str
    role: Role
    points: int
    trust_level: int
    privileges: list[str]
    locale: str
    time_zone: str
    avatar: str
    is_bot: bool
    suspended_until: datetime | None
    silenced_until: datetime | None
    deleted_at: datetime | None
    deactivated_at: datetime | None
    team: str | None
    title: str | None
    kind: str | None
    proof: str | None
    is_unverified: bool
    places: str | None
    charges: str | None
    last_seen_at: datetime | None = None
    expires_at: datetime | None = None

    @property
    def has_left(self) -> bool:
        return self.deleted_at is not None or self.deactivated_at is not None


_ACTOR = Prepared(
    select(*_COLUMNS).select_from(_WITH_AFFILIATION).where(_M.id == bindparam("member_id", type_=BigInteger)), _Account
)
_SIGNED_IN = Prepared(
    select(*_COLUMNS, _S.last_seen_at, _S.expires_at)
    .select_from(SignIn.__table__.join(_WITH_AFFILIATION, _M.id == _S.member_id))
    .where(_S.token_hash == bindparam("token_hash", type_=String), _S.revoked_at.is_(None)),
    _Account,
)

SYSTEM = Actor(
    member_id=None,
    handle="loggia",
    name="Loggia",
    role="administrator",
    rights=rights_of("administrator", is_staff=False),
    clearance=GROUPS,
    via="system",
)
"""The house itself: jobs and rules that act for nobody in particular."""

COMMAND_LINE = replace(SYSTEM, via="command line")
"""Whoever runs `loggia` on the machine. Receipts say so."""


def actor_of(connection: Connection | Session, member_id: int | None) -> Actor:
    """Who acts, with what they may do right now. Nobody, an unknown member or one who left is anonymous."""
    if member_id is None:
        return ANONYMOUS
    own = connection.connection() if isinstance(connection, Session) else connection
    found = _ACTOR.first(own, {"member_id": member_id})
    return ANONYMOUS if found is None else _actor(found)


def actor_signed_in(connection: Connection, token: str) -> tuple[Actor, bool] | None:
    """The actor behind a session's token, in one select, and whether `signing_in.seen` is due.

    None for a token that is not, or no longer, good.
    """
    found = _SIGNED_IN.first(connection, {"token_hash": token_hash(token)})
    moment = now()
    if found is None or found.has_left or found.expires_at is None or found.expires_at <= moment:
        return None
    return _actor(found), found.last_seen_at is None or moment - found.last_seen_at > SEEN_EVERY


def _actor(row: _Account) -> Actor:
    if row.has_left:
        return ANONYMOUS
    is_staff, is_bound, role = row.kind == "staff", row.kind is not None and row.kind != "staff", row.role
    suspended = row.suspended_until is not None and row.suspended_until > now()
    silenced = row.silenced_until is not None and row.silenced_until > now()
    as_public = suspended or row.is_unverified
    only_reads = as_public or silenced
    places, charges = ("", "") if only_reads else (row.places or "", row.charges or "")
    return Actor(
        member_id=row.id,
        handle=row.handle,
        name=row.name,
        role=role,
        is_staff=is_staff,
        team=(row.team or "") if is_staff else "",
        title=(row.title or "") if is_staff else "",
        bond=(row.kind or "") if is_bound else "",
        organisation=(row.team or "") if is_bound else "",
        bond_is_confirmed=is_bound and row.proof == CONFIRMED,
        points=row.points,
        trust_level=row.trust_level,
        privileges=frozenset() if only_reads else frozenset(row.privileges),
        rights=frozenset() if only_reads else rights_of(role, is_staff=is_staff),
        # anybody can type an address, so who has not shown that it is theirs sees what everybody sees
        clearance=PUBLIC if as_public else clearance_of(role, is_staff=is_staff),
        locale=row.locale,
        time_zone=row.time_zone,
        avatar=row.avatar,
        is_bot=row.is_bot,
        suspended=suspended,
        silenced=silenced,
        unverified=row.is_unverified,
        opens_in=_ids(places, "o"),
        replies_in=_ids(places, "r"),
        moderates=_ids(charges),
    )


def clearance_of(role: Role, *, is_staff: bool) -> int:
    """What somebody sees by what they are; what their groups let them see comes on top."""
    if role == "administrator":
        return GROUPS
    return STAFF if is_staff else MEMBERS


def _ids(places: str, right: str = "") -> frozenset[int]:
    """The categories of a list such as "3or 8r", those whose letters have `right` in them."""
    return frozenset(int(place.rstrip("or")) for place in places.split() if right in place)


_LOOKING = frozenset({"post:see-hidden", "article:review", "moderate", "administer"})
"""Rights that also open what is only read."""


def with_scopes(actor: Actor, scopes: list[str]) -> Actor:
    """The actor as a token lets them act: what the token's scopes leave out, they may not.

    Without `moderate` somebody acts in their own name alone, whatever role they have and whatever they earned.
    """
    kept = actor
    if "write" not in scopes:
        kept = replace(kept, privileges=frozenset(), rights=kept.rights & _LOOKING)
    if "moderate" not in scopes:
        kept = replace(
            kept,
            privileges=kept.privileges & IN_ONES_OWN_NAME,
            rights=kept.rights & (IN_ONES_OWN_NAME | {"administer"}),
            moderates=frozenset(),
        )
    if "administer" not in scopes:
        kept = replace(kept, rights=kept.rights - {"administer"}, clearance=min(kept.clearance, STAFF))
    return kept
