"""The rows of all areas, and what the table answers."""

from __future__ import annotations

from typing import Final, Literal

from web.policy.accounts import ACCOUNTS
from web.policy.company import ADMINISTRATION, COMPANY
from web.policy.moderation import MODERATION
from web.policy.reading import READING, SITE
from web.policy.states import STATES
from web.policy.taking_part import ANSWERS, TAKING_PART
from web.policy.words import Action

Answer = Literal["yes", "no", "unseen"]

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


def answer(action: Action, relations: frozenset[str], state: str = "") -> Answer:
    """What the table says: whether a person in these relations to a thing in this state may do it, or does not even see it."""
    if state and not relations & _STATE[state].sees:
        return "unseen"
    allowed = relations & action.who and not relations & action.never and state not in action.refused
    return "yes" if allowed else "no"


def in_scope(action: Action, scopes: frozenset[str]) -> bool:
    """Whether a token with these scopes is good for it, provided that its owner may."""
    return action.scopes <= scopes
