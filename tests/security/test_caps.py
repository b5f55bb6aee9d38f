"""Everything that can be made large has an end: arguments, lists, bodies, and what of it reaches the log."""

from __future__ import annotations

import io
from typing import Any

import msgspec
import pytest
import structlog

from tests.security.described import Call, calls_of, query_of
from tests.security.town import Town
from tests.security.wire import Wire
from web import logs
from web.routes import ROUTES


@pytest.fixture(scope="module")
def calls(wire: Wire) -> list[Call]:
    return calls_of(wire)


def test_every_list_has_a_cap(wire: Wire, town: Town, calls: list[Call]) -> None:
    """Row 67: `limit` is at most 100, told and enforced, on every call that takes one."""
    limited = [call for call in calls if "limit" in call.query]
    assert len(limited) > 5
    for call in limited:
        most = call.query["limit"]["maximum"]
        assert 1 <= most <= 100, call.label
        for limit in (most + 1, 0, -1, 10**9):
            answer = call.send(wire, town, "administrator", query=query_of(**{**call.needed(), "limit": limit}))
            assert answer.status == 422, (call.label, limit, answer.body)


@pytest.mark.parametrize(
    "query",
    [
        "&".join(f"tag={number}" for number in range(10_000)),
        "tag=" + "x" * 100_000,
        "limit=" + "9" * 5_000,
        "&" * 50_000,
        "limit=1&" * 300,
    ],
)
@pytest.mark.parametrize("path", ["/api/v1/threads", "/search"])
def test_arguments_have_an_end(wire: Wire, path: str, query: str) -> None:
    """Row 65: ten thousand arguments, huge ones, five thousand digits."""
    assert 400 <= wire.ask("GET", f"{path}?{query}").status < 500


def test_a_megabyte_in_a_header_writes_little_into_the_log(wire: Wire) -> None:
    """Row 81: and no line of it begins another."""
    stream = io.StringIO()
    before = structlog.get_config()
    logs.configure("info", stream=stream, json=True)
    try:
        forged = "x\r\n2026-01-01 [info] signed in\x1b[2J" + "y" * 2**20
        answer = wire.ask("GET", "/?" + "a" * 4_000, {"user-agent": forged, "x-request-id": forged})
    finally:
        structlog.configure(**before)
    assert 400 <= answer.status < 500
    told = stream.getvalue()
    assert len(told) < 4_096
    assert all(msgspec.json.decode(line)["level"] for line in told.splitlines())
    assert "signed in" not in told


def test_no_table_for_spreadsheets_is_sent() -> None:
    """Row 79: a cell can be a formula, so whoever adds CSV or XLSX neutralises `= + - @` at its start, and says so here."""
    tables: list[Any] = [
        handler
        for handler in ROUTES
        if any(path.endswith((".csv", ".xlsx")) for path in handler.paths) or "csv" in str(handler.media_type)
    ]
    assert tables == []
