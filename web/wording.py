"""How values are said in each language: numbers, days and times, names. Sentences are in the templates and catalogues.

A page says some ninety such values, and a general library would take longer for them than the whole rest of the page,
so the few shapes that the interface needs are spelled out here and remembered.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from datetime import date as date_type
from functools import lru_cache
from typing import Any

from markupsafe import Markup, escape

from forum.kernel import clock
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


def filters(words: Catalogue) -> dict[str, Callable[..., Any]]:
    """The filters of one language, under the names that templates use:

    number     1204 → "1,204"; decimals where asked: `share|number(1)`; a true minus sign
    signed     10 → "+10", -2 → "−2"
    date       "12 Nov 2026"          day     "12 Nov"
    month      "November 2026"        moment  "12 Nov 2026, 07:40" (UTC)
    short_month  "Nov"
    ago        "12 min ago", counted from now; only for pages that no cache keeps
    iso        "2026-11-12T07:40:00Z"
    when       a `<time>` with the moment, which script turns into the reader's own zone and into "12 min ago"
    at         a `<time>` with the moment, which script turns into the reader's own zone
    on         a `<time>` with the date alone
    since      "since 12 Nov 2026", the date in a `<time>`
    initials   "Marta Oliveira" → "MO"
    text       a `Text` in this language; a string stays as it is
    """
    locale = words.locale

    @lru_cache(8192)
    def when(value: datetime) -> Markup:
        return Markup('<time datetime="{}" data-t="ago">{}</time>').format(iso(value), moment(value, locale))

    @lru_cache(8192)
    def at(value: datetime) -> Markup:
        return Markup('<time datetime="{}" data-t="at">{}</time>').format(iso(value), moment(value, locale))

    @lru_cache(8192)
    def on(value: datetime) -> Markup:
        return Markup('<time datetime="{}">{}</time>').format(iso(value), date(value, locale))

    return {
        "when": when,
        "at": at,
        "on": on,
        "since": lambda value: Markup("{}{}").format(_SINCE[locale][value.day in _VOWEL_DAYS], on(value)),
        "iso": iso,
        "initials": initials,
        "number": lambda value, decimals=0: number(value, locale, decimals),
        "signed": lambda value: signed(value, locale),
        "date": lambda value: date(value, locale),
        "day": lambda value: day(value, locale),
        "month": lambda value: month(value, locale),
        "short_month": lambda value: _MONTHS[locale][value.month - 1],
        "moment": lambda value: moment(value, locale),
        "ago": lambda value: ago(value, words),
        "text": lambda value: translate(value, locale),
    }


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
        return date(value, words.locale)
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
