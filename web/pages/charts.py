"""Column charts as SVG, laid out on the server. A column is an arch; the highest one is marked and bears its number."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import msgspec

WIDTH, HEIGHT, LEFT, TOP, BASE = 720, 220, 36, 20, 190
_STEPS = (1, 2, 2.5, 5)


class Column(msgspec.Struct, frozen=True, kw_only=True):
    """A column: its outline, where its month stands, and its value. Below zero nothing is drawn; the table says it."""

    month: date
    value: int
    outline: str
    middle: float
    top: float
    is_highest: bool


class Line(msgspec.Struct, frozen=True):
    """A line across, and the value that it stands for."""

    value: int
    y: float


class Chart(msgspec.Struct, frozen=True, kw_only=True):
    """A chart of months. `total` is the sum of all columns."""

    columns: tuple[Column, ...]
    lines: tuple[Line, ...]
    total: int

    @property
    def highest(self) -> Column | None:
        return next((column for column in self.columns if column.is_highest), None)


def columns(values: Sequence[tuple[date, int]]) -> Chart | None:
    """The chart of some months; None where there is nothing to draw."""
    highest = max((value for _, value in values), default=0)
    if highest <= 0:
        return None
    step = _step(highest)
    scale = (BASE - TOP) / (step * -(-highest // step))
    winner = max(range(len(values)), key=lambda place: (values[place][1], place))
    return Chart(
        columns=tuple(
            _column(place, len(values), month, value, scale, is_highest=place == winner)
            for place, (month, value) in enumerate(values)
        ),
        lines=tuple(Line(value, BASE - value * scale) for value in range(step, highest + step, step)),
        total=sum(value for _, value in values),
    )


def _step(highest: int) -> int:
    """A round number, so that three or four lines cross the chart."""
    size = 1
    while True:
        for factor in _STEPS:
            step = int(size * factor)
            if step and highest <= step * 4:
                return step
        size *= 10


def _column(place: int, count: int, month: date, value: int, scale: float, *, is_highest: bool) -> Column:
    room = (WIDTH - LEFT) / count
    width = round(room * 2 / 3)
    left = LEFT + place * room + (room - width) / 2
    height = max(0.0, value * scale)
    arch = min(width / 2, height)
    outline = f"M{left:.1f} {BASE}v-{height - arch:.1f}a{width / 2:g} {arch:.1f} 0 0 1 {width} 0v{height - arch:.1f}z"
    return Column(
        month=month,
        value=value,
        outline=outline if height else "",
        middle=round(left + width / 2, 1),
        top=round(BASE - height, 1),
        is_highest=is_highest,
    )
