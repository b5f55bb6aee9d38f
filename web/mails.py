"""Mails in words: a letter of the forum becomes a subject, a plain text that says everything, and the same as a page.

Whatever people chose for themselves (names) is broken up so that no mail program makes a link of it: a mail from us leads
to our own site and nowhere else.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

import msgspec

from forum.kernel.db import Database
from forum.kernel.errors import N_, Text
from forum.kernel.settings import Settings
from forum.members import site
from forum.members.mailing import Letter, MailRenderer, Written
from forum.members.site import Site
from web.locales import LOCALES
from web.rendering import render
from web.translations import translate
from web.wording import moment

_LINKED: Final = re.compile(r"(?<=[.:/@\\])(?=\w|/)")
_BREAK: Final = "\N{ZERO WIDTH SPACE}"


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """A mail before it has a language. `path` is where the button leads; `%(key)s` in it is the letter's key."""

    subject: Text
    says: tuple[Text, ...]
    button: Text | None = None
    path: str = ""
    after: tuple[Text, ...] = ()


_NOT_ANSWERED: Final = Text(N_("You get this mail because your address was given at %(site)s. It cannot be answered."))
_ANSWERED: Final = Text(
    N_(
        "You get this mail because your address was given at %(site)s. Answer it, or write to %(contact)s, and people read it."
    )
)
_NOT_YOU: Final = Text(N_("If this was not you, you need not do anything."))

DRAFTS: Final = {
    "verify": Draft(
        subject=Text(N_("Confirm your address")),
        says=(
            Text(N_("Hello %(handle)s,")),
            Text(N_("You opened an account at %(site)s with this address. Confirm that it is yours, and you can ask, answer and vote.")),
        ),
        button=Text(N_("Confirm the address")),
        path="/mailed/verify/%(key)s",
        after=(Text(N_("If this was not you, you need not do anything: without your word the account is deleted in a week.")),),
    ),
    "taken": Draft(
        subject=Text(N_("Somebody used your address")),
        says=(
            Text(N_("Hello %(handle)s,")),
            Text(N_("Somebody wanted to use this address for an account at %(site)s. It belongs to your account already, so nothing came of it, and nobody was told.")),
            Text(N_("If this was you: sign in with the account you have. A new password is a link away.")),
        ),
        button=Text(N_("Sign in")),
        path="/login",
        after=(Text(N_("A new password: %(forgot)s")), _NOT_YOU),
    ),
    "reset": Draft(
        subject=Text(N_("Choose a new password")),
        says=(
            Text(N_("Hello %(handle)s,")),
            Text(N_("Somebody asked for a new password for your account at %(site)s. Nothing has changed yet.")),
        ),
        button=Text(N_("Choose a new password")),
        path="/mailed/reset/%(key)s",
        after=(_NOT_YOU,),
    ),
    "change": Draft(
        subject=Text(N_("Confirm your new address")),
        says=(
            Text(N_("Hello %(handle)s,")),
            Text(N_("This is to be the address of your account at %(site)s. Confirm that it is yours; until then nothing changes.")),
        ),
        button=Text(N_("Confirm the address")),
        path="/mailed/change/%(key)s",
        after=(_NOT_YOU,),
    ),
    "changed": Draft(
        subject=Text(N_("Your account has another address now")),
        says=(
            Text(N_("Hello %(handle)s,")),
            Text(N_("Your account at %(site)s left this address: from now on another one belongs to it.")),
            Text(N_("If you did that, all is well. If not, take your account back. That signs everybody out and lets you choose a new password.")),
        ),
        button=Text(N_("Take the account back")),
        path="/mailed/revert/%(key)s",
    ),
    "password": Draft(
        subject=Text(N_("Your password was changed")),
        says=(
            Text(N_("Hello %(handle)s,")),
            Text(N_("The password of your account at %(site)s was changed just now, and every other device is signed out.")),
            Text(N_("If this was not you, choose a new password at once.")),
        ),
        button=Text(N_("Choose a new password")),
        path="/forgot",
    ),
    "connected": Draft(
        subject=Text(N_("Another way into your account")),
        says=(
            Text(N_("Hello %(handle)s,")),
            Text(N_("An account at %(provider)s was connected with yours at %(site)s just now, and leads into it from now on.")),
            Text(N_("If this was not you, sign out everywhere, choose a new password, and disconnect it there.")),
        ),
        button=Text(N_("Connected identities")),
        path="/settings/identities",
    ),
    "deactivated": Draft(
        subject=Text(N_("Your account is closed for now")),
        says=(
            Text(N_("Hello %(handle)s,")),
            Text(N_("You closed your account at %(site)s. What you wrote stays. Until the day below you can open it again, by signing in or here; after that it is deleted.")),
        ),
        button=Text(N_("Open it again")),
        path="/mailed/restore/%(key)s",
    ),
    "delete": Draft(
        subject=Text(N_("Delete your account")),
        says=(
            Text(N_("Hello %(handle)s,")),
            Text(N_("Somebody who is signed in as you asked to delete your account at %(site)s for good. Nothing has changed yet.")),
        ),
        button=Text(N_("Delete the account")),
        path="/mailed/delete/%(key)s",
        after=(Text(N_("If this was not you, change your password: somebody else is signed in as you.")),),
    ),
    "deleted": Draft(
        subject=Text(N_("Your account is deleted")),
        says=(
            Text(N_("Hello %(handle)s,")),
            Text(N_("Your account at %(site)s is deleted, and with it your address, your profile and every device that was signed in.")),
            Text(N_("What you wrote for others stays, as the words of a former member. This is our last mail to you.")),
        ),
    ),
}  # fmt: skip


class Mail(msgspec.Struct, frozen=True, kw_only=True):
    """What the template is handed: sentences in the reader's language."""

    site: str
    subject: str
    says: tuple[str, ...]
    button: str
    link: str
    after: tuple[str, ...]
    why: str


def renderer(settings: Settings, site_now: Callable[[], Site] | None = None) -> MailRenderer:
    """The port of `forum.members.posting`: every link is under the configured address, whatever anybody asked us as.

    `site_now` tells what administrators set by then: the site's name, its language, and whom an answer reaches.
    """
    find = site_now or (lambda: site.unread(settings))

    def render_letter(letter: Letter) -> Written:
        here = find()
        locale = letter.locale if letter.locale in LOCALES else here.default_locale
        mail = _said(letter, locale, here, settings.base_url.rstrip("/"))
        return Written(
            subject=f"{mail.subject} · {here.name}",
            text=_plain(mail),
            html=render("mail/letter.html", locale, mail=mail).decode(),
            from_name=here.name,
            reply_to=here.contact,
        )

    return render_letter


def site_in(db: Database, settings: Settings) -> Callable[[], Site]:
    """What `renderer` asks: the settings of the site as they are when a mail is written."""

    def site_now() -> Site:
        with db.reading() as connection:
            return site.read(connection, settings)

    return site_now


def _said(letter: Letter, locale: str, here: Site, base: str) -> Mail:
    draft = DRAFTS[letter.kind]
    values = {
        "handle": unlinked(letter.handle), "site": here.name, "contact": here.contact, "forgot": f"{base}/forgot",
        "provider": unlinked(str(letter.values.get("provider", ""))),
    }  # fmt: skip

    def said(text: Text) -> str:
        return translate(Text(text.msgid, **{**values, **text.values}), locale)

    after = list(draft.after)
    if letter.until is not None:
        after.insert(0, Text(N_("The link works once, until %(until)s (UTC)."), until=moment(letter.until, locale)))
    return Mail(
        site=here.name,
        subject=said(draft.subject),
        says=tuple(map(said, draft.says)),
        button=said(draft.button) if draft.button is not None else "",
        link=base + draft.path % {"key": letter.key} if draft.path else "",
        after=tuple(map(said, after)),
        why=said(_ANSWERED if here.contact else _NOT_ANSWERED),
    )


def _plain(mail: Mail) -> str:
    """Everything that the page says, a paragraph after the other; a link stands in a line of its own."""
    link = (f"{mail.button}:\n{mail.link}",) if mail.link else ()
    return "\n\n".join((*mail.says, *link, *mail.after, f"-- \n{mail.site}\n{mail.why}")) + "\n"


def unlinked(name: str) -> str:
    """A name in which no mail program finds an address to make a link of; to the eye it is the same."""
    return _LINKED.sub(_BREAK, name)
