"""What is still to be done in a new installation, found out from how it is now."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
from sqlalchemy import Connection, func, select

from crm_sync.tables import Connection as CrmConnection
from forum.kernel.errors import N_, Text
from forum.kernel.settings import Settings
from forum.members import site
from forum.members.tables import Affiliation, IdentityProvider, Member, SiteSetting
from forum.threads.tables import Category


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One thing to do: what, why, where. `href` is "" where it is done outside of these pages."""

    name: str
    is_done: bool
    what: Text
    why: Text
    href: str = ""
    action: Text | str = ""


NAMES = (
    "category", "registration", "second-administrator", "staff", "address", "mail", "company", "connection", "backup",
)  # fmt: skip


def steps(connection: Connection, settings: Settings) -> list[Step]:
    """Those that nobody set aside, the done ones too. Nothing once all is done: then there is no list."""
    aside = site.aside(connection)
    found = [step for step in _all(connection, settings) if step.name not in aside]
    return [] if all(step.is_done for step in found) else found


def _all(connection: Connection, settings: Settings) -> Iterator[Step]:
    yield Step(
        name="category",
        is_done=_has(connection, Category.id),
        what=Text(N_("Make a category")),
        why=Text(N_("Without one nobody can ask.")),
        href="/admin/categories/new",
        action=Text(N_("Make the first category")),
    )
    yield Step(
        name="registration",
        is_done=_has(connection, SiteSetting.name, SiteSetting.name == "registration"),
        what=Text(N_("Decide who may open an account")),
        why=Text(N_("Everybody may until you decide otherwise.")),
        href="/admin/settings#registration",
        action=Text(N_("Decide")),
    )
    yield Step(
        name="second-administrator",
        is_done=_administrators(connection) > 1,
        what=Text(N_("Have a second administrator")),
        why=Text(N_("Somebody can let you in again when your key is lost.")),
        href="/admin/invitations",
        action=Text(N_("Invite somebody")),
    )
    yield Step(
        name="staff",
        is_done=_has(connection, Affiliation.id, Affiliation.kind == "staff", Affiliation.until.is_(None)),
        what=Text(N_("Say who belongs to the company")),
        why=Text(
            N_("Only staff speak for it, shown as such on every post. An administrator is not staff by that alone.")
        ),
        href="/admin/people",
        action=Text(N_("Choose somebody")),
    )
    yield from _from_outside(connection, settings)


def _from_outside(connection: Connection, settings: Settings) -> Iterator[Step]:
    yield Step(
        name="address",
        is_done=settings.is_https,
        what=Text(N_("Give it its own address, with https")),
        why=Text(N_("Set LOGGIA_BASE_URL; until then only this machine itself can open the site.")),
        href="/admin/settings#environment",
        action=Text(N_("How it is now")),
    )
    yield Step(
        name="mail",
        is_done=settings.smtp_url is not None,
        what=Text(N_("Let mails go out")),
        why=Text(N_("Set LOGGIA_SMTP_URL; until then mails are kept as files, and nobody can confirm an address.")),
        href="/admin/settings#environment",
        action=Text(N_("How it is now")),
    )
    yield Step(
        name="company",
        is_done=bool(settings.staff_domains) or _has(connection, IdentityProvider.id, IdentityProvider.is_enabled),
        what=Text(N_("Say how the company’s people are known")),
        why=Text(N_("By a provider they sign in with, or by their mail domain in LOGGIA_STAFF_DOMAINS.")),
        href="/admin/providers",
        action=Text(N_("Add a provider")),
    )
    yield Step(
        name="connection",
        is_done=_has(connection, CrmConnection.id, CrmConnection.connector != "journal"),
        what=Text(N_("Connect the company’s systems")),
        why=Text(N_("What is solved and wished for then reaches them by itself.")),
        href="/admin/connections",
        action=Text(N_("Connect")),
    )
    yield Step(
        name="backup",
        is_done=False,  # what copies a disk elsewhere cannot be seen from here
        what=Text(N_("See to a backup")),
        why=Text(
            N_("Of the database and the folder LOGGIA_VAR_DIR. Restore it once to be sure, then set this line aside.")
        ),
    )


def _has(connection: Connection, column: Any, *conditions: Any) -> bool:
    return connection.execute(select(column).where(*conditions).limit(1)).first() is not None


def _administrators(connection: Connection) -> int:
    active = (Member.role == "administrator", Member.deleted_at.is_(None), Member.deactivated_at.is_(None))
    return connection.execute(select(func.count()).select_from(Member).where(*active)).scalar_one()
