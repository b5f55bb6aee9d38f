"""How a member reads, and who may find what they wrote: language, time zone, privacy."""

from functools import cache
from typing import Final
from zoneinfo import available_timezones

from sqlalchemy.orm import Session

from forum.events import MemberChanged
from forum.kernel import outbox
from forum.kernel.access import Actor, require
from forum.kernel.db import locked
from forum.kernel.errors import N_, Invalid
from forum.members.policies import may_sign_in_settings
from forum.members.tables import Member

# Names of single countries and of fixed distances are old spellings, kept by the database for programs.
_OLD: Final = ("Brazil/", "Canada/", "Chile/", "Etc/", "Mexico/", "SystemV/", "US/", "posix/", "right/")


@cache
def zone_names() -> tuple[str, ...]:
    """The time zones that can be chosen: UTC, then every region and city of the tz database in order."""
    return ("UTC", *sorted(name for name in available_timezones() if "/" in name and not name.startswith(_OLD)))


def choose_region(session: Session, actor: Actor, *, locale: str, time_zone: str) -> None:
    """Keep the language and the time zone in which whoever acts reads; "" is what their browser says.

    Raises:
        NotAllowed: nobody is signed in.
        Invalid: (of "time_zone") there is no such zone.
    """
    require(may_sign_in_settings(actor))
    if time_zone and time_zone not in zone_names():
        raise Invalid({"time_zone": N_("Choose one of what is offered.")})
    member = locked(session, Member, actor.member_id or 0)
    member.locale, member.time_zone = locale, time_zone


def choose_privacy(session: Session, actor: Actor, *, is_unlisted: bool, hides_activity: bool) -> None:
    """Keep whether search engines are asked to leave the profile out, and whether it gathers what the member wrote.

    Raises:
        NotAllowed: nobody is signed in.
    """
    require(may_sign_in_settings(actor))
    member = locked(session, Member, actor.member_id or 0)
    if (member.is_unlisted, member.hides_activity) == (is_unlisted, hides_activity):
        return
    member.is_unlisted, member.hides_activity = is_unlisted, hides_activity
    outbox.record(session, MemberChanged(member_id=member.id))
