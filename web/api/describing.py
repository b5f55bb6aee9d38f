"""What the OpenAPI document says beyond what the framework finds out by itself: arguments in the query, and problems.

Every handler under /api has `operation_class=described(…)`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import msgspec
from litestar.openapi.spec import OpenAPIMediaType, OpenAPIResponse, OpenAPIType, Operation, Parameter, Schema

from web.problems import MEDIA_TYPE

_TEXT, _NUMBER = Schema(type=OpenAPIType.STRING), Schema(type=OpenAPIType.INTEGER)
_FIELD: Final = Schema(type=OpenAPIType.OBJECT, properties={"field": _TEXT, "detail": _TEXT})
_PROBLEM: Final = Schema(
    type=OpenAPIType.OBJECT,
    title="Problem",
    required=["type", "title", "status"],
    properties={
        "type": _TEXT,
        "title": _TEXT,
        "status": _NUMBER,
        "detail": _TEXT,
        "instance": _TEXT,
        "errors": Schema(type=OpenAPIType.ARRAY, items=_FIELD),
    },
)


@cache
def described(arguments: type[msgspec.Struct] | None = None) -> type[Operation]:
    """An operation that may end in a problem (RFC 9457), and takes the fields of `arguments` in its query."""

    @dataclass
    class Described(Operation):
        def __post_init__(self) -> None:
            if arguments is not None:
                self.parameters = [*(self.parameters or []), *_parameters(arguments)]
            # the framework's own idea of a refusal, which is never sent
            kept = {status: answer for status, answer in (self.responses or {}).items() if not status.startswith("4")}
            self.responses = {**kept, "default": _refusal()}

    return Described


def _refusal() -> OpenAPIResponse:
    return OpenAPIResponse("A problem (RFC 9457)", content={MEDIA_TYPE: OpenAPIMediaType(schema=_PROBLEM)})


def _parameters(arguments: type[msgspec.Struct]) -> list[Parameter]:
    _, components = msgspec.json.schema_components([arguments])
    spelled = components[arguments.__name__]
    return [
        Parameter(name=name, param_in="query", required=name in spelled["required"], schema=_schema(field))
        for name, field in spelled["properties"].items()
    ]


def _schema(field: dict[str, Any]) -> Schema:
    """A field's JSON Schema in the framework's words. One that may be null is, in a query, one that may be left out."""
    kinds = [kind for kind in field.get("anyOf", [field]) if kind.get("type") != "null"]
    kind = {**field, **kinds[0]}
    choices = [choice for choice in kind.get("enum", []) if choice != ""] or None
    return Schema(
        type=OpenAPIType(kind.get("type", "string")),
        enum=choices,
        default=field.get("default") or None,
        minimum=kind.get("minimum"),
        maximum=kind.get("maximum"),
        max_length=kind.get("maxLength"),
    )
