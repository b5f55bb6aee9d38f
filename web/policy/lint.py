"""Routes and rows belong together. What is missing on either side is said here, at start-up and in `make check`, with where to add it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from litestar.handlers import HTTPRouteHandler

from web.policy.table import TABLE
from web.policy.words import Action

_HOW = "see CONTRIBUTING.md, “Permissions”"
_SAFE = {"GET", "HEAD", "OPTIONS"}


class PolicyGap(Exception):
    """A route or a row without its other half. The message names each and says what to add."""

    def __init__(self, gaps: Iterable[str]) -> None:
        super().__init__("\n".join(["The policy table and the routes do not fit together:", *gaps]))


def check_routes(handlers: Iterable[HTTPRouteHandler]) -> None:
    """Raises PolicyGap where a route names no action, or one that it may not have."""
    if gaps := [gap for handler in handlers for gap in gaps_of(handler, TABLE)]:
        raise PolicyGap(gaps)


def actions_of(handler: HTTPRouteHandler) -> tuple[str, ...]:
    """The names of the actions that a route says it is for; a route that takes several kinds of change names them all."""
    named: str | tuple[str, ...] = handler.opt.get("action", ())
    return (named,) if isinstance(named, str) else named


def gaps_of(handler: HTTPRouteHandler, table: Mapping[str, Action]) -> Iterator[str]:
    """What is wrong with one route: no action, an unknown one, or one for reading where something is changed."""
    where = f"{'/'.join(sorted(handler.http_methods - _SAFE) or ['GET'])} {' '.join(sorted(handler.paths))}"
    names = actions_of(handler)
    if not names:
        yield f'{where} names no action: write action="…" into its decorator ({_HOW}).'
    for name in names:
        row = table.get(name)
        if row is None:
            yield f"{where} names the action {name}, which has no row: add one to a module of web/policy ({_HOW})."
        elif not row.writes and handler.http_methods - _SAFE:
            yield f"{where} changes something under {name}, which is an action for reading: name one that writes ({_HOW})."


def unused_rows(handlers: Iterable[HTTPRouteHandler], table: Mapping[str, Action]) -> Iterator[str]:
    """Rows that no route names and that say nothing of where else they are done; and those that say so in vain."""
    used = {name for handler in handlers for name in actions_of(handler)}
    for row in table.values():
        if row.name not in used and not row.outside:
            yield f"No route names {row.name}: take the row away, or say with outside=… where it is done ({_HOW})."
        if row.name in used and row.outside:
            yield f"{row.name} is said to be done outside ({row.outside}), but a route names it ({_HOW})."
