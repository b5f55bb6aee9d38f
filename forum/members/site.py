"""What an administrator decides for the whole site in its pages. What is not set here has its default.

Two of them, the site's name and the language of visitors, also stand in the environment: what is set here wins, and what is
emptied here falls back to it. Every value is a text, so that a form, the API and the command line speak of the same.
"""

import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, select
from sqlalchemy.orm import Session

from forum.kernel.access import Actor, require
from forum.kernel.clock import now
from forum.kernel.db import insert_new
from forum.kernel.errors import N_, Invalid, NotAllowed, Text
from forum.kernel.settings import LOCALES, Settings
from forum.members import audit
from forum.members.keys import BLANK, checked_address
from forum.members.policies import may_administer
from forum.members.tables import SiteSetting

Check = Callable[[str], Text | None]
REGISTRATION: Final = ("open", "invitation", "closed")
DEMANDS: Final = ("low", "medium", "high")
MODELS: Final = ("welcome", "refused")
FOR_EVER: Final = "never"
CLAIM_DAYS: Final = ("30", "90", "180", "365", FOR_EVER)
LEVELS: Final = ("info", "warning", "danger")
_ASIDE: Final = "first-steps-aside"
_STAMP: Final = "stamp"  # the row that changes with whatever pages of all visitors show beside the settings


@dataclass(frozen=True, slots=True)
class Setting:
    """One of them: what it is when nobody set it, and what a value must be like."""

    check: Check
    default: str = ""
    choices: tuple[str, ...] = field(default=())


def _line(most: int) -> Check:
    def check(value: str) -> Text | None:
        if len(value) > most:
            return Text(N_("Use at most %(most)d characters."), most=most)
        seen = all(char.isprintable() for char in value) and not (value and all(char in BLANK for char in value))
        return None if seen else Text(N_("Write one line, with characters that can be seen."))

    return check


def _address(value: str) -> Text | None:
    if not value:
        return None
    try:
        checked_address(value)
    except Invalid as refusal:
        return refusal.fields["mail"]
    return None


def _day(value: str) -> Text | None:
    try:
        is_day = not value or date.fromisoformat(value).isoformat() == value
    except ValueError:
        is_day = False
    return None if is_day else Text(N_("Write a day as 2027-01-31."))


def _one_of(choices: tuple[str, ...], default: str) -> Setting:
    def check(value: str) -> Text | None:
        return None if value in choices else Text(N_("Choose one of what is offered."))

    return Setting(check, default, choices)


SETTINGS: Final[Mapping[str, Setting]] = {
    "name": Setting(_line(60)),
    "tagline": Setting(_line(120)),
    "description": Setting(_line(300)),
    "contact": Setting(_address),
    "default_locale": _one_of(("", *LOCALES), ""),
    "registration": _one_of(REGISTRATION, "open"),
    "demands": _one_of(DEMANDS, "medium"),
    "models": _one_of(MODELS, "welcome"),
    "licence": Setting(_line(120)),
    "claim_days": _one_of(CLAIM_DAYS, "90"),
    "banner": Setting(_line(300)),
    "banner_level": _one_of(LEVELS, "info"),
    "banner_until": Setting(_day),
}
"""Every setting by its name. A row of the table with another name is none."""


class Site(msgspec.Struct, frozen=True, kw_only=True):
    """The settings as they hold now: what was set, else the environment, else the default."""

    name: str
    default_locale: str
    tagline: str = ""
    description: str = ""
    contact: str = ""
    registration: str = "open"
    demands: str = "medium"
    models: str = "welcome"
    licence: str = ""
    claim_days: str = "90"
    banner: str = ""
    banner_level: str = "info"
    banner_until: str = ""
    version: int = 0
    """Another one whenever something is that a page for everybody may show."""

    @property
    def is_open(self) -> bool:
        """Whether anybody may open an account."""
        return self.registration == "open"

    def has_banner(self, at: datetime) -> bool:
        """Whether the announcement is shown at that moment: to the end of its last day, in UTC."""
        if not self.banner or not self.banner_until:
            return bool(self.banner)
        ends = datetime.combine(date.fromisoformat(self.banner_until), time(), UTC) + timedelta(days=1)
        return at < ends


_ROWS = select(SiteSetting.name, SiteSetting.value)


def unread(settings: Settings) -> Site:
    """The site before its settings were read: as the environment has it."""
    return Site(name=settings.site_name, default_locale=settings.default_locale)


def stored(connection: Connection | Session) -> dict[str, str]:
    """What was set, by name; what is as by default is left out. Values that an older version left and none takes are too."""
    rows: dict[str, Any] = {row.name: row.value for row in connection.execute(_ROWS)}
    return {
        name: rows[name]
        for name, setting in SETTINGS.items()
        if isinstance(rows.get(name), str) and rows[name] != setting.default and setting.check(rows[name]) is None
    }


def read(connection: Connection | Session, settings: Settings) -> Site:
    """The settings as they hold now; one select."""
    rows: dict[str, Any] = {row.name: row.value for row in connection.execute(_ROWS)}
    given = {
        name: rows[name]
        for name, setting in SETTINGS.items()
        if isinstance(rows.get(name), str) and setting.check(rows[name]) is None
    }
    named = {"name": given.pop("name", "") or settings.site_name}
    named["default_locale"] = given.pop("default_locale", "") or settings.default_locale
    return Site(**named, **given, version=zlib.crc32(msgspec.json.encode((rows.get(_STAMP), named, given))))


def change(session: Session, actor: Actor, changes: Mapping[str, str]) -> frozenset[str]:
    """Set what is given, and leave the rest; returns the names of those that are different now. An empty text is the default again.

    Raises:
        NotAllowed: only administrators may.
        Invalid: with a sentence for each setting that needs mending, or that there is not.
    """
    require(may_administer(actor))
    wanted = {name: " ".join(value.split()) for name, value in changes.items()}
    _check(wanted)
    before = stored(session)
    different = {name: value for name, value in wanted.items() if value != before.get(name, SETTINGS[name].default)}
    if not different:
        return frozenset()
    for name in sorted(different):
        _put(session, actor, name, different[name])
    was = {name: before.get(name, SETTINGS[name].default) for name in different}
    audit.record(session, actor, "site.change", "site", before=was, after=different)
    return frozenset(different)


def _check(wanted: dict[str, str]) -> None:
    problems: dict[str, Text | str] = {}
    for name in wanted.keys() - SETTINGS.keys():
        problems[name] = Text(N_("There is no such setting."))
    for name, setting in SETTINGS.items():
        if wanted.get(name) == "":
            wanted[name] = setting.default
        if name in wanted and (why := setting.check(wanted[name])):
            problems[name] = why
    if problems:
        raise Invalid(problems)


def put_aside(session: Session, actor: Actor, *, step: str) -> None:
    """Take a line off the list of first steps for every administrator; twice changes nothing.

    Raises:
        NotAllowed: only administrators may.
    """
    require(may_administer(actor))
    present = aside(session)
    if step not in present:
        _put(session, actor, _ASIDE, sorted({*present, step}))
        audit.record(session, actor, "first-steps.dismiss", "site", step=step)


def aside(connection: Connection | Session) -> frozenset[str]:
    """The first steps that administrators set aside."""
    value = connection.execute(select(SiteSetting.value).where(SiteSetting.name == _ASIDE)).scalar_one_or_none()
    return frozenset(value if isinstance(value, list) else ())


def touch(session: Session) -> None:
    """Something changed that pages for everybody show wherever they are kept, such as the name of a category."""
    _put(session, None, _STAMP, now().isoformat())


def _put(session: Session, actor: Actor | None, name: str, value: str | list[str]) -> None:
    by = None if actor is None else actor.member_id
    values = {"name": name, "value": value, "changed_at": now(), "changed_by": by}
    session.execute(insert_new(session, SiteSetting).values(values))
    row = _locked(session, name)
    row.value, row.changed_at, row.changed_by = value, now(), by


def _locked(session: Session, name: str) -> SiteSetting:
    return session.execute(
        select(SiteSetting).where(SiteSetting.name == name).with_for_update().execution_options(populate_existing=True)
    ).scalar_one()


def demands(session: Session) -> str:
    """How many points privileges cost: one of `DEMANDS`. Ask it after the members concerned are locked, see `standing.set_privileges`."""
    value = session.execute(select(SiteSetting.value).where(SiteSetting.name == "demands")).scalar_one_or_none()
    return value if value in DEMANDS else SETTINGS["demands"].default


def require_open(connection: Connection | Session, *, is_invited: bool = False) -> None:
    """Go on only if an account may be opened: by anybody, or by somebody with an invitation.

    Raises:
        NotAllowed: nobody may just now, or only with an invitation.
    """
    if why := why_closed(connection, is_invited=is_invited):
        raise NotAllowed(why)


def why_closed(connection: Connection | Session, *, is_invited: bool = False) -> Text | None:
    """Why no account can be opened just now, if so. Whoever comes by a provider that opens accounts counts as invited."""
    mode = stored(connection).get("registration", "open")
    if mode == "closed":
        return Text(N_("No new accounts are opened here at present."))
    if mode == "invitation" and not is_invited:
        return Text(N_("Accounts are opened here by invitation. Ask the people who run this community for one."))
    return None
