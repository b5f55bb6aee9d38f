"""What a thing can be in, and who sees it then. What somebody does not see, they may do nothing to: it answers as if it were not there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from web.policy.words import EVERYBODY


@dataclass(frozen=True, slots=True)
class State:
    """Something that can be the case with a thing of the kinds `on`, and which relations see it then.

    Those in `by_right` see it, or are among the only ones who may do something then, by a right over others, which a token has
    only with `scope`.
    """

    name: str
    means: str
    sees: frozenset[str]
    by_right: frozenset[str]
    on: frozenset[str]
    scope: str
    gone: bool
    """Whoever sees where it was is told that it is gone, and nobody may do anything to it."""


def _state(
    name: str, means: str, *, on: str, sees: str = "", by_right: str = "", scope: str = "read", gone: bool = False
) -> State:
    return State(name, means, frozenset(sees.split()), frozenset(by_right.split()), frozenset(on.split()), scope, gone)


_DISCUSSED = "thread post"
_MODERATORS = "category-moderator moderator administrator"
STATES: Final = (
    _state("public", "in a category for everybody", sees=EVERYBODY, on=f"{_DISCUSSED} category article"),
    _state("members", "in a category for members", sees="member", on=f"{_DISCUSSED} category article"),
    _state(
        "group",
        "in a category for a group",
        sees="insider",
        by_right="administrator",
        scope="administer",
        on=f"{_DISCUSSED} category article",
    ),
    _state("staff", "in a category for the company", sees="staff administrator", on=f"{_DISCUSSED} category article"),
    _state(
        "group speaks",
        "in a category where only a group opens threads and replies",
        sees=EVERYBODY,
        by_right="administrator",
        scope="administer",
        on=f"{_DISCUSSED} category",
    ),
    _state("staff opens", "in a category where only the company opens threads", sees=EVERYBODY, on="category"),
    _state("closed", "no replies any more", sees=EVERYBODY, on=_DISCUSSED),
    _state(
        "hidden thread", "removed by a decision", sees="asker", by_right=_MODERATORS, scope="moderate", on=_DISCUSSED
    ),
    _state("hidden post", "removed by a decision", sees="author", by_right=_MODERATORS, scope="moderate", on="post"),
    _state("deleted post", "taken back by its author", sees=EVERYBODY, on="post", gone=True),
    _state(
        "draft",
        "not published yet, or no longer",
        by_right="staff moderator administrator",
        scope="moderate",
        on="article",
    ),
)
