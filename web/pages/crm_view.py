"""Connections and deliveries as their pages show them: words, states and a line that is drawn."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import msgspec

from crm_sync.pages import ConnectionHealth, DeliveryLine, DeliveryPage, StepLine
from crm_sync.words import KINDS, REASONS, STATES
from forum.kernel.errors import N_, Text

WIDE, HIGH = 200, 30  # of the little chart, in its own units

_HEALTH: Final = {
    "well": ("solved", "check", Text(N_("Healthy"))),
    "trouble": ("planned", "alert", Text(N_("Warnings"))),
    "held": ("danger", "close", Text(N_("Paused"))),
}
_CONNECTORS: Final = {
    "journal": Text(N_("Files that people and programs can read, in the folder crm of this installation.")),
    "webhook": Text(N_("Signed messages to an address of yours.")),
}
_LOOKS: Final = {
    "waiting": ("plain", "clock"),
    "running": ("house", "next"),
    "unsure": ("planned", "eye"),
    "done": ("solved", "check"),
    "held": ("planned", "alert"),
    "parked": ("danger", "close"),
}
_WORRYING: Final = frozenset({"later", "unsure", "lost", "replayed", "merged"})
_BAD: Final = frozenset({"unauthorised", "refused", "gone", "conflict", "ambiguous", "fault", "parked"})


class Typed(msgspec.Struct, frozen=True, kw_only=True):
    """What was typed into the form of a connection, to be shown again."""

    name: str
    url: str
    secret: str
    budget: str


class Card(msgspec.Struct, frozen=True, kw_only=True):
    """A connection: `state` and `icon` are the look of its health, `spark` the points of its chart."""

    health: ConnectionHealth
    state: str
    icon: str
    word: Text
    says: Text
    spark: str

    @property
    def waiting(self) -> int:
        """What is neither done nor waits for a person."""
        return sum(self.health.counts[state] for state in ("waiting", "running", "unsure"))

    @property
    def unsure(self) -> int:
        return self.health.counts["unsure"]

    @property
    def stuck(self) -> int:
        return self.health.counts["held"] + self.health.counts["parked"]


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery in a list. `kind`, `word` and `reason` are words; `subject` is where on this site its thing stands."""

    of: DeliveryLine
    kind: Text
    word: Text
    state: str
    icon: str
    reason: Text | str
    subject: str


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """A line of a timeline; `clock` is the time of its day to the millisecond, in UTC."""

    text: Text
    note: Text | None
    at: datetime
    clock: str
    state: str
    is_done: bool


def card(one: ConnectionHealth) -> Card:
    """A connection as it is shown."""
    state, icon, word = _HEALTH[one.health]
    return Card(
        health=one, state=state, icon=icon, word=word, says=_CONNECTORS[one.connector], spark=_spark(one.by_hour)
    )


def _spark(by_hour: Sequence[int]) -> str:
    """The points of a line; empty where nothing happened, because a flat line says less than none."""
    most = max(by_hour)
    if not most:
        return ""
    step = WIDE / (len(by_hour) - 1)
    return " ".join(
        f"{number * step:.0f},{HIGH - 1 - count / most * (HIGH - 2):.1f}" for number, count in enumerate(by_hour)
    )


def line(one: DeliveryLine) -> Line:
    """A delivery as a list shows it."""
    state, icon = _LOOKS[one.state]
    place = "/help/" if one.kind == "article" else "/t/"
    return Line(
        of=one,
        kind=Text(KINDS[one.kind]),
        word=Text(STATES[one.state]),
        state=state,
        icon=icon,
        reason=one.why or (Text(REASONS[one.reason]) if one.reason in REASONS else ""),
        subject=f"{place}{one.local_id}",
    )


def steps(found: DeliveryPage) -> list[Step]:
    """The timeline. Its last dot stays open while a person is waited for."""
    last = len(found.steps) - 1
    return [_step(one, is_open=number == last and found.delivery.is_dead) for number, one in enumerate(found.steps)]


def _step(one: StepLine, *, is_open: bool) -> Step:
    state = "danger" if one.what in _BAD else "planned" if one.what in _WORRYING else "solved"
    clock = f"{one.at:%H:%M:%S}.{one.at.microsecond // 1000:03}"
    return Step(text=one.text, note=one.note, at=one.at, clock=clock, state=state, is_done=not is_open)
