"""The OpenAPI document as it is sent: the framework's own, completed by what only the whole house knows.

Who may call (from the policy table), how a token is sent, which refusals a call may end in, which path parts are ids, and an
example of everything that is sent. Pages for people are left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from copy import deepcopy
from typing import Any, Final

import msgspec
from litestar import Request
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.plugins import JsonRenderPlugin

from web.api.examples import example_of
from web.policy.lint import actions_of
from web.policy.table import TABLE
from web.problems import BY_STATUS, MEDIA_TYPE

Document = dict[str, Any]
_OF_ALL: Final = (400, 401, 403, 429, 503)
_OF_PATHS: Final = (404, 410)
_OF_ARGUMENTS: Final = (404, 422)  # a list may be of what is not there
_OF_WRITES: Final = (404, 409, 410, 413, 415, 422)
_WAITS: Final = frozenset({429, 503})
_KIND: Final = re.compile(r":\w+\}")
_LARGEST: Final = 2**63 - 1
_TEXT: Final = {"type": "string"}
_FIELD: Final = {"type": "object", "properties": {"field": _TEXT, "detail": _TEXT}, "required": ["field", "detail"]}
_PROBLEM: Final = {
    "type": "object",
    "title": "Problem",
    "description": "A refusal in the words of RFC 9457. `type` is for programs, the rest for people.",
    "required": ["type", "title", "status"],
    "properties": {
        **dict.fromkeys(("type", "title", "detail", "instance"), _TEXT),
        "status": {"type": "integer"},
        "errors": {"type": "array", "items": _FIELD},
    },
}
_SECURITY: Final = {
    "token": {"type": "http", "scheme": "bearer", "description": "A token made under /settings/tokens, with scopes."}
}


class Description(JsonRenderPlugin):
    """Sends the document; it is completed once."""

    def __init__(self, handlers: Iterable[HTTPRouteHandler]) -> None:
        super().__init__(path="/")
        self._handlers = list(handlers)
        self._sent: bytes | None = None

    def render(self, request: Request[Any, Any, Any], openapi_schema: Document) -> bytes:
        if self._sent is None:
            self._sent = msgspec.json.encode(completed(openapi_schema, self._handlers))
        return self._sent


def completed(document: Document, handlers: Iterable[HTTPRouteHandler]) -> Document:
    """The framework's document with everything that it does not know."""
    found = deepcopy(document)
    found["paths"] = {path: item for path, item in found["paths"].items() if path.startswith("/api/")}
    components = found.setdefault("components", {})
    components["securitySchemes"] = _SECURITY
    schemas = components.setdefault("schemas", {})
    schemas["Problem"] = _PROBLEM
    _straighten(schemas)
    handler_at = dict(_by_place(handlers))
    for path, item in found["paths"].items():
        for method, operation in item.items():
            _complete(operation, handler_at[path, method.upper()], schemas)
    return found


def _straighten(schema: Any) -> None:
    """Whole numbers for the bounds of whole numbers: the framework writes them as floats, which are not exact so far up."""
    for part in schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else ():
        _straighten(part)
    if isinstance(schema, dict) and schema.get("type") == "integer":
        for bound in ("minimum", "maximum"):
            if isinstance(schema.get(bound), float):
                schema[bound] = max(-_LARGEST - 1, min(_LARGEST, int(schema[bound])))


def _by_place(handlers: Iterable[HTTPRouteHandler]) -> Iterator[tuple[tuple[str, str], HTTPRouteHandler]]:
    for handler in handlers:
        for path in handler.paths:
            for method in handler.http_methods:
                yield (_KIND.sub("}", path), str(method)), handler


def _complete(operation: Document, handler: HTTPRouteHandler, schemas: dict[str, Any]) -> None:
    rows = [TABLE[name] for name in actions_of(handler) if name in TABLE]
    open_to_all = any("anonymous" in row.who for row in rows) or not rows
    operation["security"] = [{}, {"token": []}] if open_to_all else [{"token": []}]
    for parameter in operation.get("parameters", []):
        if parameter["in"] == "path":
            _type_path_part(parameter)
        if parameter["name"] != "cursor":  # what one call said in `next`, so none can be shown
            parameter["example"] = example_of(parameter["schema"], schemas, parameter["name"])
    for body in operation.get("requestBody", {}).get("content", {}).values():
        body["example"] = example_of(body["schema"], schemas)
    _add_refusals(operation, writes=handler.http_methods.isdisjoint({"GET"}))


def _type_path_part(parameter: Document) -> None:
    """Handlers take ids as text, to refuse `+1` and `01` themselves; to callers they are numbers."""
    name = parameter["name"]
    if name.endswith("_id") or name in ("number", "revision"):
        parameter["schema"] = {"type": "integer", "minimum": 1, "maximum": _LARGEST}


def _add_refusals(operation: Document, *, writes: bool) -> None:
    """Every status that this call may end in by a rule of ours; "default" stays for what the connection does to it."""
    places = {parameter["in"] for parameter in operation.get("parameters", [])}
    statuses = {*_OF_ALL, *(_OF_PATHS if "path" in places else ()), *(_OF_ARGUMENTS if "query" in places else ())}
    if writes:
        statuses |= {*_OF_WRITES}
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    operation["responses"].setdefault("default", {"description": "A problem (RFC 9457)"})["content"] = content
    for status in sorted(statuses):
        answer = {"description": BY_STATUS[status].title, "content": content}
        if status in _WAITS:
            seconds = {"description": "Seconds to wait", "schema": {"type": "integer", "minimum": 1}}
            answer["headers"] = {"Retry-After": seconds}
        operation["responses"].setdefault(str(status), answer)
