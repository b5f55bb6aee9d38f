"""JSON that would hurt whoever decodes it is refused before it is decoded: too deep, not UTF-8, or holding NUL."""

from __future__ import annotations

import re
from typing import Any, Final

import msgspec
from litestar import Request

from forum.kernel.errors import N_, Text
from web.edge.csrf import SAFE
from web.problems import BAD_REQUEST, Refused

DEEPEST: Final = 64
_UNREADABLE = Text(N_("The JSON could not be read."))
_TOO_DEEP = Text(N_("The JSON is nested too deeply."))
_NUL = Text(N_("The JSON holds a NUL character, which cannot be stored."))
_STRING = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)
_BRACKET = re.compile(rb"[][{}]")
# An escape for NUL is preceded by an even number of backslashes, else it is the backslash that is escaped.
_ESCAPED_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")


async def check_body(request: Request[Any, Any, Any]) -> None:
    """Look at a request's JSON before the framework does; what passes is decoded by it as usual.

    Raises:
        Refused: 400, with the reason.
    """
    if request.method in SAFE or b"json" not in request.scope["state"]["visit"].headers.get(b"content-type", b""):
        return
    check_json(await request.body())


def check_json(body: bytes) -> None:
    """Refuse JSON that is not UTF-8, nests deeper than `DEEPEST`, or escapes a NUL."""
    try:
        body.decode()
    except UnicodeDecodeError:
        raise Refused(BAD_REQUEST, _UNREADABLE) from None
    if body.count(b"[") + body.count(b"{") > DEEPEST and _depth(body) > DEEPEST:
        raise Refused(BAD_REQUEST, _TOO_DEEP)
    if b"\\u0000" in body and _ESCAPED_NUL.search(body):
        raise Refused(BAD_REQUEST, _NUL)


def _depth(body: bytes) -> int:
    """The deepest nesting of brackets outside strings; stops counting once it is beyond `DEEPEST`."""
    depth = deepest = 0
    for bracket in _BRACKET.finditer(_STRING.sub(b"", body)):
        depth += 1 if bracket[0] in b"[{" else -1
        deepest = max(deepest, depth)
        if deepest > DEEPEST:
            break
    return deepest


class Body(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What every JSON body is read into: a field that nobody knows is refused, not ignored."""
