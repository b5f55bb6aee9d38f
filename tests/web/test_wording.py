"""Numbers, days and names as each language says them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from forum.kernel import clock
from web.translations import catalogue
from web.wording import ago, date, filters, initials, iso, moment, month, number, signed

NOW = datetime(2026, 3, 9, 7, 5, 31, 999, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "decimals", "english", "italian"),
    [
        (0, 0, "0", "0"),
        (999, 0, "999", "999"),
        (1204, 0, "1,204", "1.204"),
        (1234567, 0, "1,234,567", "1.234.567"),
        (-1204, 0, "−1,204", "−1.204"),
        (1204.56, 1, "1,204.6", "1.204,6"),
        (0.5, 2, "0.50", "0,50"),
    ],
)
def test_numbers_are_grouped_as_the_language_does(value: float, decimals: int, english: str, italian: str) -> None:
    assert (number(value, "en", decimals), number(value, "it", decimals)) == (english, italian)


def test_gains_and_losses_carry_their_sign() -> None:
    assert [signed(value, "en") for value in (10, 0, -2)] == ["+10", "0", "−2"]


def test_dates_are_said_in_both_languages() -> None:
    assert [date(NOW, locale) for locale in ("en", "it")] == ["9 Mar 2026", "9 mar 2026"]
    assert [month(NOW, locale) for locale in ("en", "it")] == ["March 2026", "marzo 2026"]
    assert [moment(NOW, locale) for locale in ("en", "it")] == ["9 Mar 2026, 07:05", "9 mar 2026, 07:05"]
    assert iso(NOW) == "2026-03-09T07:05:31Z"


@pytest.mark.parametrize(
    ("day", "italian"), [(7, "dal 7"), (8, "dall’8"), (11, "dall’11"), (18, "dal 18"), (28, "dal 28")]
)
def test_a_day_since_when_is_elided_before_a_vowel_in_italian(day: int, italian: str) -> None:
    english, own = (filters(catalogue(locale))["since"](NOW.replace(day=day)).striptags() for locale in ("en", "it"))
    assert (english, own) == (f"since {day} Mar 2026", f"{italian} mar 2026")


@pytest.mark.parametrize(
    ("passed", "english", "italian"),
    [
        (timedelta(seconds=-5), "just now", "adesso"),
        (timedelta(seconds=59), "just now", "adesso"),
        (timedelta(minutes=12), "12 min ago", "12 min fa"),
        (timedelta(hours=1), "1 h ago", "1 ora fa"),
        (timedelta(hours=23), "23 h ago", "23 ore fa"),
        (timedelta(days=1), "yesterday", "ieri"),
        (timedelta(days=6, hours=23), "6 days ago", "6 giorni fa"),
        (timedelta(days=7), "2 Mar 2026", "2 mar 2026"),
    ],
)
def test_time_ago_takes_the_largest_unit(passed: timedelta, english: str, italian: str) -> None:
    with clock.at(NOW):
        assert [ago(NOW - passed, catalogue(locale)) for locale in ("en", "it")] == [english, italian]


@pytest.mark.parametrize(
    ("name", "face"), [("Marta Oliveira", "MO"), ("Hanneke de Vries", "HV"), ("élodie", "É"), ("", "?"), ("  ", "?")]
)
def test_faces_carry_initials(name: str, face: str) -> None:
    assert initials(name) == face
