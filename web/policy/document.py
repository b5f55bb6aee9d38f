"""docs/permissions.md, made of the table: for administrators, and for whoever wants to know what their account may do."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from web.policy.states import STATES
from web.policy.table import AREAS, answer, sees
from web.policy.words import RELATIONS, SCOPES, Action

FILE: Final = Path(__file__).parents[2] / "docs" / "permissions.md"
_WORDS: Final = {"yes": "yes", "no": "·"}
_HEAD: Final = """# Who may do what

Made from the table in `web/policy` by `python -m web.policy write`; `make check` fails when it is stale. The tests under
`tests/permissions` ask every route as everybody and compare with this table.

Read it so: first whether somebody *sees* a thing, then whether they *may* do something to it. What somebody does not see
answers as if it were not there, whatever they wanted to do.
"""


def written() -> str:
    """The whole document."""
    return "\n".join([_HEAD, *_legend(), *_seen(), *(line for area in AREAS for line in _area(area)), ""])


def persons() -> dict[str, frozenset[str]]:
    """A column for each relation: somebody who stands in it, and in the one that comes with it."""
    return {name: frozenset({name} if name in ("anonymous", "member") else {"member", name}) for name in RELATIONS}


def _legend() -> Iterator[str]:
    yield from ("## People", "", "| column | somebody who |", "| --- | --- |")
    yield from (f"| {name} | {means} |" for name, means in RELATIONS.items())
    yield from (
        "",
        "Where two columns fit somebody, what either may, they may; but what is refused to the author of a post, or to whoever",
        "is suspended, is refused whatever else they are. *asker* and *author* are columns of ordinary members.",
        "",
        "A token may what its owner may, as far as its scopes go; without `moderate` it acts as any member would in their own name:",
        "",
        "| scope | good for |",
        "| --- | --- |",
    )
    yield from (f"| `{name}` | {means} |" for name, means in SCOPES.items())
    yield ""


def _seen() -> Iterator[str]:
    yield from ("## Who sees what", "", *_row("state", "what it means", *RELATIONS), _rule(2 + len(RELATIONS)))
    for state in STATES:
        yes = ("yes" if sees(state, relations) else "·" for relations in persons().values())
        yield from _row(f"**{state.name}** ({', '.join(sorted(state.on))})", state.means, *yes)
    yield from ("", "Lists, searches, feeds and counts hold what their reader sees.", "")


def _area(area: str) -> Iterator[str]:
    yield from (f"## {area}", "", *_row("action", *RELATIONS, "token", "besides"), _rule(3 + len(RELATIONS)))
    for action in AREAS[area]:
        cells = (_WORDS[answer(action, relations)] for relations in persons().values())
        yield from _row(f"{action.does} (`{action.name}`)", *cells, _token(action), _besides(action))
    yield ""


def _token(action: Action) -> str:
    if "none" in action.scopes:
        return "none"
    needed = ", ".join(f"`{scope}`" for scope in SCOPES if scope in action.scopes)
    return f"{needed}; `moderate` too unless {_list(action.who - action.by_right)}" if action.by_right else needed


def _besides(action: Action) -> str:
    only = "".join(f"In the state {state} only {_list(who)}. " for state, who in action.only.items())
    refused = f"Not in the state {' or '.join(sorted(action.refused))}." if action.refused else ""
    outside = f"Done by {action.outside}." if action.outside else ""
    visitor = "Whoever asks, it holds what visitors see." if action.as_visitor else ""
    return " ".join(filter(None, (only.strip(), refused, visitor, action.provided, outside)))


def _list(words: frozenset[str]) -> str:
    return " and ".join(word for word in RELATIONS if word in words)


def _row(*cells: str) -> Iterator[str]:
    yield f"| {' | '.join(cells)} |"


def _rule(columns: int) -> str:
    return "|" + " --- |" * columns
