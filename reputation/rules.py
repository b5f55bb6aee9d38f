"""What is worth how many points. Pure: no database, no clock.

The values follow Stack Exchange's (docs/decisions.md); a site may set others later.
"""

from dataclasses import dataclass, replace

DAILY_MOST = 200
"""Points that votes can bring a member on one day (UTC). Acceptance is exempt, losses count in full."""

UP, DOWN, DOWN_VOTER, ACCEPTED, ACCEPTING = 10, -2, -1, 15, 2

LADDERS = {
    "low": {"post:suggest-edit": 10, "vote:down": 50, "thread:retag": 50, "thread:close": 200, "post:edit-any": 200},
    "medium": {
        "post:suggest-edit": 100,
        "vote:down": 125,
        "thread:close": 500,
        "thread:retag": 500,
        "post:edit-any": 1000,
    },
    "high": {
        "post:suggest-edit": 200,
        "vote:down": 125,
        "thread:retag": 500,
        "thread:close": 2000,
        "post:edit-any": 2000,
    },
}
"""From how many points a privilege is earned, by what the site demands. What costs one point, every member has from the start.

"medium" is the ladder of small Stack Exchange sites; the others follow the small and the large mode of Askbot (docs/decisions.md).
"""


@dataclass(frozen=True, slots=True)
class Due:
    """Points that a cause brings somebody for as long as it holds."""

    member_id: int
    reason: str
    points: int
    is_capped: bool = False


CAPPED = Due(0, "upvoted", UP, is_capped=True)
"""What the daily cap concerns: which reason, and how much it brings where there is room. Nobody's in particular."""


def due_for_vote(*, value: int, author_id: int, voter_id: int, is_answer: bool) -> list[Due]:
    """What one vote brings: its receiver, and on answers the one who votes down."""
    if value > 0:
        return [replace(CAPPED, member_id=author_id)]
    due = [Due(author_id, "downvoted", DOWN)]
    return [*due, Due(voter_id, "downvoting", DOWN_VOTER)] if is_answer else due


def due_for_acceptance(*, answerer_id: int, asker_id: int, by_asker: bool) -> list[Due]:
    """What an accepted answer brings; solving one's own question brings nothing."""
    if answerer_id == asker_id:
        return []
    due = [Due(answerer_id, "accepted", ACCEPTED)]
    return [*due, Due(asker_id, "accepting", ACCEPTING)] if by_asker else due


def imported_points(*, up: int, down: int) -> int:
    """What a day of imported votes was worth. They name no voter, and the cap of their day was applied where they were cast."""
    return up * UP + down * DOWN


def within_cap(points: int, *, gained_that_day: int) -> int:
    """As much of a gain as the day's cap leaves room for."""
    return max(0, min(points, DAILY_MOST - gained_that_day))


def privileges_at(points: int, demands: str = "medium") -> list[str]:
    """The privileges that a standing earns."""
    return [privilege for privilege, threshold in LADDERS[demands].items() if points >= threshold]


def steps(demands: str) -> list[tuple[int, list[str]]]:
    """The points at which something is earned, rising, each with all that is earned by then."""
    return [(points, privileges_at(points, demands)) for points in sorted(set(LADDERS[demands].values()))]
