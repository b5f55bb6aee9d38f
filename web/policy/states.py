"""What a thing can be in, and who sees it then. What somebody does not see, they may do nothing to: it answers as if it were not there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from web.policy.words import EVERYBODY


@dataclass(frozen=True, slots=True)
class State:
    """Something that can be the case with a thing of the kinds `on`, and which relations see it then."""

    name: str
    means: str
    sees: frozenset[str]
    on: frozenset[str]


def _state(name: str, means: str, *, sees: str, on: str) -> State:
    return State(name, means, frozenset(sees.split()), frozenset(on.split()))


_DISCUSSED = "thread post"
STATES: Final = (
    _state("public", "in a category for everybody", sees=EVERYBODY, on=f"{_DISCUSSED} category article decision"),
    _state("members", "in a category for members", sees="member", on=f"{_DISCUSSED} category article decision"),
    _state("staff", "in a category for the company", sees="staff administrator", on=f"{_DISCUSSED} category article decision"),
    _state("closed", "no replies any more", sees=EVERYBODY, on=_DISCUSSED),
    _state("hidden thread", "removed by a decision", sees="asker moderator administrator", on=f"{_DISCUSSED} decision"),
    _state("hidden post", "removed by a decision", sees="author moderator administrator", on="post"),
    _state("deleted post", "taken back by its author", sees="", on="post"),
    _state("draft", "not published yet, or no longer", sees="staff moderator administrator", on="article"),
)  # fmt: skip
