"""What a page tells machines of itself, in the words of schema.org: one block of JSON-LD, made of what the page has read.

Only pages that visitors see carry it, since no crawler signs in. It says nothing that the page does not show: a post without
words here has none there. Which properties are given, and on which type, follows what search engines document for question
pages, forum posts, profiles, articles and breadcrumbs; a test holds it against the vocabulary itself.
"""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import msgspec
from markupsafe import Markup

from forum.articles.pages import ArticlePage
from forum.kernel.errors import N_, Text
from forum.threads.profiles import Profile
from web.pages.parts import Person
from web.places import DEFAULT, Places
from web.translations import translate

Node = dict[str, Any]
_MARKUP = re.compile(r"<[^>]*>")
_LONGEST_KEPT = 4_000
_LEFT = Text(N_("Former member"))
QUESTIONS, IDEAS, HELP, TAGS = (
    (Text(N_("Questions")), "/"),
    (Text(N_("Ideas")), "/ideas"),
    (Text(N_("Help")), "/help"),
    (Text(N_("Tags")), "/tags"),
)


class Here(msgspec.Struct, frozen=True):
    """The site that a page belongs to: its address without the last slash, its name, and the page's language with what categories are called in it."""

    base: str
    name: str
    locale: str
    places: Places = DEFAULT


def block(nodes: Sequence[Node]) -> Markup:
    """What stands inside `<script type="application/ld+json">`. No text in it can end the element or be taken for markup."""
    said = msgspec.json.encode({"@context": "https://schema.org", "@graph": nodes}).decode()
    for character, spelled in _SPELLED:
        if character in said:  # to look costs a twentieth of what replacing nothing does
            said = said.replace(character, spelled)
    return Markup(said)  # noqa: S704 - what markup is made of was spelled out just now


_SPELLED = tuple((char, f"\\u{ord(char):04x}") for char in "<>&\u2028\u2029")


def text_of(source: str) -> str:
    """The words of a post's HTML, which is ours and whole. A thread is shown anew with every vote on it, its posts unchanged,
    so those of usual length are remembered."""
    plain = str(source)  # no Markup, whose own class would come along
    return _remembered(plain) if len(plain) <= _LONGEST_KEPT else _stripped(plain)


def _stripped(source: str) -> str:
    plain = _MARKUP.sub("", source).strip()
    return html.unescape(plain) if "&" in plain else plain


_remembered = lru_cache(maxsize=2048)(_stripped)


def crumbs(here: Here, *steps: tuple[Text | str, str]) -> Node:
    """The way to the page, from the top; the last step is the page itself and may have no address."""
    return {
        "@type": "BreadcrumbList",
        "itemListElement": [
            {"@type": "ListItem", "position": place, "name": _said(here, word)} | _item(here, path)
            for place, (word, path) in enumerate(steps, 1)
        ],
    }


def _said(here: Here, word: Text | str) -> str:
    return word if isinstance(word, str) else translate(word, here.locale)


def _item(here: Here, path: str) -> Node:
    return {"item": here.base + path} if path else {}


def website(here: Here, description: str) -> Node:
    """The site, and how it is searched."""
    return {
        "@type": "WebSite",
        "name": here.name,
        "url": here.base + "/",
        **({"description": description} if description else {}),
        "potentialAction": {
            "@type": "SearchAction",
            "target": {"@type": "EntryPoint", "urlTemplate": here.base + "/search?q={q}"},
            "query-input": "required name=q",
        },
    }


def author(here: Here, person: Person) -> Node:
    """Whoever wrote it, as the page names them."""
    if not person.handle:
        name = translate(_LEFT, here.locale) if person.is_former else person.name
        return {"@type": "Person", "name": name}
    return {"@type": "Person", "name": person.name, "url": f"{here.base}/m/{person.handle}"}


def article(here: Here, read: ArticlePage, by: Person | None, href: str) -> Sequence[Node]:
    """An article of the help centre. Where it was made of nobody's answer, the house speaks."""
    house = {"@type": "Organization", "name": here.name, "url": here.base + "/"}
    section = here.places.name(read.category_slug, read.category_name)
    told: Node = {
        "@type": "TechArticle",
        "headline": read.title,
        "url": here.base + href,
        "mainEntityOfPage": here.base + href,
        "articleSection": section,
        "dateModified": read.changed_at,
        "author": house if by is None else author(here, by),
        "publisher": house,
    }
    if read.published_at is not None:
        told["datePublished"] = read.published_at
    if read.locale:
        told["inLanguage"] = read.locale
    return told, crumbs(here, HELP, (section, f"/help?category={read.category_slug}"), (read.title, ""))


def profile(here: Here, read: Profile) -> Node:
    """A member who can be found, with how much they wrote."""
    person: Node = {
        "@type": "Person",
        "name": read.name,
        "alternateName": read.handle,
        "url": f"{here.base}/m/{read.handle}",
        "agentInteractionStatistic": counted("WriteAction", read.answers + read.questions + read.ideas),
    }
    if read.bio_html:
        person["description"] = text_of(read.bio_html)
    return {"@type": "ProfilePage", "dateCreated": read.created_at, "mainEntity": person}


def counted(action: str, times: int) -> Node:
    """How often something was done, in schema.org's word for it."""
    kind = f"https://schema.org/{action}"
    return {"@type": "InteractionCounter", "interactionType": kind, "userInteractionCount": times}
