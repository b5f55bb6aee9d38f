"""Coming in from a provider: the way there and back, in one browser, and what becomes of who arrives.

Nobody gets into an account by a mail address. A provider's issuer and subject are who somebody is; they belong to an account
because it was opened with them, or because its owner, signed in to it, connected them.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from datetime import timedelta
from typing import Final

import msgspec
from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from forum.events import MemberRegistered
from forum.kernel import outbox
from forum.kernel.access import Actor, require
from forum.kernel.clock import now
from forum.kernel.errors import N_, Conflict, Invalid, Text
from forum.members import audit, belonging, grouping, groups, mailing, site
from forum.members.actors import SYSTEM
from forum.members.belonging import SECOND_ACCOUNT, Claimed
from forum.members.keys import address_key, checked_handle, checked_name, handle_key
from forum.members.oidc import Trusted
from forum.members.oidc.claims import Said
from forum.members.policies import may_sign_in_settings
from forum.members.tables import Arrival, Identity, IdentityProvider, MailAddress, Member

LIFE: Final = timedelta(minutes=15)  # to type a password elsewhere, and to choose a handle
KEPT: Final = timedelta(days=1)  # a state stays used for longer than any token lives
_OVER: Final = Text(
    N_("This sign-in was begun in another browser, was used already, or took too long. Begin once more.")
)


class Came(msgspec.Struct, frozen=True, kw_only=True):
    """What becomes of who arrived: exactly one of the four.

    `member_id`: they are in, as this member. `chooses_handle`: there is no account yet, they may open one. `confirms`: they are
    signed in and want this connected. `refused`: why not.
    """

    member_id: int | None = None
    chooses_handle: bool = False
    confirms: bool = False
    refused: Text | None = None


class Journey(msgspec.Struct, frozen=True, kw_only=True):
    """A way that was begun in this browser: where it leads afterwards, and the form it carries."""

    id: int
    next: str
    carried: str
    member_id: int | None


def browser_hash(binding: bytes) -> str:
    """What is kept of a browser: the SHA-256 (hex) of what only it holds."""
    return hashlib.sha256(b"loggia arrival\0" + binding).hexdigest()


def _state_hash(state: str) -> str:
    return hashlib.sha256(state.encode(errors="replace")).hexdigest()


def new_state() -> str:
    """What a provider gives back with whom it sends back."""
    return secrets.token_urlsafe(32)


def begin(
    session: Session,
    state: str,
    *,
    provider_id: int,
    browser: str,
    to: str = "/",
    carried: str = "",
    member_id: int | None = None,
) -> None:
    """Begin a way to a provider, and from there to `to`. `member_id` is who wants to connect; without, somebody signs in."""
    moment = now()
    session.execute(delete(Arrival).where(Arrival.expires_at < moment - KEPT))
    # What has expired holds nothing of anybody any more, only that its state was used.
    session.execute(
        update(Arrival)
        .where(Arrival.expires_at < moment, Arrival.claims.is_not(None) | (Arrival.carried != ""))
        .values(claims=None, carried="")
    )
    session.add(
        Arrival(
            provider_id=provider_id,
            state_hash=_state_hash(state),
            browser_hash=browser,
            member_id=member_id,
            next=to,
            carried=carried,
            created_at=moment,
            expires_at=moment + LIFE,
        )
    )


def returned(session: Session, *, provider_id: int, state: str, browser: str) -> Journey:
    """Take the one return that a state is good for. Of two at once, one comes through; to be committed before anything else.

    Raises:
        Conflict: another browser began it, it was taken, or it is too late.
    """
    row = session.execute(
        update(Arrival)
        .where(
            Arrival.state_hash == _state_hash(state),
            Arrival.browser_hash == browser,
            Arrival.provider_id == provider_id,
            Arrival.called_at.is_(None),
            Arrival.expires_at > now(),
        )
        .values(called_at=now())
        .returning(Arrival.id, Arrival.next, Arrival.carried, Arrival.member_id)
        .execution_options(synchronize_session=False)
    ).one_or_none()
    if row is None:
        raise Conflict(_OVER)
    return Journey(id=row.id, next=row.next, carried=row.carried, member_id=row.member_id)


def come(session: Session, journey: Journey, provider: Trusted, said: Said, *, staff_domains: Sequence[str]) -> Came:
    """Decide what becomes of who arrived. A refusal may report something to the administrators, so commit it."""
    known = session.execute(
        select(Identity, Member.deleted_at)
        .join(Member, Member.id == Identity.member_id)
        .where(Identity.issuer == said.issuer, Identity.subject == said.subject)
        .with_for_update(key_share=True, of=Member)
    ).one_or_none()
    if journey.member_id is not None:
        return _connecting(session, journey, said, None if known is None else known.Identity, staff_domains)
    if known is not None:
        if known.deleted_at is not None:
            return Came(refused=Text(N_("This account was deleted.")))
        return _back(session, known.Identity, provider, said, staff_domains)
    return _newcomer(session, journey, provider, said, staff_domains)


def _back(session: Session, identity: Identity, provider: Trusted, said: Said, staff_domains: Sequence[str]) -> Came:
    """Somebody whom we know: what the provider says of them counts from now on."""
    identity.last_used_at, identity.address = now(), _kept(said)
    settle(session, identity.member_id, provider, said, staff_domains=staff_domains)
    return Came(member_id=identity.member_id)


def _kept(said: Said) -> str:
    """What is kept of the address that a provider names: nothing, unless it has verified it."""
    return said.address if said.address_is_verified else ""


def settle(session: Session, member_id: int, provider: Trusted, said: Said, *, staff_domains: Sequence[str]) -> None:
    """Make of a member what the provider says: groups gained and lost, staff status gained and lost."""
    row = session.get_one(IdentityProvider, provider.id)
    is_staff = bool(provider.staff_group) and provider.staff_group in said.groups
    claimed = Claimed(provider=row, is_staff=is_staff, team=said.team, title=said.title)
    belonging.settle_claimed(session, member_id, claimed, staff_domains=staff_domains)
    if provider.group_claim:
        grouping.follow_claim(session, member_id=member_id, provider_id=provider.id, claimed=said.groups)


def _newcomer(session: Session, journey: Journey, provider: Trusted, said: Said, staff_domains: Sequence[str]) -> Came:
    if why := site.why_closed(session, is_invited=True):
        return Came(refused=why)
    if not provider.opens_accounts:
        return Came(
            refused=Text(
                N_("%(name)s opens no accounts here. Sign in, then connect it in your settings."), name=provider.name
            )
        )
    refused = _address_refused(session, provider, said, staff_domains)
    if refused is not None:
        return Came(refused=refused)
    session.execute(update(Arrival).where(Arrival.id == journey.id).values(claims=msgspec.to_builtins(said)))
    return Came(chooses_handle=True)


def _address_refused(session: Session, provider: Trusted, said: Said, staff_domains: Sequence[str]) -> Text | None:
    """Why no account can be opened with the address. One that is not verified says nothing, so nothing is answered about it."""
    if not said.address_is_verified:
        return None
    if (
        why := belonging.refusal(session, member_id=None, address=said.address, staff_domains=staff_domains)
    ) is not None:
        return why
    if _is_taken(session, said.address):
        return Text(
            N_("Your address belongs to an account here. Sign in to it, then connect %(name)s in your settings."),
            name=provider.name,
        )
    return None


def _is_taken(session: Session, address: str) -> bool:
    same = select(MailAddress.id).where(
        MailAddress.address_key == address_key(address), MailAddress.verified_at.is_not(None)
    )
    return session.scalar(same.limit(1)) is not None


def waiting(session: Session, *, provider_id: int, browser: str, member_id: int | None = None) -> tuple[Arrival, Said]:
    """The arrival of this browser that waits for a handle, or (with `member_id`) for a confirmation.

    Raises:
        Conflict: there is none, or no longer.
    """
    arrival = session.scalar(
        select(Arrival)
        .where(
            Arrival.browser_hash == browser,
            Arrival.provider_id == provider_id,
            Arrival.member_id.is_(None) if member_id is None else Arrival.member_id == member_id,
            Arrival.settled_at.is_(None),
            Arrival.claims.is_not(None),
            Arrival.expires_at > now(),
        )
        .order_by(Arrival.id.desc())
        .limit(1)
        .with_for_update()
    )
    if arrival is None or arrival.claims is None:
        raise Conflict(_OVER)
    return arrival, msgspec.convert(arrival.claims, Said)


def open_account(
    session: Session,
    provider: Trusted,
    *,
    browser: str,
    handle: str,
    name: str,
    locale: str,
    staff_domains: Sequence[str],
) -> tuple[Came, Journey]:
    """Open an account for who arrived, with the handle that they chose.

    Raises:
        Invalid: (field "handle" or "name") it cannot be had.
        Conflict: nobody waits in this browser, or this very person has an account meanwhile.
    """
    arrival, said = waiting(session, provider_id=provider.id, browser=browser)
    refused = site.why_closed(session, is_invited=True) or _address_refused(session, provider, said, staff_domains)
    journey = Journey(id=arrival.id, next=arrival.next, carried=arrival.carried, member_id=None)
    if refused is not None:
        _finish(arrival)
        return Came(refused=refused), journey
    member = _member(session, said, handle=handle, name=name, locale=locale)
    _tie(session, member.id, provider, said)
    _finish(arrival)
    groups.keep_automatic(session, member)
    outbox.record(session, MemberRegistered(member_id=member.id))
    settle(session, member.id, provider, said, staff_domains=staff_domains)
    return Came(member_id=member.id), journey


def _member(session: Session, said: Said, *, handle: str, name: str, locale: str) -> Member:
    problems: dict[str, Text] = {}
    for check, value in ((checked_handle, handle), (checked_name, name or handle)):
        try:
            check(value)
        except Invalid as error:
            problems.update(error.fields)
    if problems:
        raise Invalid(problems)
    handle, moment = checked_handle(handle), now()
    member = Member(
        handle=handle, handle_key=handle_key(handle), name=checked_name(name or handle), locale=locale, created_at=moment
    )  # fmt: skip
    try:
        with session.begin_nested():
            session.add(member)
    except IntegrityError:
        raise Invalid({"handle": N_("Somebody has this name already. Choose another.")}) from None
    if said.address_is_verified:
        session.add(
            MailAddress(
                member_id=member.id,
                address=said.address,
                address_key=address_key(said.address),
                verified_at=moment,
                created_at=moment,
            )
        )
    return member


def _tie(session: Session, member_id: int, provider: Trusted, said: Said) -> None:
    moment = now()
    identity = Identity(
        member_id=member_id,
        provider_id=provider.id,
        issuer=said.issuer,
        subject=said.subject,
        address=_kept(said),
        linked_at=moment,
        last_used_at=moment,
    )
    try:
        with session.begin_nested():
            session.add(identity)
    except IntegrityError:  # of the identity, or of the address that the same flush wrote
        raise Conflict(_OVER) from None


def _finish(arrival: Arrival) -> None:
    """It can be used no more, and holds nothing of anybody."""
    arrival.settled_at, arrival.claims, arrival.carried = now(), None, ""


# Connecting


def _connecting(
    session: Session, journey: Journey, said: Said, known: Identity | None, staff_domains: Sequence[str]
) -> Came:
    member_id = journey.member_id or 0
    if known is not None:
        if known.member_id == member_id:
            return Came(refused=Text(N_("This is connected with your account already.")))
        if belonging.is_staff(session, known.member_id):
            audit.record(
                session, SYSTEM, SECOND_ACCOUNT, f"member:{member_id}",
                employee=known.member_id, why="same identity",
            )  # fmt: skip
        return Came(refused=Text(N_("This belongs to another account here. Sign in with it to get there.")))
    if not said.address_is_verified:
        sentence = N_("The provider has not verified your mail address, so it cannot be connected.")
        return Came(refused=Text(sentence))
    why = belonging.refusal(session, member_id=member_id, address=said.address, staff_domains=staff_domains)
    if why is not None:
        return Came(refused=why)
    session.execute(update(Arrival).where(Arrival.id == journey.id).values(claims=msgspec.to_builtins(said)))
    return Came(confirms=True)


def connect(session: Session, actor: Actor, provider: Trusted, *, browser: str, staff_domains: Sequence[str]) -> None:
    """Connect what waits for it with the account of whoever is signed in, who has just confirmed it.

    Its owner is told by mail: whoever got at a session could make a lasting way in of it.

    Raises:
        NotAllowed: nobody is signed in.
        Conflict: nothing waits in this browser for this member, or it belongs to somebody meanwhile.
    """
    require(may_sign_in_settings(actor))
    member_id = actor.member_id or 0
    arrival, said = waiting(session, provider_id=provider.id, browser=browser, member_id=member_id)
    _tie(session, member_id, provider, said)
    _finish(arrival)
    audit.record(session, actor, "identity.connect", f"member:{member_id}", provider=provider.id)
    mailing.queue(
        session,
        kind="connected",
        cause=f"connected:{arrival.id}",
        member_id=member_id,
        values={"provider": provider.name},
    )
    settle(session, member_id, provider, said, staff_domains=staff_domains)
