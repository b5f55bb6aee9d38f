"""A thread's posts as visitors see them, drawn once and remembered.

A vote or a reply changes one post and makes the whole page another, whose other posts are as they were. Drawing them is
half of what such a page costs, so those that visitors were shown last are kept in memory, by all that shapes them: the
card with everything on it, and `Around`. Nothing else reaches the template, which would fail if it asked for more; so
there is nothing to forget when something changes.
"""

from __future__ import annotations

from functools import lru_cache

import msgspec
from markupsafe import Markup

from forum.kernel.access import ALLOWED, Verdict
from web.pages.parts import Page
from web.pages.thread_view import Card, ThreadView
from web.rendering import drawn

REMEMBERED = 2_500
"""Cards, of which each takes about 4 KB: as many as 120 pages have, some 10 MB."""


class Around(msgspec.Struct, frozen=True):
    """What a visitor's card takes of its thread and page: it stands for the view, its head and the page at once."""

    kind: str
    author_name: str
    site_name: str

    @property
    def head(self) -> Around:
        return self

    @property
    def reply(self) -> Verdict:
        return ALLOWED

    @property
    def viewer(self) -> None:
        return None

    @property
    def csrf(self) -> str:
        return ""


def drawn_for_visitors(view: ThreadView, page: Page) -> tuple[Markup, ...]:
    """The replies of a page for somebody who is not signed in; nothing where their cards may be another for each reader.

    That is for members, and where a decision stands on a card.
    """
    if page.viewer is not None or page.time_zone or any(card.ruling is not None for card in view.replies):
        return ()
    around = Around(view.head.kind, view.head.author_name, page.site_name)
    return tuple(_drawn(card, around, page.locale) for card in view.replies)


@lru_cache(REMEMBERED)
def _drawn(card: Card, around: Around, locale: str) -> Markup:
    return drawn("thread/_post.html", "card", locale, card, around, around)
