"""The word before something private is posted: what was found, and whether to mask it. Said once; then the writer has chosen."""

from __future__ import annotations

from typing import Final, Literal

import msgspec

from forum.threads.private_details import Detail, found_in, masked

Choice = Literal["mask", "keep"]
MOST_SHOWN: Final = 5


class Nudge(msgspec.Struct, frozen=True, kw_only=True):
    """What a form says of private details: those that were found, and what its writer chose before, if they did."""

    found: tuple[Detail, ...] = ()
    choice: Choice | None = None

    @property
    def is_shown(self) -> bool:
        """Whether there is something to choose, or a choice to be kept in the form."""
        return bool(self.found) or self.choice is not None

    @property
    def shown(self) -> tuple[Detail, ...]:
        """The first ones: whoever pasted a whole log need not read it twice."""
        return self.found[:MOST_SHOWN]


NO_NUDGE: Final = Nudge()


def nudge(choice: Choice | None, *texts: str, known: str = "") -> Nudge:
    """What to say of these texts to somebody who has not chosen yet; what stands in `known` was there before."""
    if choice is not None:
        return Nudge(choice=choice)
    return Nudge(found=tuple(detail for text in texts for detail in found_in(text, known=known)))


def as_chosen(choice: Choice | None, text: str, *, known: str = "") -> str:
    """The text as it shall be posted."""
    return masked(text, known=known) if choice == "mask" else text
