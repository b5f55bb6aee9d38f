"""What the OpenAPI document says beyond what the framework finds out by itself: arguments in the query, and problems.

The rest, which is alike for all calls, is added by `web.description`.

Every handler under /api has `operation_class=described(…)`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import msgspec
from litestar.openapi.spec import OpenAPIMediaType, OpenAPIResponse, OpenAPIType, Operation, Parameter, Schema

from web.problems import MEDIA_TYPE


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
    return OpenAPIResponse(
        "A problem (RFC 9457)", content={MEDIA_TYPE: OpenAPIMediaType(schema=Schema(type=OpenAPIType.OBJECT))}
    )


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
        items=_schema(kind["items"]) if "items" in kind else None,
        enum=choices,
        default=field.get("default") or None,
        minimum=kind.get("minimum"),
        maximum=kind.get("maximum"),
        max_length=kind.get("maxLength"),
    )
