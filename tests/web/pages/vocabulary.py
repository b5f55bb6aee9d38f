"""The vocabulary of schema.org as it is published, to hold structured data against: types, properties, where each belongs, what it takes."""

from __future__ import annotations

import json
import lzma
from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import cache
from typing import Any

from tests.shared import shared_data

NAMES = ("schema:", "https://schema.org/", "http://schema.org/")
_NUMBERS = {"Integer", "Number", "Float"}


def short(name: str) -> str:
    """ "schema:Answer" and "https://schema.org/Answer" as "Answer"."""
    return next((name.removeprefix(prefix) for prefix in NAMES if name.startswith(prefix)), name)


def _names(value: Any) -> set[str]:
    found = value if isinstance(value, list) else [value] if value else []
    return {short(one["@id"]) for one in found}


class Vocabulary:
    """What may be said. `faults(node)` names everything that may not."""

    def __init__(self, graph: list[dict[str, Any]]) -> None:
        self.parents = {short(one["@id"]): _names(one.get("rdfs:subClassOf")) for one in graph}
        self.properties = {short(one["@id"]): one for one in graph if "rdf:Property" in one["@type"]}

    @cache  # noqa: B019 - one vocabulary a run
    def kinds(self, name: str) -> frozenset[str]:
        """A type and all that it is a kind of."""
        return frozenset({name}).union(*(self.kinds(parent) for parent in self.parents.get(name, ())))

    def faults(self, node: Mapping[str, Any], where: str = "") -> Iterator[str]:
        kind = node.get("@type", "")
        where = f"{where}/{kind}"
        if kind not in self.parents:
            yield f"{where}: no such type"
            return
        for name, value in node.items():
            if not name.startswith("@"):
                yield from self._property(f"{where}.{name}", kind, name.removesuffix("-input"), value, name)

    def _property(self, where: str, kind: str, name: str, value: Any, written: str) -> Iterator[str]:
        known = self.properties.get(name)
        if known is None or "schema:supersededBy" in known:
            yield f"{where}: no such property, or an old one"
            return
        if not _names(known["schema:domainIncludes"]) & self.kinds(kind):
            yield f"{where}: not for this type"
        takes = _names(known["schema:rangeIncludes"])
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, dict):
                if not takes & self.kinds(one.get("@type", "Thing")):
                    yield f"{where}: takes no {one.get('@type')}"
                yield from self.faults(one, where)
            elif written == name and not self._is_plain(takes, one):
                yield f"{where}: does not take {one!r}"

    def _is_plain(self, takes: set[str], value: Any) -> bool:
        if isinstance(value, bool) or not isinstance(value, str):
            return isinstance(value, int) and not isinstance(value, bool) and bool(takes & _NUMBERS)
        if "Text" in takes:
            return True
        if takes & {"Date", "DateTime"}:
            return datetime.fromisoformat(value).tzinfo is not None
        return value.startswith(("http://", "https://")) and (
            not value.startswith(NAMES) or short(value) in self.parents
        )


@cache
def vocabulary() -> Vocabulary:
    """The current vocabulary, from the shared data; skips the test where that is absent."""
    packed = shared_data("data/schema-org") / "schemaorg-current-https.jsonld.xz"
    with lzma.open(packed, "rt", encoding="utf-8") as file:
        return Vocabulary(json.load(file)["@graph"])


NEEDED: Mapping[str, tuple[set[str], set[str]]] = {
    "QAPage": ({"mainEntity"}, set()),
    "Question": ({"name", "answerCount"}, {"author", "datePublished", "text", "upvoteCount"}),
    "Answer": ({"text"}, {"author", "datePublished", "upvoteCount", "url"}),
    "Comment": ({"text", "author", "datePublished"}, set()),
    "DiscussionForumPosting": (
        {"author", "datePublished", "text"},
        {"headline", "url", "comment", "commentCount", "interactionStatistic"},
    ),
    "TechArticle": ({"headline"}, {"author", "datePublished", "dateModified"}),
    "BreadcrumbList": ({"itemListElement"}, set()),
    "ListItem": ({"position", "name"}, set()),
    "ProfilePage": ({"mainEntity"}, {"dateCreated"}),
    "Person": ({"name"}, set()),
    "Organization": ({"name"}, {"url"}),
    "InteractionCounter": ({"interactionType", "userInteractionCount"}, set()),
    "WebSite": ({"name", "url"}, {"potentialAction"}),
    "SearchAction": ({"target", "query-input"}, set()),
    "EntryPoint": ({"urlTemplate"}, set()),
}
"""What search engines document of each type that is ours: without the first they ignore it, the second they recommend."""


def lacking(node: Any) -> Iterator[str]:
    """What search engines would miss in a node or in one inside it."""
    if isinstance(node, list):
        for one in node:
            yield from lacking(one)
    elif isinstance(node, dict):
        needed, wished = NEEDED[node["@type"]]
        yield from (f"{node['@type']}.{name}" for name in sorted((needed | wished) - node.keys()))
        for value in node.values():
            yield from lacking(value)
