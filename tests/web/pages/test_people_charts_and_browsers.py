"""Charts are laid out on the server, browsers get a name that their owner knows."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from web.pages.browsers import browser_name
from web.pages.charts import BASE, LEFT, TOP, WIDTH, columns

MONTHS = [date(2026, month, 1) for month in range(1, 13)]


@given(st.lists(st.integers(-500, 500_000), min_size=12, max_size=12))
def test_every_column_stays_inside_and_fits_its_value(values: list[int]) -> None:
    chart = columns(list(zip(MONTHS, values, strict=True)))
    if max(values) <= 0:
        assert chart is None
        return
    assert chart is not None
    assert chart.total == sum(values)
    assert 1 <= len(chart.lines) <= 4
    assert sum(column.is_highest for column in chart.columns) == 1
    assert chart.highest is not None
    assert chart.highest.value == max(values)
    for column in chart.columns:
        assert LEFT < column.middle < WIDTH
        assert TOP - 0.1 <= column.top <= BASE
        assert bool(column.outline) == (column.value > 0)
    for line in chart.lines:
        assert TOP - 0.1 <= line.y < BASE


def test_lines_stand_at_round_numbers() -> None:
    chart = columns(list(zip(MONTHS, [740, 210] + [0] * 10, strict=True)))
    assert chart is not None
    assert [line.value for line in chart.lines] == [200, 400, 600, 800]


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox on Linux"),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Version/18.0 Mobile Safari/604.1",
            "Safari on iPhone",
        ),
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/141.0 Safari/537.36 Edg/141.0",
            "Edge on Windows",
        ),
        (
            "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 Chrome/141.0 Mobile Safari/537.36",
            "Chrome on Android",
        ),
        ("curl/8.5", "An unknown browser"),
        ("", "An unknown browser"),
        ("Something (Macintosh)", "macOS, unknown device"),
    ],
)
def test_browsers_have_names(agent: str, name: str) -> None:
    assert str(browser_name(agent)) == name
