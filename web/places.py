"""What categories are called in the language of a reader, from memory: no page asks the database for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final


class Places:
    """The names and descriptions of categories in one language; what nobody said in it is as it is by default."""

    def __init__(self, words: Mapping[str, Mapping[str, Mapping[str, str]]], locale: str) -> None:
        self._said = {slug: by_locale[locale] for slug, by_locale in words.items() if locale in by_locale}

    def name(self, slug: str, default: str) -> str:
        """What the category at `/c/<slug>` is called."""
        said = self._said.get(slug)
        return default if said is None else said.get("name", default)

    def description(self, slug: str, default: str) -> str:
        """What belongs there."""
        said = self._said.get(slug)
        return default if said is None else said.get("description", default)


DEFAULT: Final = Places({}, "")
"""Every category as it is called by default."""
