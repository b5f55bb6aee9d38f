"""How values are said in each language: numbers, days and times, names. Sentences are in the templates and catalogues.

A page says some ninety such values, and a general library would take longer for them than the whole rest of the page,
so the few shapes that the interface needs are spelled out here and remembered.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta
from datetime import date as date_type
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from markupsafe import Markup, escape

from forum.kernel import clock
from web.places import DEFAULT, Places
from web.translations import Catalogue, translate

_MONTHS = {
    "en": ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
    "it": ("gen", "feb", "mar", "apr", "mag", "giu", "lug", "ago", "set", "ott", "nov", "dic"),
}
_LONG_MONTHS = {
    "en": (
        *("January", "February", "March", "April", "May", "June"),
        *("July", "August", "September", "October", "November", "December"),
    ),
    "it": (
        *("gennaio", "febbraio", "marzo", "aprile", "maggio", "giugno"),
        *("luglio", "agosto", "settembre", "ottobre", "novembre", "dicembre"),
    ),
}
_SINCE = {"en": ("since ", "since "), "it": ("dal ", "dall’")}
_VOWEL_DAYS = frozenset({8, 11})  # "otto" and "undici", where Italian drops the vowel before; English has one form
_SEPARATORS = {"en": (",", "."), "it": (".", ",")}
_ZONE: ContextVar[ZoneInfo | None] = ContextVar("zone", default=None)


_PLACES: ContextVar[Places] = ContextVar("places", default=DEFAULT)


@contextmanager
def told_in(time_zone: str, places: Places = DEFAULT) -> Iterator[None]:
    """Meanwhile, have the filters tell times in this zone of the tz database; in UTC for "" and for a name it does not know.

    And have them call categories as `places` does. A page is written in one go, so both stand beside it for that long: each of a
    hundred values would else carry them.
    """
    zone, called = _ZONE.set(_zone(time_zone)), _PLACES.set(places)
    try:
        yield
    finally:
        _ZONE.reset(zone)
        _PLACES.reset(called)


@lru_cache(1024)
def _zone(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name) if name else None
    except (LookupError, ValueError, OSError):  # it was renamed since, or the machine has no tz database
        return None


def filters(words: Catalogue) -> dict[str, Callable[..., Any]]:
    """The filters of one language, under the names that templates use:

    number     1204 → "1,204"; decimals where asked: `share|number(1)`; a true minus sign
    signed     10 → "+10", -2 → "−2"
    date       "12 Nov 2026"          day     "12 Nov"
    month      "November 2026"        moment  "12 Nov 2026, 07:40"
    short_month  "Nov"
    ago        "12 min ago", counted from now; only for pages that no cache keeps
    iso        "2026-11-12T07:40:00Z"
    when       a `<time>` with the moment, which script turns into the reader's own zone and into "12 min ago"
    at         a `<time>` with the moment, which script turns into the reader's own zone
    on         a `<time>` with the date alone
    since      "since 12 Nov 2026", the date in a `<time>`
    initials   "Marta Oliveira" → "MO"
    text       a `Text` in this language; a string stays as it is
    called     the name of a category in this language: `line.category_name|called(line.category_slug)`; a link to it will do too
    about      its description: `place.description|about(place.slug)`

    Times are UTC, or in the reader's own zone inside `told_in`.
    """
    locale = words.locale

    @lru_cache(8192)
    def time(value: datetime, how: str, zone: ZoneInfo | None) -> Markup:
        return Markup('<time datetime="{}" data-t="{}">{}</time>').format(
            iso(value), how, moment(_in(zone, value), locale)
        )

    @lru_cache(8192)
    def dated(value: datetime, zone: ZoneInfo | None) -> Markup:
        return Markup('<time datetime="{}">{}</time>').format(iso(value), date(_in(zone, value), locale))

    return {
        "when": lambda value: time(value, "ago", _ZONE.get()),
        "at": lambda value: time(value, "at", _ZONE.get()),
        "on": lambda value: dated(value, _ZONE.get()),
        "since": lambda value: Markup("{}{}").format(
            _SINCE[locale][local(value).day in _VOWEL_DAYS], dated(value, _ZONE.get())
        ),
        "iso": iso,
        "initials": initials,
        "number": lambda value, decimals=0: number(value, locale, decimals),
        "signed": lambda value: signed(value, locale),
        "date": lambda value: date(local(value), locale),
        "day": lambda value: day(local(value), locale),
        "month": lambda value: month(local(value) if isinstance(value, datetime) else value, locale),
        "short_month": lambda value: _MONTHS[locale][value.month - 1],
        "moment": lambda value: moment(local(value), locale),
        "ago": lambda value: ago(value, words),
        "text": lambda value: translate(value, locale),
        "called": lambda value, slug: _PLACES.get().name(slug.removeprefix("/c/"), value),
        "about": lambda value, slug: _PLACES.get().description(slug, value),
    }


def local(value: datetime) -> datetime:
    """The moment in the zone that times are told in just now."""
    return _in(_ZONE.get(), value)


def _in(zone: ZoneInfo | None, value: datetime) -> datetime:
    """Without its zone where it was moved: two moments that know theirs are equal at one instant, and words are remembered."""
    return value if zone is None else value.astimezone(zone).replace(tzinfo=None)


@lru_cache(8192)
def number(value: float, locale: str, decimals: int = 0) -> str:
    """`value` with its thousands grouped and `decimals` digits after the point, as the language writes them."""
    thousands, point = _SEPARATORS[locale]
    whole, _, rest = f"{value:,.{decimals}f}".partition(".")
    said = whole.replace(",", thousands) + (point + rest if rest else "")
    return said.replace("-", "\N{MINUS SIGN}")


def signed(value: int, locale: str) -> str:
    return ("+" if value > 0 else "") + number(value, locale)


@lru_cache(8192)
def date(value: datetime, locale: str) -> str:
    return f"{value.day} {_MONTHS[locale][value.month - 1]} {value.year}"


def day(value: datetime, locale: str) -> str:
    return f"{value.day} {_MONTHS[locale][value.month - 1]}"


def month(value: date_type, locale: str) -> str:
    return f"{_LONG_MONTHS[locale][value.month - 1]} {value.year}"


@lru_cache(8192)
def moment(value: datetime, locale: str) -> str:
    return f"{date(value, locale)}, {value.hour:02}:{value.minute:02}"


@lru_cache(8192)
def iso(value: datetime) -> str:
    """RFC 3339 in UTC, whole seconds."""
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def ago(value: datetime, words: Catalogue) -> str:
    """How long ago, in the largest unit that fits; from a week on the date."""
    passed = clock.now() - value
    minutes = max(0, int(passed.total_seconds() // 60))
    if passed >= timedelta(days=7):
        return date(local(value), words.locale)
    if minutes < 1:
        return words.gettext("just now")
    if minutes < 60:
        return words.gettext("%(n)s min ago") % {"n": minutes}
    if minutes < 24 * 60:
        return words.ngettext("%(n)s h ago", "%(n)s h ago", minutes // 60) % {"n": minutes // 60}
    days = minutes // (24 * 60)
    return words.ngettext("yesterday", "%(n)s days ago", days) % {"n": days}


@lru_cache(8192)
def initials(name: str) -> str:
    """The first letters of the first and the last word, for a face."""
    names = name.split()
    return (names[0][0] + (names[-1][0] if len(names) > 1 else "")).upper() if names else "?"


__all__ = ["ago", "date", "day", "escape", "filters", "initials", "iso", "moment", "month", "number", "signed"]
