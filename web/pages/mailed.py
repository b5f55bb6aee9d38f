"""Behind a mailed link: a page that says what the link does, and a button that does it.

To load the page changes nothing, because mail programs and their scanners load every link that passes. Nobody is signed in here:
who has the link reads that mailbox, which is what it proves.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, Any, Final

import msgspec
from litestar import Request, Response, get, post
from litestar.params import FromPath, RawBody
from sqlalchemy.orm import Session

from forum.kernel.errors import N_, Conflict, Invalid, NotFound, Text
from forum.members import addresses, avatars, belonging, joining, leaving, mailed_keys, recovering
from forum.members.tables import Member
from web import forms
from web.budgets import spend_on_mail
from web.identity import current_actor, current_member
from web.installation import db_of, installation_of
from web.pages.frame import framed, led_to, shown
from web.pages.inside import sign_in_here
from web.returning import safe_next

AnyRequest = Request[Any, Any, Any]
Secret = Annotated[str, msgspec.Meta(extra={"verbatim": True})]
SECRET: Final = {"cache-control": "no-store", "referrer-policy": "same-origin"}
"""The address of the page is a key: no cache keeps it, and no other site is told."""


class Act(msgspec.Struct, frozen=True, kw_only=True):
    """What a link of one purpose does, in words, and where its button leads."""

    title: Text
    says: Text
    button: Text
    do: Callable[..., int]
    to: str
    notice: str


ACTS: Final = {
    "verify": Act(
        title=Text(N_("Confirm your address")),
        says=Text(N_("%(address)s belongs to the account %(handle)s, then. With it you can ask, answer and vote.")),
        button=Text(N_("Confirm the address")),
        do=joining.confirm,
        to="/",
        notice="welcome",
    ),
    "change": Act(
        title=Text(N_("Confirm your new address")),
        says=Text(N_("%(address)s becomes the address of the account %(handle)s. The one before is told.")),
        button=Text(N_("Confirm the address")),
        do=addresses.confirm_change,
        to="/settings/security",
        notice="address-changed",
    ),
    "revert": Act(
        title=Text(N_("Take your account back")),
        says=Text(N_("%(address)s becomes the address of the account %(handle)s again. Everybody is signed out, the password ends, and we send a link for a new one.")),
        button=Text(N_("Take the account back")),
        do=addresses.take_back,
        to="/login",
        notice="taken-back",
    ),
    "restore": Act(
        title=Text(N_("Open your account again")),
        says=Text(N_("The account %(handle)s is open again, with all that was in it. Then sign in.")),
        button=Text(N_("Open it again")),
        do=leaving.come_back,
        to="/login",
        notice="welcome-back",
    ),
}  # fmt: skip

PROVES: Final = ("verify", "change", "revert", "reset")
"""The purposes that show that somebody reads an address, so that it is theirs."""
_TITLES: Final = {"reset": Text(N_("Choose a new password")), "delete": Text(N_("Delete your account"))}
"""Of the two that come with a form of their own."""


class Reset(msgspec.Struct, frozen=True):
    """A new password, and whether programs keep their keys."""

    new: Secret
    keep: str = ""


class Goodbye(msgspec.Struct, frozen=True):
    """Who deletes an account types its name."""

    handle: str = ""


class Forgot(msgspec.Struct, frozen=True):
    """Whose password is forgotten."""

    mail: str = ""


@get("/mailed/{purpose:str}/{key:str}", action="account.mailed", sync_to_thread=True, include_in_schema=False)
def mailed_page(request: AnyRequest, purpose: FromPath[str], key: FromPath[str]) -> Response[bytes]:
    """What the link does. Nothing happens."""
    return _page(request, purpose, key)


@post("/mailed/{purpose:str}/{key:str}", action="account.mailed", sync_to_thread=True, include_in_schema=False)
def act(request: AnyRequest, purpose: FromPath[str], key: FromPath[str], body: RawBody) -> Response[bytes]:
    """Do it."""
    domains = installation_of(request).settings.staff_domains
    try:
        with db_of(request).transaction() as session:
            why = _refused(session, purpose, key, domains)
            here = current_actor(request, session.connection()).member_id
            worn = _worn(session, purpose, key)
            to, notice, renewed = ("", "", 0) if why is not None else _done(session, purpose, key, body, domains)
    except Invalid as refusal:
        return _page(request, purpose, key, tuple(refusal.fields.items()))
    if why is not None:
        raise Conflict(why)  # only now, because the administrators are told of it in the transaction
    if worn:
        with db_of(request).reading() as connection:
            avatars.discard(connection, installation_of(request).settings.uploads_dir, worn)
    if renewed and renewed == here:
        sign_in_here(request, renewed)
    return led_to(request, to, notice)


def _refused(session: Session, purpose: str, key: str, staff_domains: Sequence[str]) -> Text | None:
    """Why the company's rules keep an address from this account: an employee has one account, and it says so."""
    if purpose not in PROVES:
        return None
    found = mailed_keys.look(session.connection(), purpose=purpose, key=key)
    return belonging.refusal(session, member_id=found.member_id, address=found.address, staff_domains=staff_domains)


def _worn(session: Session, purpose: str, key: str) -> str:
    """The picture of whoever is about to leave for good: everybody could read its files until the next sweep."""
    if purpose != "delete":
        return ""
    found = mailed_keys.look(session.connection(), purpose=purpose, key=key)
    return session.get_one(Member, found.member_id).avatar


def _done(session: Session, purpose: str, key: str, body: bytes, staff_domains: Sequence[str]) -> tuple[str, str, int]:
    """Where to go on, with which words, and who needs a new session, because they belong to the company now, or no longer; or 0."""
    if purpose == "reset":
        form = forms.parse(body, Reset)
        member_id = recovering.reset(session, key=key, new=form.new, keep_tokens=bool(form.keep))
        belonging.settle(session, member_id, staff_domains=staff_domains)
        return "/login", "password-set", 0
    if purpose == "delete":
        leaving.delete_by_key(session, key=key, handle=forms.parse(body, Goodbye).handle)
        return "/", "account-deleted", 0
    if purpose not in ACTS:
        raise NotFound()
    member_id = ACTS[purpose].do(session, key=key)
    changed = purpose in PROVES and belonging.settle(session, member_id, staff_domains=staff_domains).changed
    return ACTS[purpose].to, ACTS[purpose].notice, member_id if changed else 0


def _page(request: AnyRequest, purpose: str, key: str, problems: tuple[tuple[str, Text], ...] = ()) -> Response[bytes]:
    if purpose not in mailed_keys.LIVES:
        raise NotFound()
    with db_of(request).reading() as connection:
        found = mailed_keys.look(connection, purpose=purpose, key=key)
        title = ACTS[purpose].title if purpose in ACTS else _TITLES[purpose]
        page = framed(request, connection, current_actor(request, connection), title=title, robots="noindex")
    said = {"address": found.address, "handle": found.handle}
    doing = ACTS.get(purpose)
    answer = shown(
        "mailed.html",
        page,
        status=422 if problems else 200,
        purpose=purpose,
        doing=doing,
        says=Text(doing.says.msgid, **said) if doing is not None else "",
        found=found,
        form=_Form(problems),
    )
    answer.headers.update(SECRET)
    return answer


class _Form(msgspec.Struct, frozen=True):
    """What needs mending."""

    problems: tuple[tuple[str, Text], ...] = ()

    def problem(self, field: str) -> Text | str:
        return next((text for name, text in self.problems if name == field), "")


# Asking for a link


@get("/forgot", action="account.recover", sync_to_thread=True, include_in_schema=False)
def forgot_page(request: AnyRequest) -> Response[bytes]:
    """For who has forgotten their password."""
    return _forgot(request)


@post("/forgot", action="account.recover", sync_to_thread=True, include_in_schema=False)
def forgot(request: AnyRequest, body: RawBody) -> Response[bytes]:
    """Have a link sent. The answer is the same whether the address is anybody's or not."""
    form = forms.parse(body, Forgot)
    try:
        spend_on_mail(request)
        with db_of(request).transaction() as session:
            recovering.ask(session, mail=form.mail)
    except Invalid as refusal:
        return _forgot(request, mail=form.mail, problems=tuple(refusal.fields.items()))
    return _forgot(request, mail=form.mail, is_sent=True)


def _forgot(
    request: AnyRequest, *, mail: str = "", problems: tuple[tuple[str, Text], ...] = (), is_sent: bool = False
) -> Response[bytes]:
    with db_of(request).reading() as connection:
        actor = current_actor(request, connection)
        page = framed(request, connection, actor, robots="noindex", has_bound_form=True)
    status = 422 if problems else 200
    return shown(
        "forgot.html", page, status=status, mail=mail, is_sent=is_sent, form=_Form(problems), folder=_folder(request)
    )


@get("/confirm", action="account.confirm", sync_to_thread=True, include_in_schema=False)
def confirm_page(request: AnyRequest) -> Response[bytes]:
    """Where the link went that confirms an address, for who has just come."""
    onward = safe_next(request.query_params.get("next", "/"))
    with db_of(request).reading() as connection:
        actor = current_member(request, connection)
        waiting = joining.waiting_address(connection, actor.member_id or 0)
        page = framed(request, connection, actor, robots="noindex")
    if waiting is None:
        return led_to(request, onward)
    return shown("confirm.html", page, address=waiting, onward=onward, folder=_folder(request))


@post("/confirm", action="account.confirm", sync_to_thread=True, include_in_schema=False)
def send_again(request: AnyRequest) -> Response[bytes]:
    """Send that link once more."""
    spend_on_mail(request)
    with db_of(request).transaction() as session:
        is_sent = joining.send_again(session, current_member(request, session.connection()))
    return led_to(request, "/confirm", "mail-sent-again" if is_sent else "mails-enough")


def _folder(request: AnyRequest) -> str:
    """Where mails lie on an installation that sends none, for the one who runs it on this machine; else nothing."""
    settings = installation_of(request).settings
    return str(settings.var_dir / "mail") if settings.smtp_url is None and settings.is_loopback else ""


routes = [mailed_page, act, forgot_page, forgot, confirm_page, send_again]
