"""The rows of all areas, and what the table answers."""

from __future__ import annotations

from typing import Final, Literal

from web.policy.accounts import ACCOUNTS
from web.policy.company import ADMINISTRATION, COMPANY
from web.policy.moderation import MODERATION
from web.policy.reading import READING, SITE
from web.policy.states import STATES, State
from web.policy.taking_part import ANSWERS, TAKING_PART
from web.policy.words import SCOPES, Action

Answer = Literal["yes", "no", "gone", "unseen"]
ANY: Final = frozenset(SCOPES)

AREAS: Final = {
    "Reading": READING,
    "Taking part": TAKING_PART,
    "Answers and ideas": ANSWERS,
    "Accounts": ACCOUNTS,
    "Moderation": MODERATION,
    "Articles and connections": COMPANY,
    "Administration": ADMINISTRATION,
    "The site itself": SITE,
}
TABLE: Final = {action.name: action for rows in AREAS.values() for action in rows}
_STATE: Final = {state.name: state for state in STATES}


def answer(action: Action, relations: frozenset[str], state: str = "", scopes: frozenset[str] = ANY) -> Answer:
    """What the table says of a person in these relations to a thing in this state, who comes with a token of these scopes.

    They may; or they may not; or the thing is gone; or they do not even see it.
    """
    if action.as_visitor:
        relations = frozenset({"anonymous"})
    by_right = frozenset() if "moderate" in scopes else action.by_right
    if "moderate" not in scopes:
        relations -= {"category-moderator", "elsewhere-moderator"}
    if state and not sees(_STATE[state], relations, scopes):
        return "unseen"
    if state and _STATE[state].gone:
        return "gone"
    if state in action.only and _STATE[state].scope not in scopes:
        by_right |= _STATE[state].by_right
    allowed = (
        relations & (action.only.get(state, action.who) - by_right)
        and not relations & action.never
        and state not in action.refused
    )
    return "yes" if allowed and action.scopes <= scopes | {"none"} else "no"


def sees(state: State, relations: frozenset[str], scopes: frozenset[str] = ANY) -> bool:
    """Whether somebody in these relations sees a thing in this state. Who is suspended or unverified sees what visitors see."""
    if relations & {"suspended", "unverified"}:
        relations = frozenset({"anonymous"})
    by_right = state.by_right if state.scope in scopes else frozenset()
    return bool(relations & (state.sees | by_right))
