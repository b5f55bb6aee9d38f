"""Atom feeds (RFC 4287) as bytes, and the small XML documents beside them."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any
from xml.etree import ElementTree as ET

import msgspec

from web.wording import iso

ATOM = "http://www.w3.org/2005/Atom"
LOG = "urn:loggia:log"
_ILLEGAL = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class By(msgspec.Struct, frozen=True):
    """Who wrote an entry."""

    name: str
    address: str = ""


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """An entry. `id` stays what it is for ever; `html` is sanitised already."""

    id: str
    title: str
    address: str
    published: datetime
    updated: datetime
    html: str
    locale: str = ""
    by: By | None = None
    category: tuple[str, str] = ("", "")
    hashes: tuple[int, str, str] | None = None


class Feed(msgspec.Struct, frozen=True, kw_only=True):
    """A feed: `address` is its own, `page` that of the page which it follows. `checkpoint`: where the public log ends."""

    title: str
    subtitle: str = ""
    address: str
    page: str
    base: str
    locale: str
    entries: tuple[Entry, ...]
    checkpoint: tuple[int, str] | None = None


def atom(feed: Feed) -> bytes:
    """The feed as a document; an empty one is as old as time."""
    root = ET.Element("feed", {"xmlns": ATOM, "xml:lang": feed.locale, "xml:base": feed.base + "/"})
    _add(root, "id", feed.address)
    _add(root, "title", feed.title)
    if feed.subtitle:
        _add(root, "subtitle", feed.subtitle)
    _add(root, "link", rel="self", type="application/atom+xml", href=feed.address)
    _add(root, "link", rel="alternate", type="text/html", href=feed.page)
    _add(root, "updated", max((iso(entry.updated) for entry in feed.entries), default="1970-01-01T00:00:00Z"))
    _add(root, "generator", "Loggia")
    if feed.checkpoint is not None:
        root.set("xmlns:log", LOG)
        number, digest = feed.checkpoint
        _add(root, "log:checkpoint", number=str(number), sha256=digest)
    for entry in feed.entries:
        _entry(root, entry, feed)
    return document(root)


def _entry(root: ET.Element, entry: Entry, feed: Feed) -> None:
    node = ET.SubElement(root, "entry")
    if entry.locale and entry.locale != feed.locale:
        node.set("xml:lang", entry.locale)
    _add(node, "id", entry.id)
    _add(node, "title", entry.title)
    _add(node, "link", rel="alternate", type="text/html", href=entry.address)
    _add(node, "published", iso(entry.published))
    _add(node, "updated", iso(entry.updated))
    author = ET.SubElement(node, "author")
    _add(author, "name", entry.by.name if entry.by else feed.title)
    if entry.by and entry.by.address:
        _add(author, "uri", entry.by.address)
    if entry.category[0]:
        _add(node, "category", term=entry.category[0], label=entry.category[1])
    if entry.hashes is not None:
        number, digest, previous = entry.hashes
        _add(node, "log:entry", number=str(number), sha256=digest, previous=previous)
    _add(node, "content", entry.html, type="html")


def _add(parent: ET.Element, tag: str, text: str = "", **attributes: str) -> None:
    node = ET.SubElement(parent, tag, {name: clean(value) for name, value in attributes.items()})
    node.text = clean(text) or None


def clean(text: str) -> str:
    """A text without the characters that no XML document may hold."""
    return _ILLEGAL.sub("", text)


def document(root: Any) -> bytes:
    """An element as a whole document."""
    made: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return made
