"""Forms and addresses of pages, given other than they ask for: more fields, other types, parts that are no ids.

Forms are found by following links, addresses in the list of routes; so new ones are tried without anybody adding them here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any
from urllib.parse import quote

import pytest
from litestar.handlers import HTTPRouteHandler
from sqlalchemy import Boolean, Connection, Integer, select

import web.tables  # noqa: F401 - declares every table
from forum.kernel.db import Base, Database, UtcTime
from tests.security.browsing import FROM_HERE, Browser, Form, again, browser_of, fell_over, forms_found
from tests.security.test_bodies_of_other_shapes import OTHER_ARGUMENTS
from tests.security.test_naughty_strings_in_forms import ENDS, starts
from tests.security.town import Town
from tests.security.wire import Wire, tell
from web.routes import ROUTES

NUMBER, WORD = 987_654_321, "sentinel-q7"
PLAUSIBLE = {
    "role": "administrator", "state": "published", "kind": "announcement", "status": "shipped", "privileges": "moderate",
    "level": "2", "grade": "1", "proof": "claim", "source": "claim", "audience": "2", "clearance": "2", "value": "1",
}  # fmt: skip
"""What gives a right, or looks as if. Other columns get a number or a word that stands nowhere else."""
UNSTEADY = frozenset({"outbox_event", "outbox_delivery", "schedule", "rate_bucket", "search_document", "search_word"})
OTHER_VALUES = [
    "",
    "-1",
    "9" * 30,
    str(2**63),
    "1.5",
    "true",
    "null",
    "[]",
    "{}",
    "x" * 5000,
    "'\"<>",
    "\udcff",
    "٣",
    "on",
]
MOST = 120  # extra fields at once; a form may have 200 in all


def tempting(column: Any) -> str:
    if column.key in PLAUSIBLE:
        return PLAUSIBLE[column.key]
    if isinstance(column.type, Boolean):
        return "on"
    return str(NUMBER) if isinstance(column.type, (Integer, UtcTime)) else WORD


TABLES = [table for name, table in Base.metadata.tables.items() if name not in UNSTEADY]
EXTRAS = {column.key: tempting(column) for table in TABLES for column in table.columns}
Rows = dict[tuple[Any, ...], Any]
Changes = set[tuple[str, str, str]]


def rows_of(connection: Connection) -> Rows:
    """Every row of every table, by its table and key."""
    found: Rows = {}
    for table in TABLES:
        keys = [column.key for column in table.primary_key.columns]
        for row in connection.execute(select(table)).mappings():
            found[table.name, *(row[key] for key in keys)] = dict(row)
    return found


def changes(before: Rows, after: Rows) -> Changes:
    """Which columns hold what they did not hold before: table, column, value."""
    return {
        (key[0], column, _spelled(value))
        for key, row in after.items()
        for column, value in row.items()
        if before.get(key, {}).get(column) != value or key not in before
    }


def _spelled(value: object) -> str:
    return "on" if value is True else str(value)


def _taken(found: Changes, usual: Changes, own: set[str]) -> Changes:
    """Changes that came of the extra fields: a tempting value in a column that the form does not have, and else stays out."""
    return {
        (table, column, value)
        for table, column, value in found - usual
        if WORD in value or value == str(NUMBER) or (column in EXTRAS and column not in own and value == EXTRAS[column])
        if (table, column) not in {(one, name) for one, name, _ in usual} or WORD in value or value == str(NUMBER)
    }


def test_a_right_that_came_of_an_extra_field_is_noticed() -> None:
    stolen = {("member", "role", "administrator")}
    assert _taken(stolen, set(), {"name"}) == stolen
    assert not _taken(stolen, set(), {"role"})
    assert not _taken(stolen, {("member", "role", "moderator")}, {"name"})
    assert _taken({("post", "source", WORD)}, {("post", "source", "usual")}, {"body"})


@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    "role",
    [
        "anonymous",
        "member",
        pytest.param("moderator", marks=pytest.mark.long(only=True)),
        pytest.param("administrator", marks=pytest.mark.long(only=True, on="postgresql")),
    ],
)
def test_no_form_changes_a_column_that_it_does_not_show(wire: Wire, database: Database, town: Town, role: str) -> None:
    """Row 23: each form is sent as it is, then with every column of every table as further fields."""
    browser = browser_of(wire, database, town.people.get(role))
    wrong, sent, took = [], 0, 0
    forms = forms_found(browser, starts(town)).values()
    shown = _shown_at(forms)
    for form in forms:
        if form.method != "POST" or form.action.endswith(ENDS):
            continue
        usual = _changed_by(database, browser, form, [])
        own = shown[form.place]
        extras = [(name, value) for name, value in EXTRAS.items() if name not in own]
        for part in (extras[:MOST], extras[MOST:]):
            found = _changed_by(database, browser, form, part)
            sent += 1
            took += bool(found)
            wrong += [f"{form.key} on {form.page}: {one}" for one in sorted(_taken(found, usual, own))]
        browser = _still(browser, wire, database, town, role)
    tell(f"{role}: {sent} forms sent with {len(EXTRAS)} columns as fields, {took} changed something")
    assert not wrong, "\n".join(wrong)
    assert took


def _shown_at(forms: Iterable[Form]) -> dict[str, set[str]]:
    """The fields that an address's forms show; two of them may be two ways to send one form."""
    shown: dict[str, set[str]] = {}
    for form in forms:
        shown.setdefault(form.place, set()).update(field.name for field in form.fields)
    return shown


def _changed_by(database: Database, browser: Browser, form: Form, extras: list[tuple[str, str]]) -> Changes:
    with database.reading() as connection:
        before = rows_of(connection)
    now = again(browser, form) or form
    browser.send(now, [*now.filled(), *extras])
    with database.reading() as connection:
        return changes(before, rows_of(connection))


def _still(browser: Browser, wire: Wire, database: Database, town: Town, role: str) -> Browser:
    """The same browser, or a new one if the form ended the session."""
    if role == "anonymous" or ("session" in browser.cookies and browser.get("/settings/profile").status == 200):
        return browser
    town.settle_people()
    return browser_of(wire, database, town.people.get(role))


@pytest.mark.timeout(600)
@pytest.mark.parametrize("role", ["anonymous", "member", "moderator", "administrator"])
def test_no_field_of_another_type_is_our_fault(
    wire: Wire, database: Database, town: Town, role: str, amount: Callable[[int, int], int]
) -> None:
    browser = browser_of(wire, database, town.people.get(role))
    wrong, turn = [], 0
    for form in forms_found(browser, starts(town)).values():
        if form.action.endswith(ENDS):
            continue
        for field in form.fields:
            for pairs in _other(form, field.name)[turn % 5 :: amount(5, 1)]:
                turn += 1
                answer = browser.send(form, pairs)
                if fell_over(form, answer):
                    wrong.append(f"{form.key} on {form.page} as {role} with {pairs}: {answer.status}")
        browser = _still(browser, wire, database, town, role)
    tell(f"{role}: {turn} forms with a field of another type")
    assert not wrong, "\n".join(wrong)
    assert turn > 20


def _other(form: Form, name: str) -> list[list[tuple[str, str]]]:
    """The form with that field as something else, twice, as a list, or not at all."""
    usual = form.filled()
    rest = [(key, value) for key, value in usual if key != name]
    values = dict(usual)
    several = [[*usual, (name, values[name])], [*rest, (f"{name}[]", "1")], [*rest, (f"{name}[a]", "1")], rest]
    return [*([*rest, (name, value)] for value in OTHER_VALUES), *several]


def _addresses() -> Iterator[tuple[HTTPRouteHandler, str]]:
    for handler in ROUTES:
        for path in sorted(handler.paths):
            if "{" in path and not path.startswith("/api"):
                yield handler, path


def test_no_part_of_an_address_is_our_fault_and_only_numbers_are_ids(
    wire: Wire, database: Database, town: Town
) -> None:
    """Row 30, and `+1`, `1_0`, `01` and digits of other scripts, which Python's `int` would read."""
    browser = browser_of(wire, database, town.people["administrator"])
    token = re.search(r'name="csrf" value="([^"]+)"', browser.get("/ask").body.decode())
    assert token
    wrong, asked = [], 0
    for handler, path in _addresses():
        for value in OTHER_ARGUMENTS:
            for part in re.findall(r"\{(\w+):\w+\}", path):
                address = _named(path, part, value)
                answer = _ask(wire, browser, handler, address, token[1])
                asked += 1
                an_id = part.endswith("_id") and "GET" in handler.http_methods
                if answer >= 500 or (an_id and answer < 300):
                    wrong.append(f"{path} with {part}={value!r}: {answer}")
    tell(f"{asked} addresses with parts of another kind")
    assert not wrong, "\n".join(wrong)


def _named(path: str, part: str, value: str) -> str:
    """The address with `value` for that part, and 1 for the others."""
    spelled = quote(value, safe="%") or "%20"
    return re.sub(r"\{\w+:\w+\}", "1", re.sub(r"\{" + part + r":\w+\}", lambda _: spelled, path))


def _ask(wire: Wire, browser: Browser, handler: HTTPRouteHandler, address: str, token: str) -> int:
    if "GET" in handler.http_methods:
        return browser.get(address).status
    headers = {
        "cookie": f"session={browser.cookies['session']}", "x-csrf-token": token,
        "content-type": "application/x-www-form-urlencoded", **FROM_HERE,
    }  # fmt: skip
    return wire.ask("POST", address, headers, b"do=x").status
