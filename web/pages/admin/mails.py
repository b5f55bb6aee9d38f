"""Mails that could not be sent: to whom, why, since when; and sending them again or giving them up."""

from __future__ import annotations

from typing import Any, Final

import msgspec
from litestar import Request, Response, get, post
from litestar.params import FromPath

from forum.kernel.errors import N_, Text
from forum.members import mailing, unsent
from forum.members.unsent import UnsentMail
from web.arguments import path_id, query
from web.identity import current_member
from web.installation import db_of, installation_of
from web.pages.frame import address_of, framed, led_to, shown
from web.pages.parts import Pager

AnyRequest = Request[Any, Any, Any]
MAILS: Final = "/admin/mails"
KINDS: Final = {
    "verify": Text(N_("Confirm your address")),
    "reset": Text(N_("Choose a new password")),
    "change": Text(N_("Confirm your new address")),
    "changed": Text(N_("Your account has another address now")),
    "password": Text(N_("Your password was changed")),
    "connected": Text(N_("Another way into your account")),
    "deactivated": Text(N_("Your account is closed for now")),
    "delete": Text(N_("Delete your account")),
    "deleted": Text(N_("Your account is deleted")),
}
"""What a mail is about: the words of its own subject."""
_MOST_ROUNDS: Final = 20  # of 500 mails each, that one press of a button takes up


class Asked(msgspec.Struct, frozen=True):
    """From where on the list is shown."""

    cursor: str = ""


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A mail in the list, its kind in words."""

    of: UnsentMail
    kind: Text | str


@get(MAILS, action="admin.read", sync_to_thread=True, include_in_schema=False)
def overview(request: AnyRequest) -> Response[bytes]:
    """What waits for a person, the newest first, and how much is on its way."""
    asked = query(request, Asked)
    with db_of(request).reading() as connection:
        actor = current_member(request, connection)
        found = unsent.unsent_list(connection, actor, cursor=asked.cursor)
        counts = mailing.counts(connection)
        page = framed(request, connection, actor, robots="noindex")
    return shown(
        "admin/mails.html",
        page,
        rows=[Row(of=one, kind=KINDS.get(one.kind, one.kind)) for one in found.items],
        parked=counts["parked"],
        waiting=counts["waiting"] + counts["running"],
        is_sent=installation_of(request).settings.smtp_url is not None,
        pager=Pager(
            first=MAILS if asked.cursor else "", older=address_of(MAILS, cursor=found.next) if found.next else ""
        ),
    )


@post(f"{MAILS}/replay", action="mail.manage", sync_to_thread=True, include_in_schema=False)
def replay_all(request: AnyRequest) -> Response[bytes]:
    """Send all again that are still of use, in transactions of 500; the rest stays for the next press."""
    for _ in range(_MOST_ROUNDS):
        with db_of(request).transaction() as session:
            if not unsent.send_all_again(session, current_member(request, session.connection())):
                break
    return led_to(request, MAILS, "mails-replayed")


@post(f"{MAILS}/{{mail_id:str}}/replay", action="mail.manage", sync_to_thread=True, include_in_schema=False)
def replay(request: AnyRequest, mail_id: FromPath[str]) -> Response[bytes]:
    """Send one again."""
    with db_of(request).transaction() as session:
        unsent.send_again(session, current_member(request, session.connection()), mail_id=path_id(mail_id))
    return led_to(request, MAILS, "mail-replayed")


@post(f"{MAILS}/{{mail_id:str}}/give-up", action="mail.manage", sync_to_thread=True, include_in_schema=False)
def give_up(request: AnyRequest, mail_id: FromPath[str]) -> Response[bytes]:
    """Send one never, and forget its address."""
    with db_of(request).transaction() as session:
        unsent.give_up(session, current_member(request, session.connection()), mail_id=path_id(mail_id))
    return led_to(request, MAILS, "mail-given-up")


routes = [overview, replay_all, replay, give_up]
