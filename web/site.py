"""The settings of the site in memory: read anew at most every half second, by whichever request comes then."""

from __future__ import annotations

import time
from collections.abc import Callable

from sqlalchemy import Connection

from forum.kernel.settings import Settings
from forum.members import site
from forum.members.site import Site
from forum.threads.places import category_words
from web.locales import LOCALES
from web.places import DEFAULT, Places

LOOK_AGAIN = 0.5  # seconds


class Sites:
    """What holds now, as far as this process knows. Two requests may read at once; both read the same."""

    def __init__(self, settings: Settings, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._settings = settings
        self._clock = clock
        self._look_at = 0.0
        self._is_stale = True
        self._places: dict[str, Places] = {}
        self.known = site.unread(settings)
        """As it was read last: for the few places that cannot ask the database."""

    def now(self, connection: Connection) -> Site:
        """The settings as they are, or were half a second ago."""
        moment = self._clock()
        if moment >= self._look_at:
            self._read(connection)
            self._look_at = moment + LOOK_AGAIN
        return self.known

    def _read(self, connection: Connection) -> None:
        """Whatever changes the names of categories changes the version too, so they are read only after a change."""
        found = site.read(connection, self._settings)
        if self._is_stale or found.version != self.known.version:
            words = category_words(connection)
            self._places = {locale: Places(words, locale) for locale in LOCALES}
        self.known, self._is_stale = found, False

    def places(self, locale: str) -> Places:
        """What categories are called in a language, as far as `now` found out."""
        return self._places.get(locale, DEFAULT)

    def forget(self) -> None:
        """Read anew at the next request: whoever changed them sees the change at once."""
        self._look_at, self._is_stale = 0.0, True
