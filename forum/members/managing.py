"""What administrators do with other people's accounts. Each act ends sessions where rights change, and leaves one receipt.

Suspending and silencing are decisions with a public reason, and go through moderation's door instead.
"""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from forum.events import MemberChanged
from forum.kernel import outbox
from forum.kernel.access import Actor, require
from forum.kernel.db import locked
from forum.kernel.errors import N_, Conflict, Invalid, Text
from forum.members import accounts, audit, belonging, groups, joining, mailing, passwords, signing_in, site
from forum.members.administrators import require_another
from forum.members.finding import member_of
from forum.members.policies import may_administer
from forum.members.tables import MailAddress, Member

ROLES = ("member", "moderator", "administrator")
PLACES = ("member", "staff", "moderator", "administrator")
"""The roles, and belonging to the company, as the command line calls them in one word."""
_MOST_TEAM, _MOST_TITLE = 60, 80


def promote(session: Session, actor: Actor, *, handle: str, place: str, team: str = "", title: str = "") -> None:
    """Give a member one of `PLACES`: "staff" makes them an employee, "member" takes role and place in the company away.

    Raises:
        NotAllowed: only administrators may.
        NotFound: nobody has this handle.
        Invalid: there is no such role, or team and title are too long.
        Conflict: it is the last administrator, or oneself.
    """
    member_id = id_of(session, actor, handle)
    if place == "staff":
        affiliate(session, actor, member_id=member_id, team=team or belonging.TEAM, title=title)
        return
    give_role(session, actor, member_id=member_id, role=place)
    if place == "member":
        end_affiliation(session, actor, member_id=member_id)


def give_role(session: Session, actor: Actor, *, member_id: int, role: str) -> None:
    """Give a member a role, or with "member" take theirs away. Whether they belong to the company is another matter.

    Raises:
        NotAllowed: only administrators may.
        NotFound: there is no such member.
        Invalid: there is no such role.
        Conflict: it is the last administrator, or oneself.
    """
    require(may_administer(actor))
    if role not in ROLES:
        raise Invalid({"role": N_("Choose one of the roles.")})
    if role != "administrator":
        _keep_one(session, actor, member_id)
    member = _member(session, member_id)
    if member.role == role:
        return
    before, member.role = member.role, role
    _renew(session, member)
    audit.record(session, actor, "member.role", f"member:{member.id}", before={"role": before}, after={"role": role})


def _keep_one(session: Session, actor: Actor, member_id: int) -> None:
    member = session.get(Member, member_id, populate_existing=True)
    if member is not None and member.role == "administrator":
        require_another(session, actor, member)


def affiliate(session: Session, actor: Actor, *, member_id: int, team: str, title: str) -> None:
    """Say that somebody belongs to the company: every post of theirs shows it from now on.

    Raises:
        NotAllowed: only administrators may.
        NotFound: there is no such member.
        Invalid: no team, or words that are too long.
    """
    require(may_administer(actor))
    team, title = " ".join(team.split()), " ".join(title.split())
    _check_badge(team, title)
    member = _member(session, member_id)
    belonging.affiliate(session, member, team=team, title=title, proof=actor.via or "administrator")
    _renew(session, member)
    audit.record(session, actor, "member.affiliate", f"member:{member.id}", team=team, title=title)


def _check_badge(team: str, title: str) -> None:
    problems: dict[str, Text | str] = {}
    if not team:
        problems["team"] = N_("Say which team: it stands beside every post.")
    if len(team) > _MOST_TEAM:
        problems["team"] = Text(N_("Use at most %(most)d characters."), most=_MOST_TEAM)
    if len(title) > _MOST_TITLE:
        problems["title"] = Text(N_("Use at most %(most)d characters."), most=_MOST_TITLE)
    if problems:
        raise Invalid(problems)


def end_affiliation(session: Session, actor: Actor, *, member_id: int) -> None:
    """Say that somebody belongs to the company no longer. What they wrote keeps the badge they wore then.

    Of somebody who does not belong to it nothing changes.

    Raises:
        NotAllowed: only administrators may.
        NotFound: there is no such member.
    """
    require(may_administer(actor))
    member = _member(session, member_id)
    if not belonging.is_staff(session, member.id):
        return
    belonging.end(session, member.id)
    _renew(session, member)
    audit.record(session, actor, "member.end-affiliation", f"member:{member.id}")


def mark_bot(session: Session, actor: Actor, *, member_id: int, is_bot: bool) -> None:
    """Say that an account is a program's, or that it is none: everything it wrote shows so.

    Raises:
        NotAllowed: only administrators may.
        NotFound: there is no such member.
    """
    require(may_administer(actor))
    member = _member(session, member_id)
    if member.is_bot == is_bot:
        return
    before, member.is_bot = member.is_bot, is_bot
    outbox.record(session, MemberChanged(member_id=member.id))
    site.touch(session)  # the mark stands on threads that are kept for visitors until something changes
    audit.record(session, actor, "member.bot", f"member:{member.id}", before={"bot": before}, after={"bot": is_bot})


def end_sessions(session: Session, actor: Actor, *, member_id: int) -> None:
    """Sign somebody out everywhere, and end their programs' tokens and the links that were mailed to them.

    Raises:
        NotAllowed: only administrators may.
        NotFound: there is no such member.
    """
    require(may_administer(actor))
    member = _member(session, member_id)
    accounts.lock_out(session, member_id=member.id)
    audit.record(session, actor, "member.end-sessions", f"member:{member.id}")


def verify(session: Session, actor: Actor, *, member_id: int, staff_domains: Sequence[str]) -> None:
    """Take an administrator's word that the address a member gave is theirs, as if they had followed the link.

    Raises:
        NotAllowed: only administrators may.
        NotFound: there is no such member.
        Conflict: no address of theirs waits for that, or it may not be this account's.
        Gone: it became somebody else's meanwhile.
    """
    require(may_administer(actor))
    member = _member(session, member_id)
    waiting = joining.waiting_address(session, member.id)
    if waiting is None:
        raise Conflict(N_("No address waits to be confirmed."))
    if why := belonging.refusal(session, member_id=member.id, address=waiting, staff_domains=staff_domains):
        raise Conflict(why)
    joining.own(session, member_id=member.id, address=waiting)
    belonging.settle(session, member.id, staff_domains=staff_domains)
    audit.record(session, actor, "member.verify", f"member:{member.id}")


def mail_again(session: Session, actor: Actor, *, member_id: int) -> None:
    """Send a member the link that confirms their address once more.

    Raises:
        NotAllowed: only administrators may.
        NotFound: there is no such member.
        Conflict: no address of theirs waits for that, or it had its share of mails for today.
    """
    require(may_administer(actor))
    member = _member(session, member_id)
    waiting = joining.waiting_address(session, member.id)
    if waiting is None:
        raise Conflict(N_("No address waits to be confirmed."))
    has_one = select(MailAddress.id).where(MailAddress.member_id == member.id, MailAddress.verified_at.is_not(None))
    kind = "verify" if session.scalar(has_one) is None else "change"
    if not mailing.queue_typed(session, kind=kind, address=waiting, member_id=member.id):
        raise Conflict(N_("This address had its share of mails for today. Try again tomorrow."))
    audit.record(session, actor, "member.mail-again", f"member:{member.id}")


def create(
    session: Session,
    actor: Actor,
    *,
    handle: str,
    mail: str,
    password: str,
    name: str = "",
    role: str = "member",
    staff_domains: Sequence[str] = (),
) -> Member:
    """Open an account for somebody, with a role from the start. Their address is taken to be theirs.

    With an address of the company they belong to it, as if they had confirmed it themselves.

    Raises:
        NotAllowed: only administrators may.
        Invalid: with a sentence for each field that needs mending.
    """
    require(may_administer(actor))
    if role not in ROLES:
        raise Invalid({"role": N_("Choose one of the roles.")})
    passwords.checked(password)
    if why := belonging.refusal(session, member_id=None, address=mail, staff_domains=staff_domains):
        raise Invalid({"mail": why})
    member = accounts.register(session, handle=handle, mail=mail, name=name, password=password)
    member.role = role
    groups.keep_automatic(session, member)
    audit.record(session, actor, "member.create", f"member:{member.id}", role=role)
    belonging.settle(session, member.id, staff_domains=staff_domains)
    return member


def _member(session: Session, member_id: int) -> Member:
    member = locked(session, Member, member_id)
    if member.deleted_at is not None:
        raise Conflict(N_("This account is deleted; nothing can be changed about it."))
    return member


def _renew(session: Session, member: Member) -> None:
    """A session from before must not carry over what was, or was not, allowed then; and whoever shows them hears of it."""
    groups.keep_automatic(session, member)
    signing_in.end_all(session, member_id=member.id)
    outbox.record(session, MemberChanged(member_id=member.id))


def id_of(session: Session, actor: Actor, handle: str) -> int:
    """The member with this handle.

    Raises:
        NotAllowed: only administrators manage accounts; others are not told whether there is one.
        NotFound: nobody has it.
    """
    require(may_administer(actor))
    return member_of(session, handle).id
