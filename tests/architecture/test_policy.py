"""Every route has its action, every action its row, every row somebody who uses it, every `may_…` a row that names it."""

import ast
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from litestar import delete, get, post
from litestar.handlers import HTTPRouteHandler

from tests.architecture.source import Source, parsed, product
from web.policy.document import FILE, written
from web.policy.lint import PolicyGap, check_routes, gaps_of, unused_rows
from web.policy.table import AREAS, TABLE
from web.policy.words import read, write
from web.routes import ROUTES


def test_every_route_names_actions_that_have_rows() -> None:
    assert [gap for handler in ROUTES for gap in gaps_of(handler, TABLE)] == []


def test_every_row_is_used() -> None:
    assert list(unused_rows(ROUTES, TABLE)) == []


def test_no_action_has_two_rows() -> None:
    assert len(TABLE) == sum(len(rows) for rows in AREAS.values())


def _policies(source: Source) -> Iterator[str]:
    if source.path.endswith("policies.py"):
        for node in source.tree.body:
            if isinstance(node, ast.FunctionDef) and node.name.startswith("may_"):
                yield f"{source.path.removesuffix('.py').replace('/', '.')}.{node.name}"


def test_every_policy_is_named_by_a_row() -> None:
    named = {f"{row.may.__module__}.{row.may.__name__}" for row in TABLE.values() if row.may is not None}
    without = [policy for source in product() for policy in _policies(source) if policy not in named]
    assert without == [], "add a row with this `may_…` to a module of web/policy, see CONTRIBUTING.md"


def test_policies_are_found() -> None:
    assert list(_policies(parsed("def may_dance(actor): ...", "forum/balls/policies.py"))) == [
        "forum.balls.policies.may_dance"
    ]


def test_the_document_is_todays() -> None:
    assert FILE.read_text() == written(), "run `python -m web.policy write`"


def _nothing() -> None:
    """A handler's body."""


def _made(kind: Callable[..., Any], **named: Any) -> HTTPRouteHandler:
    handler: HTTPRouteHandler = kind("/x", sync_to_thread=False, **named)(_nothing)
    return handler


_ROWS = {row.name: row for row in (read("look", "Look", None, who="member"), write("act", "Act", None, who="member"))}


@pytest.mark.parametrize(
    ("handler", "says"),
    [
        (_made(get), "names no action"),
        (_made(post, action="danced"), "has no row"),
        (_made(post, action="look"), "an action for reading"),
        (_made(delete, action=("act", "look")), "an action for reading"),
    ],
)
def test_a_route_that_does_not_fit_is_told(handler: HTTPRouteHandler, says: str) -> None:
    (gap,) = gaps_of(handler, _ROWS)
    assert says in gap


@pytest.mark.parametrize("handler", [_made(get, action="look"), _made(get, action="act"), _made(post, action="act")])
def test_a_route_that_fits_is_left_alone(handler: HTTPRouteHandler) -> None:
    assert list(gaps_of(handler, _ROWS)) == []


def test_reading_and_changing_never_share_a_row() -> None:
    shared = [_made(get, action="look"), _made(post, action="look")]
    assert [gap for handler in shared for gap in gaps_of(handler, _ROWS)]


def test_the_site_does_not_start_with_a_gap() -> None:
    with pytest.raises(PolicyGap, match="names no action"):
        check_routes([*ROUTES, _made(get)])


def test_a_row_that_nobody_uses_is_told() -> None:
    elsewhere = write("count", "Count", None, who="member", outside="a job")
    rows = {**_ROWS, "count": elsewhere}
    assert [gap.split(":")[0] for gap in unused_rows([_made(get, action="look")], rows)] == ["No route names act"]
    assert "is said to be done outside" in next(
        unused_rows([_made(post, action=("act", "count")), _made(get, action="look")], rows)
    )
