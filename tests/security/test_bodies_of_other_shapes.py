"""The API, given other than it asks for: another type in every field, every column of every table, naughty strings.

The calls are read out of the description, so a new one is tried without anybody adding it here.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import cycle, islice
from typing import Any
from urllib.parse import quote

import pytest

import web.tables  # noqa: F401 - declares every table
from forum.kernel.db import Base
from tests.security.described import Call, calls_of, query_of
from tests.security.town import Town
from tests.security.wire import Wire, tell
from tests.shared import shared_data
from tests.web.edging import RawAnswer

ROLES = ("member", "moderator", "administrator")
OTHER_VALUES: list[Any] = [
    [], {}, None, True, "x", "", "1", -1, 0, 1.5, 2**31, 2**53, 2**63 - 1, -(2**63), 2**63, 10**40, 1e308,
    [1], [[]], {"id": 1}, ["x", None], [{}] * 3, "9" * 5000, "x" * 100_000, "\ud800", "\u0000",
]  # fmt: skip
OTHER_ARGUMENTS = [
    "", "-1", "0", "+1", "1_0", "01", " 1", "1.5", "1e9", "0x1", "٣", "9" * 40, str(2**63), "null", "true", "[]", "{}", "x",
    "%00", "\ud7ff", "'", "../..", "*", "x" * 3000,
]  # fmt: skip
OTHER_BODIES = [
    b"", b"null", b"[]", b"1", b'"x"', b"{", b"\xff", b'{"a":1}' * 2, b"[" * 1000, b"{}", b"NaN", b'{"":{}}', b"\xef\xbb\xbf{}",
    b'{"a":' + b"9" * 5000 + b"}", b"{" + b",".join(b'"k%d":1' % n for n in range(100_000)) + b"}",
]  # fmt: skip
COLUMNS = sorted({column.key for table in Base.metadata.tables.values() for column in table.columns})


@pytest.fixture(scope="module")
def calls(wire: Wire) -> list[Call]:
    found = calls_of(wire)
    assert len(found) > 30
    return found


class Judge:
    """Counts answers, and keeps those that are none."""

    def __init__(self) -> None:
        self.asked = 0
        self.wrong: list[str] = []

    def sees(self, call: Call, role: str, what: str, answer: RawAnswer) -> None:
        self.asked += 1
        if answer.status >= 500:
            self.wrong.append(f"{call.label} as {role} with {what[:200]}: {answer.status}")
        elif answer.status >= 400 and not json.loads(answer.body).get("detail"):
            self.wrong.append(f"{call.label} as {role} with {what[:200]}: {answer.status} without a word")

    def closes(self, name: str) -> None:
        tell(f"{name}: {self.asked} requests")
        assert not self.wrong, "\n".join(self.wrong)


@pytest.mark.timeout(600)
def test_no_field_of_another_type_is_our_fault(
    wire: Wire, town: Town, calls: list[Call], amount: Callable[[int, int], int]
) -> None:
    """Row 30 of what bit others: arrays, objects, null, huge, negative and strings for ids, flags and lists."""
    judge = Judge()
    for call in calls:
        for role in ROLES[-amount(1, 3) :]:
            for name in call.fields:
                for value in OTHER_VALUES:
                    judge.sees(
                        call,
                        role,
                        f"{name}={value!r}",
                        call.send(wire, town, role, body=call.body(town, **{name: value})),
                    )
            for body in OTHER_BODIES if call.fields else []:
                judge.sees(call, role, repr(body[:40]), call.send(wire, town, role, body=body))
        if wire.ask("GET", "/api/v1/me", town.headers["administrator"]).status != 200:
            town.settle_people()
    judge.closes("other types in bodies")


@pytest.mark.timeout(600)
def test_no_argument_of_another_type_is_our_fault(wire: Wire, town: Town, calls: list[Call]) -> None:
    judge = Judge()
    for call in calls:
        for value in OTHER_ARGUMENTS:
            for name in call.path:
                answer = call.send(wire, town, "administrator", path={name: value} if value else {name: " "})
                judge.sees(call, "administrator", f"{name}={value!r} in the path", answer)
            for name in call.query:
                for spelled in (
                    query_of(**{name: value}),
                    query_of(**{name: [value, value]}),
                    f"{name}[]={quote(value)}",
                ):
                    rest = query_of(**{key: one for key, one in call.needed().items() if key != name})
                    answer = call.send(wire, town, "administrator", query=f"{spelled}&{rest}" if rest else spelled)
                    judge.sees(call, "administrator", spelled, answer)
    judge.closes("other types in addresses")


def test_no_column_of_any_table_is_taken_as_a_field(
    wire: Wire, town: Town, calls: list[Call], amount: Callable[[int, int], int]
) -> None:
    """Row 23: mass assignment. What is not a field of the call is refused before anybody looks who calls."""
    columns, asked = cycle(COLUMNS), 0
    for call in calls:
        if call.example is None:
            continue
        some = COLUMNS if amount(0, 1) else list(islice(columns, 25))
        for column in (name for name in some if name not in call.fields):
            for value in (1, "administrator", True):
                answer = call.send(wire, town, "administrator", body=call.body(town, **{column: value}))
                assert answer.status in (400, 422), (call.label, column, answer.status)
                asked += 1
    tell(f"columns sent as fields: {asked}, of {len(COLUMNS)} names")
    assert asked > 100


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_every_text_is_kept_as_it_is_or_refused_with_a_sentence(
    wire: Wire, town: Town, calls: list[Call], amount: Callable[[int, int], int]
) -> None:
    strings = json.loads((shared_data("data/naughty-strings") / "blns.json").read_text())
    judge, turn, kept = Judge(), 0, 0
    for call in calls:
        for name in call.texts:
            some = strings if amount(0, 1) else [strings[(turn * 7 + step * 101) % len(strings)] for step in range(3)]
            turn += 1
            for text in some:
                answer = call.send(wire, town, "administrator", body=call.body(town, **{name: text}))
                judge.sees(call, "administrator", f"{name}={text!r}", answer)
                kept += _check_kept(call, name, text, answer)
        for name, schema in call.query.items():
            for text in strings[:: amount(60, 1)] if schema.get("type") == "string" else []:
                rest = {key: one for key, one in call.needed().items() if key != name}
                judge.sees(
                    call,
                    "administrator",
                    f"{name}={text!r}",
                    call.send(wire, town, "administrator", query=query_of(**{**rest, name: text})),
                )
    judge.closes(f"naughty strings, {kept} of them read back,")


def _check_kept(call: Call, name: str, text: str, answer: RawAnswer) -> int:
    """Whether the answer shows what was stored, the same; blanks at the ends do not count."""
    if answer.status not in (200, 201) or not answer.body:
        return 0
    told = json.loads(answer.body)
    shown = told.get(name)
    if not isinstance(shown, str) or not text.strip():
        return 0
    assert " ".join(shown.split()) == " ".join(text.split()), (call.label, name, text, shown)
    return 1
