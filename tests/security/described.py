"""The API as its description tells it: every call with its fields, ready to be sent. New calls are found by themselves."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from tests.security.town import Town
from tests.security.wire import Wire
from tests.web.edging import RawAnswer

Schema = dict[str, Any]
_JSON = {"content-type": "application/json"}


@dataclass(frozen=True)
class Call:
    """One operation. `fields` are the properties of its JSON body, `path` and `query` its parameters; `example` its body."""

    method: str
    template: str
    path: Mapping[str, Schema]
    query: Mapping[str, Schema]
    fields: Mapping[str, Schema]
    example: dict[str, Any] | None

    @property
    def label(self) -> str:
        return f"{self.method} {self.template}"

    @property
    def texts(self) -> list[str]:
        """The fields of the body that any text may stand in."""
        return [name for name, schema in self.fields.items() if "string" in _kinds(schema) and not schema.get("enum")]

    def body(self, town: Town, **changes: Any) -> dict[str, Any]:
        """The example, about things that are there."""
        known = {name: town.values(name)[0] for name in self.fields if town.values(name)}
        return {**(self.example or {}), **known, **changes}

    def send(
        self, wire: Wire, town: Town, role: str, *, path: Mapping[str, str] = {}, query: str = "", body: Any = None
    ) -> RawAnswer:
        """Send it; parts of the path that are not given name what is there. `body` is JSON, or bytes as they are."""
        parts = {name: path.get(name, str((town.values(name) or ["1"])[0])) for name in self.path}
        address = self.template.format(**{name: quote(value, safe="") for name, value in parts.items()})
        headers = {**town.headers[role], **(_JSON if self.example is not None or body is not None else {})}
        sent = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        if body is None and self.example is not None:
            sent = json.dumps(self.body(town)).encode()
        return wire.ask(self.method, f"{address}?{query}" if query else address, headers, sent)

    def needed(self) -> dict[str, str]:
        """The query's arguments that it does not go without."""
        return {name: str(schema["example"]) for name, schema in self.query.items() if schema.get("needed")}


def calls_of(wire: Wire) -> list[Call]:
    document = json.loads(wire.ask("GET", "/api/openapi.json").body)
    return list(_calls(document))


def _calls(document: Any) -> Iterator[Call]:
    schemas = document["components"]["schemas"]
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            body: Schema = next(iter(operation.get("requestBody", {}).get("content", {}).values()), {})
            described = _followed(body.get("schema", {}), schemas)
            yield Call(
                method.upper(),
                path,
                dict(_parameters(operation, "path")),
                dict(_parameters(operation, "query")),
                {name: _followed(field, schemas) for name, field in described.get("properties", {}).items()},
                body.get("example"),
            )


def _parameters(operation: Any, place: str) -> Iterator[tuple[str, Schema]]:
    for one in operation.get("parameters", []):
        if one["in"] == place:
            yield one["name"], {**one["schema"], "example": one.get("example"), "needed": one["required"]}


def _followed(schema: Schema, schemas: dict[str, Schema]) -> Schema:
    if "$ref" in schema:
        return schemas[schema["$ref"].rpartition("/")[2]]
    return schema


def _kinds(schema: Schema) -> set[str]:
    kinds = [schema.get("type"), *(one.get("type") for word in ("oneOf", "anyOf") for one in schema.get(word, []))]
    return {kind for kind in kinds if isinstance(kind, str)}


def query_of(**arguments: Any) -> str:
    return urlencode(arguments, doseq=True)
