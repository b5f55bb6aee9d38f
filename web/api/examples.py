"""Examples for the OpenAPI document, made from what is described, so that a new call has one without anybody writing it."""

from __future__ import annotations

from typing import Any, Final

Schema = dict[str, Any]

_BY_NAME: Final[dict[str, Any]] = {
    "title": "The grinder stops after ten seconds",
    "body": "It runs for ten seconds, then it **stops** and the light blinks twice.",
    "text": "It names a customer and their street.",
    "note": "The second paragraph holds somebody’s address.",
    "comment": "We build this in spring. Who wants to try it early finds the link here.",
    "q": "grinder stops",
    "name": "Coffee grinders",
    "description": "Everything about burrs, beans and noise.",
    "handle": "anna",
    "mail": "anna@example.com",
    "slug": "grinders",
    "category": "grinders",
    "tag": "burrs",
    "tags": ["burrs", "noise"],
    "locale": "en",
    "icon": "home",
    "reason": "other",
    "rule": "kindness",
    "role": "moderator",
    "action": "hide-post",
    "url": "https://example.com/hooks",
}
_BY_TYPE: Final[dict[str, Any]] = {"string": "grinders", "integer": 1, "number": 1.0, "boolean": False, "object": {}}


def example_of(schema: Schema, components: dict[str, Schema], name: str = "") -> Any:
    """A value that fits `schema`; `name` is the field's, which says what people would write there."""
    schema = _followed(schema, components)
    if schema.get("enum"):
        return next((choice for choice in schema["enum"] if choice), None)
    kind = schema.get("type")
    if isinstance(kind, list):
        kind = next(one for one in kind if one != "null")
    if kind == "object" and schema.get("properties"):
        return {key: example_of(field, components, key) for key, field in schema["properties"].items()}
    known = _BY_NAME.get(name)
    if kind == "array":
        items = example_of(schema.get("items", {}), components)
        return known if isinstance(known, list) and isinstance(items, str) and not _choices(schema) else [items]
    if kind == "string" and isinstance(known, str):
        return known[: schema.get("maxLength", len(known))]
    if kind in ("integer", "number"):
        return schema.get("minimum") or _BY_TYPE[kind]
    return _BY_TYPE.get(str(kind))


def _choices(schema: Schema) -> bool:
    return bool(schema.get("items", {}).get("enum"))


def _followed(schema: Schema, components: dict[str, Schema]) -> Schema:
    """The schema behind a reference, and of several kinds the one that is not null."""
    if "$ref" in schema:
        return _followed(components[schema["$ref"].rpartition("/")[2]], components)
    for word in ("oneOf", "anyOf", "allOf"):
        kinds = [kind for kind in schema.get(word, []) if kind.get("type") != "null"]
        if kinds:
            return _followed(kinds[0], components)
    return schema
