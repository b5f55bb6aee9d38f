"""Accounts: registering, changing what one says of oneself, passwords."""

from collections.abc import Callable

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from forum.events import MemberChanged, MemberRegistered, MemberRenamed
from forum.kernel import markdown, outbox
from forum.kernel.access import Actor, require
from forum.kernel.clock import now
from forum.kernel.db import locked
from forum.kernel.errors import N_, Invalid, Text
from forum.members import mailed_keys, mailing, passwords, signing_in, tokens
from forum.members.keys import address_key, checked_address, checked_handle, checked_name, handle_key
from forum.members.policies import may_edit_profile, may_sign_in_settings
from forum.members.tables import Credential, MailAddress, Member

LONGEST_BIO = 2_000


def register(
    session: Session,
    *,
    handle: str,
    mail: str,
    password: str | None,
    name: str = "",
    locale: str = "",
    is_verified: bool = True,
) -> Member:
    """Open an account for somebody whose address is known to be theirs. Without a password nobody can sign in with one.

    With `is_verified` off the address is only what they say: nobody is asked whether it is taken, nobody is kept from it, and
    until they show that it is theirs they may read, no more. What people fill in themselves goes through `joining.join`.

    Raises:
        Invalid: with a sentence for each field that needs mending; a handle or address that is taken says so.
    """
    handle, mail, name, password_hash = _checked(handle, mail, name or handle, password)
    member = Member(handle=handle, handle_key=handle_key(handle), name=name, locale=locale, created_at=now())
    try:
        with session.begin_nested():
            session.add(member)
            session.flush()
            session.add(_address(member.id, mail, is_verified=is_verified))
            if password_hash is not None:
                session.add(Credential(member_id=member.id, password_hash=password_hash, changed_at=now()))
    except IntegrityError:
        raise _taken(session, handle, mail) from None
    outbox.record(session, MemberRegistered(member_id=member.id))
    return member


def _address(member_id: int, mail: str, *, is_verified: bool) -> MailAddress:
    moment = now()
    return MailAddress(
        member_id=member_id,
        address=mail,
        address_key=address_key(mail),
        verified_at=moment if is_verified else None,
        created_at=moment,
    )


def _checked(handle: str, mail: str, name: str, password: str | None) -> tuple[str, str, str, str | None]:
    """All fields are looked at before any is refused, so that a person mends them in one go."""
    problems: dict[str, Text] = {}
    kept: list[str] = []
    checks: list[tuple[Callable[[str], str], str]]
    checks = [(checked_handle, handle), (checked_address, mail), (checked_name, name)]
    if password is not None:
        checks.append((passwords.checked, password))
    for check, value in checks:
        try:
            kept.append(check(value))
        except Invalid as error:
            problems.update(error.fields)
    if problems:
        raise Invalid(problems)
    return kept[0], kept[1], kept[2], None if password is None else passwords.hashed(password)


def _taken(session: Session, handle: str, mail: str) -> Invalid:
    if session.scalar(select(Member.id).where(Member.handle_key == handle_key(handle))) is not None:
        return Invalid({"handle": N_("Somebody has this name already. Choose another.")})
    return Invalid({"mail": Text(N_("There is an account with this address already. Sign in instead."))})


def edit_profile(session: Session, actor: Actor, *, member_id: int, name: str, bio: str) -> None:
    """Change what a member says of themselves.

    Raises:
        NotAllowed: it is somebody else's profile.
        Invalid: a field needs mending.
    """
    member = locked(session, Member, member_id)
    require(may_edit_profile(actor, member))
    if len(bio) > LONGEST_BIO:
        raise Invalid({"bio": Text(N_("Use at most %(most)d characters."), most=LONGEST_BIO)})
    before, member.name = member.name, checked_name(name)
    member.bio, member.bio_html = bio, markdown.render(bio).html
    outbox.record(session, MemberChanged(member_id=member.id))
    if member.name != before:
        outbox.record(session, MemberRenamed(member_id=member.id))


def choose_locale(session: Session, actor: Actor, *, locale: str) -> None:
    """Keep the language in which whoever acts reads, here and in mails."""
    locked(session, Member, actor.member_id or 0).locale = locale


def change_password(session: Session, actor: Actor, *, current: str, new: str, keep_tokens: bool = False) -> None:
    """Set a new password, which ends every session; the caller signs this browser in again.

    It also revokes the keys of this member's programs, unless they ask to keep them, and tells them by mail.

    Raises:
        NotAllowed: nobody is signed in.
        Invalid: (field "current" or "new") the current one is wrong, or the new one will not do.
    """
    require(may_sign_in_settings(actor))
    try:
        passwords.checked(new)
    except Invalid as refusal:
        raise Invalid({"new": refusal.fields["password"]}) from None
    credential = locked(session, Credential, actor.member_id or 0)
    if not passwords.matches(credential.password_hash, current):
        raise Invalid({"current": N_("That is not your present password.")})
    set_password(session, member_id=credential.member_id, new=new, keep_tokens=keep_tokens)


def set_password(session: Session, *, member_id: int, new: str, keep_tokens: bool) -> None:
    """Store a checked password: sessions, mailed keys and (unless they are kept) tokens end, and the owner is told."""
    hashed, moment = passwords.hashed(new), now()
    credential = session.get(Credential, member_id, with_for_update=True, populate_existing=True)
    if credential is None:
        session.add(Credential(member_id=member_id, password_hash=hashed, changed_at=moment))
    else:
        credential.password_hash, credential.changed_at = hashed, moment
    lock_out(session, member_id=member_id, keep_tokens=keep_tokens)
    mailing.queue(session, kind="password", cause=f"password:{member_id}:{moment.isoformat()}", member_id=member_id)


def lock_out(session: Session, *, member_id: int, keep_tokens: bool = False) -> None:
    """End whatever lets somebody in as this member, but a password: every session, mailed key and program's token."""
    signing_in.end_all(session, member_id=member_id)
    mailed_keys.end_all(session, member_id=member_id)
    if not keep_tokens:
        tokens.revoke_all(session, member_id=member_id)
