"""How a row of the table is written.

A person stands in several relations to a thing at once: whoever asked is also a member. A row says which relations allow an
action (`who` and `by_right`, any of them is enough) and which forbid it whatever else holds (`never`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

RELATIONS: Final = {
    "anonymous": "nobody is signed in",
    "member": "anybody with an account, so everybody below too",
    "asker": "opened the thread",
    "author": "wrote the post",
    "trusted": "earned every privilege that points bring",
    "insider": "belongs to the group that the category names",
    "staff": "belongs to the company",
    "category-moderator": "moderates the category, and no other",
    "elsewhere-moderator": "moderates another category",
    "moderator": "moderates the whole site",
    "administrator": "runs the installation",
    "unverified": "has not confirmed yet that their address is theirs",
    "silenced": "reads as before and takes no part for a while",
    "suspended": "has an account that is suspended",
}
SCOPES: Final = {
    "read": "reading what its owner may read",
    "write": "what members do in their own name",
    "moderate": "what a role or a privilege lets its owner do with what others wrote, or say for the company",
    "administer": "what only administrators may",
}
EVERYBODY: Final = "anonymous member"


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """One row. `may` is asked by the verb and by the page that offers it; None where nothing is asked, because all may."""

    name: str
    does: str
    may: Callable[..., Any] | None
    who: frozenset[str]
    never: frozenset[str]
    on: str
    """The kind of thing it is done to, which states of `web.policy.states` concern; empty for none in particular."""
    refused: frozenset[str]
    """States in which nobody may, though they see the thing."""
    by_right: frozenset[str]
    """Those of `who` that have it by a right over others, which a token brings with `moderate` alone."""
    only: Mapping[str, frozenset[str]]
    """States in which fewer may than `who`."""
    writes: bool
    scopes: frozenset[str]
    """What a token must be good for; with "none" among them, no token is enough."""
    provided: str
    """What must hold besides, in words."""
    outside: str
    """Where it is done, if no route does it."""
    as_visitor: bool
    """Whoever asks, it shows what visitors see."""


def read(name: str, does: str, may: Callable[..., Any] | None, **fields: str) -> Action:
    """A row for looking at something, which changes nothing."""
    return _action(
        name, does, may, writes=False, scopes=fields.pop("scopes", "read"), never=fields.pop("never", ""), fields=fields
    )


def write(name: str, does: str, may: Callable[..., Any] | None, **fields: str) -> Action:
    """A row for what leaves a trace. Whoever is suspended, silenced or unverified may not, unless the row says `even` so."""
    even = set(fields.pop("even", "").split())  # what the suspended may, the silenced may too
    even |= {"silenced"} if "suspended" in even else set()
    kept = frozenset({"suspended", "silenced", "unverified"}) - even
    never = f"{' '.join(kept)} {fields.pop('never', '')}"
    return _action(name, does, may, writes=True, scopes=f"write {fields.pop('scopes', '')}", never=never, fields=fields)


def personal(name: str, does: str, may: Callable[..., Any] | None, **fields: str) -> Action:
    """A row for what concerns oneself alone and is done in a browser alone: one's account, one's screen. Suspended people may too."""
    never = fields.pop("never", "")
    return _action(name, does, may, writes=True, scopes="none", never=never, fields={"who": "member", **fields})


def _only(words: str) -> dict[str, frozenset[str]]:
    """ "state: relation relation; state: relation" as data."""
    rules = (rule.split(":") for rule in words.split(";") if rule)
    return {state.strip(): frozenset(who.split()) for state, who in rules}


def _action(
    name: str,
    does: str,
    may: Callable[..., Any] | None,
    *,
    writes: bool,
    scopes: str,
    never: str,
    fields: dict[str, str],
) -> Action:
    known = {key: fields.pop(key, "") for key in ("on", "provided", "outside")}
    by_right = frozenset(fields.pop("by_right", "").split())
    made = Action(
        name=name, does=does, may=may, who=by_right | set(fields.pop("who", "").split()), never=frozenset(never.split()),
        refused=frozenset(filter(None, (word.strip() for word in fields.pop("refused", "").split(",")))),
        only=_only(fields.pop("only", "")),
        by_right=by_right, writes=writes, scopes=frozenset(scopes.split()), as_visitor=fields.pop("seen_as", "") == "anonymous", **known,
    )  # fmt: skip
    if fields or not made.who or (made.who | made.never) - set(RELATIONS):
        raise ValueError(f"The row {name} has a word that this table does not know, or nobody who may: {made} {fields}")
    return made
