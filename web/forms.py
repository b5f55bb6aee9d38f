"""Forms and query strings become structs, strictly, and everything that is wrong with one is said at once.

A form is a frozen `msgspec.Struct`. Its field types say what is read: `str`, `int`, `bool` (a ticked box), `Literal[…]`,
`tuple[str, …]` or `list[str]` for a field that may come several times, any of them with `msgspec.Meta` limits, and
`… | None` or a default for what may be left empty. Fields that the struct does not know are ignored: browsers send the
button too.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, Final, TypeVar
from urllib.parse import parse_qsl

import msgspec
from msgspec import inspect

from forum.kernel.errors import N_, Invalid, Text
from web.problems import BAD_REQUEST, Refused

S = TypeVar("S", bound=msgspec.Struct)
Pairs = Mapping[str, list[str]]

MOST_FIELDS: Final = 200
LARGEST: Final = 2**63 - 1
_MARK: Final = "\ufffd"
_TICKED = frozenset({"1", "on", "true", "yes"})

_UNREADABLE = Text(N_("The form could not be read."))
_NEEDED = Text(N_("This is needed."))
_NO_NUMBER = Text(N_("This wants a whole number."))
_NO_CHOICE = Text(N_("Choose one of what is offered."))
_ODD = Text(N_("This cannot be used."))


def parse(body: bytes, form: type[S]) -> S:
    """Read a sent form (`application/x-www-form-urlencoded`).

    Raises:
        Invalid: with a sentence for each field that needs mending.
        Refused: the body is no form at all.
    """
    return read(pairs_of(body), form)


def pairs_of(encoded: bytes) -> dict[str, list[str]]:
    """The fields of a form or query string with their values in order. Line ends are `\\n`, as typed.

    NUL, which no database holds, becomes U+FFFD as in every HTML page: refusing it would lose the rest of what was typed.

    The framework's own reader is not used: it remembers the last thousand forms, passwords included.

    Raises:
        Refused: not UTF-8, or more fields than any form of ours has.
    """
    found: dict[str, list[str]] = {}
    try:
        pairs = parse_qsl(encoded.decode(), keep_blank_values=True, errors="strict", max_num_fields=MOST_FIELDS)
    except ValueError:
        raise Refused(BAD_REQUEST, _UNREADABLE) from None
    for name, value in pairs:
        found.setdefault(name, []).append(value.replace("\r\n", "\n").replace("\r", "\n").replace("\0", _MARK))
    return found


def read(pairs: Pairs, form: type[S]) -> S:
    """Make the struct out of fields.

    Raises:
        Invalid: with a sentence for each field that needs mending.
    """
    values: dict[str, Any] = {}
    wrong: dict[str, Text] = {}
    for field in _fields(form):
        try:
            values |= _value(field, pairs.get(field.encode_name, []))
        except _Wrong as found:
            wrong[field.encode_name] = found.text
    if wrong:
        raise Invalid(wrong)
    return form(**values)


def shown(pairs: Pairs) -> dict[str, str]:
    """What was typed, to be shown again in the form beside what needs mending."""
    return {name: values[-1] for name, values in pairs.items()}


class _Wrong(Exception):
    def __init__(self, text: Text) -> None:
        self.text = text


@cache
def _fields(form: type[msgspec.Struct]) -> tuple[inspect.Field, ...]:
    described = inspect.type_info(form)
    if not isinstance(described, inspect.StructType):
        raise TypeError(f"{form} is no struct")
    return described.fields


def _value(field: inspect.Field, sent: list[str]) -> dict[str, Any]:
    """The field's value by its name; nothing where its default shall hold."""
    name, kind, optional = field.name, field.type, False
    if isinstance(kind, inspect.UnionType):
        optional = any(isinstance(part, inspect.NoneType) for part in kind.types)
        kind = next(part for part in kind.types if not isinstance(part, inspect.NoneType))
    if isinstance(kind, inspect.BoolType):
        return {name: bool(sent) and sent[-1].lower() in _TICKED}
    if isinstance(kind, (inspect.ListType, inspect.VarTupleType)):
        return {name: _several(kind, [value for value in sent if value])}
    return _single(field, kind, sent[-1] if sent else "", optional=optional)


def _single(field: inspect.Field, kind: inspect.Type, text: str, *, optional: bool) -> dict[str, Any]:
    text = text.strip() if not _keeps_spaces(kind) else text
    if text:
        return {field.name: _one(kind, text)}
    if not field.required:
        return {}
    if optional:
        return {field.name: None}
    if isinstance(kind, inspect.StrType) and kind.min_length == 0:
        return {field.name: ""}
    raise _Wrong(_NEEDED)


def _keeps_spaces(kind: inspect.Type) -> bool:
    """Whether spaces around a text count: a password, marked `Meta(extra={"verbatim": True})`."""
    return isinstance(kind, inspect.Metadata) and bool((kind.extra or {}).get("verbatim"))


def _several(kind: inspect.ListType | inspect.VarTupleType, sent: list[str]) -> Any:
    if kind.max_length is not None and len(sent) > kind.max_length:
        raise _Wrong(Text(N_("At most %(n)s can be chosen."), n=kind.max_length))
    if kind.min_length is not None and len(sent) < kind.min_length:
        raise _Wrong(_NEEDED)
    values = [_one(kind.item_type, value.strip()) for value in sent]
    return tuple(values) if isinstance(kind, inspect.VarTupleType) else values


def _one(kind: inspect.Type, text: str) -> Any:
    if isinstance(kind, inspect.Metadata):
        kind = kind.type
    if isinstance(kind, inspect.StrType):
        return _text(kind, text)
    if isinstance(kind, inspect.IntType):
        return _number(kind, text)
    if isinstance(kind, inspect.LiteralType):
        if text not in kind.values:
            raise _Wrong(_NO_CHOICE)
        return text
    raise TypeError(f"forms do not read {kind}")


def _text(kind: inspect.StrType, text: str) -> str:
    if kind.max_length is not None and len(text) > kind.max_length:
        raise _Wrong(Text(N_("This may have at most %(n)s characters."), n=kind.max_length))
    if kind.min_length is not None and len(text) < kind.min_length:
        raise _Wrong(Text(N_("This wants at least %(n)s characters."), n=kind.min_length))
    if kind.pattern is not None and not _matches(kind.pattern, text):
        raise _Wrong(_ODD)
    return text


def _matches(pattern: str, text: str) -> bool:
    import re

    return re.search(pattern, text) is not None


def _number(kind: inspect.IntType, text: str) -> int:
    number = whole_number(text)
    if number is None:
        raise _Wrong(_NO_NUMBER)
    if kind.ge is not None and number < kind.ge:
        raise _Wrong(Text(N_("This wants a number from %(n)s on."), n=kind.ge))
    if kind.le is not None and number > kind.le:
        raise _Wrong(Text(N_("This wants a number up to %(n)s."), n=kind.le))
    return number


def whole_number(text: str) -> int | None:
    """A whole number written plainly: ASCII digits, a minus sign at most, no leading zero, within 64 bits."""
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 19) or (digits[0] == "0" and text != "0"):
        return None
    number = int(text)
    return number if -LARGEST - 1 <= number <= LARGEST else None
