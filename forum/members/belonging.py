"""Who belongs to the company, and by which proof: the one place that decides it.

Three proofs make staff: an administrator's hand, a group that an identity provider claims, and a verified mail address of one of
the company's domains. The hand stands until it is taken away; the others are looked at anew whenever an address is verified or
somebody comes in by a provider. Nobody chooses it for themselves, and nobody of the company has a second, customer account.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec
from sqlalchemy import Connection, bindparam, select
from sqlalchemy.orm import Session

from forum.events import MemberChanged
from forum.kernel import outbox
from forum.kernel.access import Actor, require
from forum.kernel.clock import now
from forum.kernel.db import UtcTime, locked
from forum.kernel.errors import N_, Text
from forum.members import audit, groups, signing_in
from forum.members.actors import SYSTEM
from forum.members.keys import address_key, domain_key
from forum.members.policies import may_administer
from forum.members.tables import Affiliation, AuditEntry, IdentityProvider, MailAddress, Member

TEAM = "Company"  # of whom no proof names a team
SECOND_ACCOUNT = "member.second-account"
"""The audit entry that tells administrators of an employee's second account."""
_M, _A = Member.__table__.c, AuditEntry.__table__.c
_BY_DOMAIN, BY_PROVIDER = "mail domain ", "provider "
"""How a proof begins; the name of the domain or the provider follows."""


class Settled(msgspec.Struct, frozen=True, kw_only=True):
    """What looking at the proofs changed.

    `changed`: the member became staff, or is so no longer; every session of theirs has ended, so whoever is in the middle of a
    request signs that browser in again. `refused`: an address could not stay with the account, and why.
    """

    changed: bool = False
    refused: Text | None = None


class Claimed(msgspec.Struct, frozen=True, kw_only=True):
    """What a provider says of somebody's place in the company, at this sign-in."""

    provider: IdentityProvider
    is_staff: bool
    team: str = ""
    title: str = ""


def settle(session: Session, member_id: int, *, staff_domains: Sequence[str]) -> Settled:
    """Make of a member what their verified addresses prove; to be called whenever one was verified, or was taken away.

    An address that may not be this account's (see `refusal`) loses its verification again. Whoever changes an address asks
    `refusal` before the old one goes.
    """
    member = locked(session, Member, member_id)
    for held in _verified(session, member_id):
        why = refusal(session, member_id=member_id, address=held.address, staff_domains=staff_domains)
        if why is not None:
            held.verified_at = None
            session.flush()
            return Settled(changed=_settle_by_domain(session, member, staff_domains), refused=why)
    return Settled(changed=_settle_by_domain(session, member, staff_domains))


def settle_claimed(session: Session, member_id: int, claimed: Claimed, *, staff_domains: Sequence[str]) -> Settled:
    """Make of a member what a provider has just said, then what their addresses prove."""
    member = locked(session, Member, member_id)
    current = _open(session, member_id)
    proof = proof_of(claimed.provider)
    if claimed.is_staff:
        return Settled(changed=_claim(session, member, current, claimed, proof))
    lost = current is not None and current.proof == proof
    if lost:
        end(session, member_id)
    found = settle(session, member_id, staff_domains=staff_domains)
    if lost and not found.changed:
        _renew(session, member, "member.left-staff", proof)
        return Settled(changed=True, refused=found.refused)
    return found


def unclaimed(session: Session, member_id: int, provider: IdentityProvider) -> bool:
    """End what a provider proved of somebody whom it vouches for no more; returns whether it did, and ended their sessions.

    Whoever calls it asks `settle` afterwards: an address may prove the same.
    """
    current, proof = _open(session, member_id), proof_of(provider)
    if current is None or current.proof != proof:
        return False
    end(session, member_id)
    return _renew(session, locked(session, Member, member_id), "member.left-staff", proof)


def refusal(session: Session, *, member_id: int | None, address: str, staff_domains: Sequence[str]) -> Text | None:
    """Why an address may not be verified for an account (None: one that is about to be opened); None where it may.

    Refused is an address by which an employee would have a second account, and one of the company's on the account of a
    customer. A refusal is reported to the administrators in this transaction, so commit it.
    """
    if member_id is not None and is_staff(session, member_id):
        return None
    employee = _employee_with(session, address, besides=member_id)
    if employee is not None:
        _report(session, account=member_id, employee=employee, why="same person")
        return Text(N_("Somebody of the company has one account. You have one already: sign in with that."))
    if member_id is not None and company_domain(address, staff_domains) and _has_others(session, member_id, address):
        _report(session, account=member_id, employee=None, why="company address on a customer account")
        return Text(
            N_("An address of the company cannot be added to a customer’s account. The administrators have been told.")
        )
    return None


def is_staff(session: Session, member_id: int) -> bool:
    """Whether somebody belongs to the company at present."""
    current = _open(session, member_id)
    return current is not None and current.kind == "staff"


def company_domain(address: str, staff_domains: Sequence[str]) -> str:
    """The company's domain that this address is of, or nothing. A domain is compared whole: no ending, no subdomain."""
    domain = address_key(address).rpartition("@")[2]
    return next((own for own in staff_domains if domain and domain_key(own) == domain), "")


def proof_of(provider: IdentityProvider) -> str:
    """How an affiliation names the provider that proves it."""
    return (BY_PROVIDER + provider.name)[:80]


def affiliate(session: Session, member: Member, *, team: str, title: str, proof: str) -> None:
    """Open a staff affiliation; the one that is open ends."""
    end(session, member.id)
    session.flush()
    session.add(
        Affiliation(member_id=member.id, team=(team or TEAM)[:60], title=title[:80], proof=proof[:80], since=now())
    )
    groups.keep_automatic(session, member)


def end(session: Session, member_id: int) -> None:
    """End the open affiliation, if there is one."""
    current = _open(session, member_id)
    if current is not None:
        current.until = now()
        groups.keep_automatic(session, locked(session, Member, member_id))


def _settle_by_domain(session: Session, member: Member, staff_domains: Sequence[str]) -> bool:
    domains = [company_domain(held.address, staff_domains) for held in _verified(session, member.id)]
    domain = next(filter(None, domains), "")
    current = _open(session, member.id)
    if domain and (current is None or current.kind != "staff"):
        proof = _BY_DOMAIN + domain
        affiliate(session, member, team="", title="", proof=proof)
        _report_twins(session, member)
        return _renew(session, member, "member.joined-staff", proof)
    if not domain and current is not None and current.proof.startswith(_BY_DOMAIN):
        proof = current.proof
        end(session, member.id)
        return _renew(session, member, "member.left-staff", proof)
    return False


def _claim(session: Session, member: Member, current: Affiliation | None, claimed: Claimed, proof: str) -> bool:
    """What an administrator or another provider says of somebody's place is not ours to change."""
    already = current is not None and current.kind == "staff"
    if current is not None and already and current.proof != proof and not current.proof.startswith(_BY_DOMAIN):
        return False
    team, title = (claimed.team or TEAM)[:60], claimed.title[:80]
    if current is not None and already and (current.proof, current.team, current.title) == (proof, team, title):
        return False
    affiliate(session, member, team=team, title=title, proof=proof)
    if already:  # the same person at another desk
        outbox.record(session, MemberChanged(member_id=member.id))
        return False
    _report_twins(session, member)
    return _renew(session, member, "member.joined-staff", proof)


def _renew(session: Session, member: Member, action: str, proof: str) -> bool:
    """A session from before must not carry over what was, or was not, allowed then."""
    session.flush()
    signing_in.end_all(session, member_id=member.id)
    audit.record(session, SYSTEM, action, f"member:{member.id}", proof=proof)
    outbox.record(session, MemberChanged(member_id=member.id))
    return True


class SecondAccount(msgspec.Struct, frozen=True, kw_only=True):
    """What administrators look at: an employee, and the other account (where there is one) that is theirs, or would be."""

    at: datetime
    account: str
    employee: str
    why: str


def second_accounts(session: Connection, actor: Actor, *, since: datetime) -> list[SecondAccount]:
    """What was reported since a moment, the newest first, twenty at most.

    Raises:
        NotAllowed: only administrators see it.
    """
    require(may_administer(actor))
    entries = session.execute(_REPORTS, {"since": since}).all()
    numbers = {int(row.subject.removeprefix("member:")) for row in entries} | {
        row.detail["employee"] for row in entries
    }
    found = session.execute(
        select(_M.id, _M.handle).where(_M.id.in_(number for number in numbers if number is not None))
    )
    handles = {row.id: row.handle for row in found}
    return [
        SecondAccount(
            at=row.at,
            account=handles.get(int(row.subject.removeprefix("member:")), ""),
            employee=handles.get(row.detail["employee"], ""),
            why=row.detail["why"],
        )
        for row in entries
    ]


_REPORTS = (
    select(_A.at, _A.subject, _A.detail)
    .where(_A.action == SECOND_ACCOUNT, _A.at >= bindparam("since", type_=UtcTime))
    .order_by(_A.id.desc())
    .limit(20)
)


# Who is the same person


def _employee_with(session: Session, address: str, *, besides: int | None) -> int | None:
    """Another member, of the company, who has this mailbox."""
    for member_id in _who_has(session, address_key(address)):
        if member_id != besides and is_staff(session, member_id):
            return member_id
    return None


def _report_twins(session: Session, member: Member) -> None:
    """Accounts that a new employee had before are not closed by us, but the administrators hear of them."""
    others = {other for held in _verified(session, member.id) for other in _who_has(session, held.address_key)}
    for other in sorted(others - {member.id}):
        _report(session, account=other, employee=member.id, why="account from before")


def _who_has(session: Session, key: str) -> list[int]:
    """The members who have verified this mailbox: the same address, whatever stands after a plus."""
    mailbox = _mailbox(key)
    local = mailbox.rpartition("@")[0]
    # From "anna+" to before "anna,": a range that the index serves on both databases.
    near = (MailAddress.address_key >= f"{local}+") & (MailAddress.address_key < f"{local},")
    found = session.execute(
        select(MailAddress.address_key, MailAddress.member_id).where(
            near | (MailAddress.address_key == mailbox), MailAddress.verified_at.is_not(None)
        )
    )
    return [row.member_id for row in found if _mailbox(row.address_key) == mailbox]


def _mailbox(key: str) -> str:
    """The key of an address without what stands after a plus, which most mail servers leave aside (RFC 5233)."""
    local, _, domain = key.rpartition("@")
    return f"{local.partition('+')[0] or local}@{domain}"


def _report(session: Session, *, account: int | None, employee: int | None, why: str) -> None:
    subject = account if account is not None else employee
    audit.record(session, SYSTEM, SECOND_ACCOUNT, f"member:{subject}", employee=employee, why=why)


def _verified(session: Session, member_id: int) -> Sequence[MailAddress]:
    """The newest first, since that is the one that has just been verified."""
    held = select(MailAddress).where(MailAddress.member_id == member_id, MailAddress.verified_at.is_not(None))
    return session.scalars(held.order_by(MailAddress.verified_at.desc(), MailAddress.id.desc())).all()


def _has_others(session: Session, member_id: int, address: str) -> bool:
    return any(held.address_key != address_key(address) for held in _verified(session, member_id))


def _open(session: Session, member_id: int) -> Affiliation | None:
    return session.scalar(select(Affiliation).where(Affiliation.member_id == member_id, Affiliation.until.is_(None)))
