"""How decisions of the public log are told beside what they concern."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import msgspec
from sqlalchemy import Connection

from forum.kernel.access import Actor
from forum.kernel.errors import N_, Text
from moderation.guidelines import UNREADABLE_FOR_AUTHOR, rule_name
from moderation.pages import LogEntry, decisions_behind

_ROLES = {
    "moderator": Text(N_("a moderator")),
    "administrator": Text(N_("an administrator")),
    "staff": Text(N_("staff")),
    "staff-moderator": Text(N_("a moderator of the company")),
    "staff-administrator": Text(N_("an administrator of the company")),
    "member": Text(N_("a member with the right to")),
}
_SOMEBODY = Text(N_("somebody with the right to"))


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """A decision as a tombstone or banner tells it: which rule, why, by whom as what, when, and where it can be read."""

    rule: str
    rule_name: Text
    why: str
    by: Text
    automated: bool
    at: datetime
    label: str
    href: str
    is_unreadable: bool


def told(entry: LogEntry) -> Told:
    """An entry of the log in words. `why` is empty where the words were redacted."""
    return Told(
        rule=entry.rule,
        rule_name=Text(rule_name(entry.rule)),
        why=entry.text,
        by=_ROLES.get(entry.role, _SOMEBODY),
        automated=entry.automated,
        at=entry.at,
        label=entry.label,
        href=f"/transparency/{entry.number}",
        is_unreadable=entry.reason_code in UNREADABLE_FOR_AUTHOR,
    )


def unreadable(connection: Connection, actor: Actor, decisions: Iterable[int | None]) -> frozenset[int]:
    """Those of the decisions for whose reason words are not handed out again, not even to their author: illegal, harmful.

    For moderators there are none; else one select, and none where nothing is hidden.
    """
    known = {decision for decision in decisions if decision is not None}
    if not known or actor.can("post:see-hidden"):
        return frozenset()
    behind = decisions_behind(connection, actor, known)
    return frozenset(decision for decision, entry in behind.items() if told(entry).is_unreadable)
