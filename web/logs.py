"""Logging: one line per event, as JSON for machines or coloured for people, ours and that of libraries alike.

Whatever a visitor sent (an address, a name, an error that quotes it) is made printable, so that no one can write lines of
their own into the log or steer the terminal of who reads it.
"""

from __future__ import annotations

import logging
import re
import sys
from typing import Any, TextIO

import msgspec
import structlog
from structlog.types import EventDict, Processor, WrappedLogger

_LIBRARY_LEVEL = logging.WARNING  # libraries tell us of trouble; what they do all day is their own affair
_DETAIL = re.compile(r"\nDETAIL:.*?(?=\n\[SQL|\n\nThe above exception|\n\nDuring handling|\Z)", re.DOTALL)
_MULTILINE = frozenset({"exception"})  # made by us, line by line, below


def configure(level: str, *, json: bool | None = None, stream: TextIO | None = None) -> None:
    """Set up logging for this process. Lines are JSON unless `stream` (standard output) is a terminal."""
    stream = stream or sys.stdout
    as_json = not stream.isatty() if json is None else json
    number = getattr(logging, level.upper())
    structlog.configure(
        processors=[*_shared(), _spelling(as_json=as_json)],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=_LineLoggers(stream),
        cache_logger_on_first_use=False,
    )
    _catch_libraries(stream, number, as_json=as_json)


def _shared() -> list[Processor]:
    return [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        discreet,
        printable,
    ]


def discreet(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    """Leave out the rows and keys that PostgreSQL quotes below an error: they are letters, addresses and hashes of people."""
    for key, value in event.items():
        if isinstance(value, str) and "\nDETAIL:" in value:
            event[key] = _DETAIL.sub("\nDETAIL: left out", value)
    return event


def printable(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    """Replace what is no printable character in every text. Line ends survive in tracebacks alone, with a bar before each line."""
    for key, value in event.items():
        if isinstance(value, str) and not value.isprintable():
            event[key] = _barred(value) if key in _MULTILINE else _escaped(value)
        elif value is not None and not isinstance(value, (str, int, float, bool)):
            event[key] = _escaped(str(value))
    return event


def _escaped(text: str) -> str:
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


def _barred(text: str) -> str:
    return "\n".join("| " + _escaped(line) for line in text.split("\n"))


class _Line:
    """Writes one finished line in one call, so that threads and processes do not tear each other's."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def msg(self, line: str) -> None:
        self._stream.write(line + "\n")
        self._stream.flush()

    debug = info = warning = error = critical = exception = log = msg


class _LineLoggers:
    def __init__(self, stream: TextIO) -> None:
        self._logger = _Line(stream)

    def __call__(self, *_names: Any) -> _Line:
        return self._logger


def _spelling(*, as_json: bool) -> Processor:
    return _json_line if as_json else structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)


def _json_line(logger: WrappedLogger, method: str, event: EventDict) -> str:
    return msgspec.json.encode({key: value for key, value in event.items() if value is not None}).decode()


def _catch_libraries(stream: TextIO, level: int, *, as_json: bool) -> None:
    """Lead what libraries say through the standard module into the same lines."""
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[structlog.stdlib.add_logger_name, *_shared()],
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, _spelling(as_json=as_json)],
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(max(level, _LIBRARY_LEVEL))
