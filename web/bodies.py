"""JSON that would hurt whoever decodes or stores it is refused before it is decoded: too deep, not UTF-8, holding NUL or
numbers that no database column takes.
"""

from __future__ import annotations

import re
from typing import Any, Final

import msgspec
from litestar import Request

from forum.kernel.errors import N_, Text
from web.problems import BAD_REQUEST, UNSUPPORTED_MEDIA_TYPE, Refused

DEEPEST: Final = 64
_UNREADABLE = Text(N_("The JSON could not be read."))
_NO_JSON = Text(N_("This wants JSON, sent as application/json."))
_TOO_DEEP = Text(N_("The JSON is nested too deeply."))
_TOO_LARGE = Text(N_("The JSON holds a number beyond 64 bits."))
_NUL = Text(N_("The JSON holds a NUL character, which cannot be stored."))
_IS_JSON = re.compile(rb"application/(?:[\w.+-]+\+)?json\s*(?:;|$)")
_STRING = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)
_BRACKET = re.compile(rb"[][{}]")
_MANY_DIGITS = re.compile(rb"\d{19}")
_LONG_NUMBER = re.compile(rb"(?<![\w.+-])-?\d{19,}(?![\w.])")
# An escape for NUL is preceded by an even number of backslashes, else it is the backslash that is escaped.
_ESCAPED_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")


class Body(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What every JSON body is read into: a field that nobody knows is refused, not ignored."""


async def check_body(request: Request[Any, Any, Any]) -> None:
    """Look at the JSON of a request whose handler takes `data`; what passes is decoded by the framework as usual.

    It decodes whatever was sent as JSON, so the look depends on the handler, not on what the sender calls it.

    Raises:
        Refused: 400 with the reason, or 415 if it is not said to be JSON.
    """
    if "data" not in request.route_handler.parsed_fn_signature.parameters:
        return
    if not _IS_JSON.match(request.scope["state"]["visit"].headers.get(b"content-type", b"").lower()):
        raise Refused(UNSUPPORTED_MEDIA_TYPE, _NO_JSON)
    check_json(await request.body())


def check_json(body: bytes) -> None:
    """Refuse JSON that is not UTF-8, nests deeper than `DEEPEST`, escapes a NUL, or has a whole number beyond 64 bits."""
    try:
        body.decode()
    except UnicodeDecodeError:
        raise Refused(BAD_REQUEST, _UNREADABLE) from None
    if body.count(b"[") + body.count(b"{") > DEEPEST and _depth(_STRING.sub(b'""', body)) > DEEPEST:
        raise Refused(BAD_REQUEST, _TOO_DEEP)
    if b"\\u0000" in body and _ESCAPED_NUL.search(body):
        raise Refused(BAD_REQUEST, _NUL)
    if _MANY_DIGITS.search(body) and _has_too_large(_STRING.sub(b'""', body)):
        raise Refused(BAD_REQUEST, _TOO_LARGE)


def _depth(bare: bytes) -> int:
    """The deepest nesting of brackets; stops counting once it is beyond `DEEPEST`."""
    depth = deepest = 0
    for bracket in _BRACKET.finditer(bare):
        depth += 1 if bracket[0] in b"[{" else -1
        deepest = max(deepest, depth)
        if deepest > DEEPEST:
            break
    return deepest


def _has_too_large(bare: bytes) -> bool:
    return any(len(found[0]) > 20 or not -(2**63) <= int(found[0]) < 2**63 for found in _LONG_NUMBER.finditer(bare))
