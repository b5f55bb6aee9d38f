"""A line of the log is one event of ours, whatever a visitor sends."""

import asyncio
import io
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import structlog

from tests.web.edging import OUR_HOST, Opener, embedded, opening, raw
from web import logs
from web.edge import requests
from web.edge.requests import Requests
from web.edge.visit import Visit

FORGED = 'x"}\n{"event":"request","status":200,"path":"/forged"}\r\n\x1b[2J\x1b]0;owned\x07\u2028\x85\x9b1m\u202e'


@pytest.fixture
def open_site() -> Iterator[Opener]:
    yield from opening()


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    root = logging.getLogger()
    kept, level = list(root.handlers), root.level
    yield
    root.handlers[:] = kept
    root.setLevel(level)
    structlog.reset_defaults()


def configured(*, json: bool, level: str = "info") -> io.StringIO:
    stream = io.StringIO()
    logs.configure(level, json=json, stream=stream)
    return stream


def lines(stream: io.StringIO) -> list[str]:
    return stream.getvalue().splitlines()


@pytest.mark.parametrize("json", [True, False])
def test_what_a_visitor_sent_stays_within_its_line(json: bool) -> None:
    stream = configured(json=json)
    structlog.get_logger("a").info("request", path=FORGED, method=FORGED, anything={"a": FORGED})
    structlog.get_logger("a").info(FORGED)
    logging.getLogger("library").warning("failed: %s", FORGED)
    assert len(stream.getvalue().split("\n")) == 4
    ours = stream.getvalue().replace("\x1b[0m", "") if not json else stream.getvalue()
    for dangerous in ("\x1b[2J", "\x1b]", "\x07", "\r", "\u2028", "\x85", "\x9b", "\u202e"):
        assert dangerous not in ours


def test_a_line_is_json_with_its_time_and_level() -> None:
    stream = configured(json=True)
    structlog.get_logger("a").warning("something", number=3, nothing=None)
    event: dict[str, Any] = msgspec.json.decode(lines(stream)[0])
    assert event.pop("timestamp").endswith("Z")
    assert event == {"event": "something", "level": "warning", "number": 3}


@pytest.mark.parametrize("json", [True, False])
def test_a_traceback_cannot_be_continued_by_what_it_quotes(json: bool) -> None:
    stream = configured(json=json)
    try:
        raise ValueError("x\n2026-01-01 [info] signed in member=1\x1b[2J")
    except ValueError as error:
        structlog.get_logger("a").error("failed", exc_info=error)
    text = stream.getvalue()
    if json:
        assert len(lines(stream)) == 1
        text = msgspec.json.decode(text)["exception"]
    assert "\x1b[2J" not in text
    assert all(line.startswith("| ") for line in text.splitlines() if "signed in" in line)


def test_below_the_level_nothing_is_said() -> None:
    stream = configured(json=True, level="warning")
    structlog.get_logger("a").info("quiet")
    logging.getLogger("library").info("quiet")
    structlog.get_logger("a").error("loud")
    assert [msgspec.json.decode(line)["event"] for line in lines(stream)] == ["loud"]


def test_libraries_are_heard_only_in_trouble() -> None:
    stream = configured(json=True, level="debug")
    logging.getLogger("alembic").info("running")
    logging.getLogger("alembic").warning("trouble")
    assert [msgspec.json.decode(line)["event"] for line in lines(stream)] == ["trouble"]


def test_each_request_has_one_line_with_its_id(open_site: Opener, tmp_path: Path) -> None:
    reader = open_site(embedded(tmp_path, log_level="info"))
    stream = configured(json=True)
    answers = [reader.get("/kept/a?page=2&token=secret"), reader.get("/nothing%0A%1Bforged"), reader.post("/login")]
    answers += [reader.get("/kept/a"), reader.get("/kept/a")]
    events = [msgspec.json.decode(line) for line in lines(stream)]
    assert [event["id"] for event in events] == [answer.headers["x-request-id"] for answer in answers]
    assert [event["status"] for event in events] == [200, 404, 403, 200, 200]
    assert [event.get("cache") for event in events] == [None, None, None, "kept", "hit"]
    assert "secret" not in stream.getvalue()


@pytest.mark.parametrize(
    ("asked", "route", "told"),
    [
        ("/", "/", "/"),
        ("/t/12/our-secret-plan/history", "/t/{thread_id}/{slug}/history", "/t/12/…/history"),
        ("/mailed/reset/Zr8_key-key", "/mailed/{purpose}/{key}", "/mailed/…/…"),
        ("/mailed/reset/Zr8_key-key", "", "/mailed/…/…"),  # refused before a route was looked for
        ("/mailed/reset/Zr8_key-key/", "", "/mailed/…/…/…"),
        ("/wp-login.php", "", "/wp-login.php"),
        ("//mailed/reset/Zr8_key-key", "", "//…/…/…"),
    ],
)
def test_an_address_is_told_without_what_it_names(asked: str, route: str, told: str) -> None:
    """Titles may be private, and a mailed key is as good as a password."""
    scope: Any = {"path": asked, "path_template": route}
    assert requests.told(scope, Visit("1", "127.0.0.1")) == told


def test_a_reader_who_hangs_up_is_no_fault_of_ours(open_site: Opener, tmp_path: Path) -> None:
    reader = open_site(embedded(tmp_path, log_level="info"))
    stream = configured(json=True)
    json = (b"content-type", b"application/json")
    assert raw(reader.app, "/api/echo", OUR_HOST, json, method="POST", chunks=[]).status == 400
    assert [msgspec.json.decode(line)["event"] for line in lines(stream)] == ["request"]


def test_a_request_that_is_given_up_is_logged_too() -> None:
    stream = configured(json=True)

    async def given_up(*_: object) -> None:
        raise asyncio.CancelledError

    layer = Requests(given_up, watch=lambda *_: None)
    scope: Any = {"type": "http", "method": "GET", "path": "/", "client": ("127.0.0.1", 1)}
    with pytest.raises(asyncio.CancelledError):
        asyncio.run(layer(scope, _nothing, _nothing))
    assert msgspec.json.decode(lines(stream)[0])["status"] == 499


async def _nothing(*_: Any) -> Any:
    raise AssertionError("nobody reads or writes here")
