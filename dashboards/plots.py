"""Plots as SVG: lines over days, bars, a heat map of hours; every text is escaped, and nothing is run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from html import escape
from typing import Final

WIDTH: Final = 920
HEIGHT: Final = 240
LEFT: Final = 84
RIGHT: Final = 16
TOP: Final = 16
BOTTOM: Final = 30
BAR: Final = 24
LABEL: Final = 200
VALUE: Final = 190
CELL: Final = 34
ROW: Final = 22
TICKS: Final = 4
DATES: Final = 6
WEEKDAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


@dataclass(frozen=True, slots=True)
class Line:
    """One line.

    Attributes:
        name: What it shows.
        values: Day -> value; a day that is missing is a gap.
        is_comparison: Whether it is only there to compare with, and dashed.
    """

    name: str
    values: Mapping[date, float]
    is_comparison: bool = False


def lines(title: str, days: Sequence[date], shown: Sequence[Line]) -> str:
    """Lines over days, from 0 or below to the largest value.

    Args:
        title: For who cannot see it.
        days: The days of the axis, at least one, in order.
        shown: The lines, comparisons first, so that they lie below.
    """
    values = [value for line in shown for value in line.values.values()]
    low, high = min([0.0, *values]), max([0.0, *values]) or 1.0
    step = (WIDTH - LEFT - RIGHT) / max(1, len(days) - 1)
    floor = HEIGHT - BOTTOM

    def place(value: float) -> float:
        return floor - (floor - TOP) * (value - low) / (high - low)

    ticks = [low + (high - low) * number / TICKS for number in range(TICKS + 1)]
    grid = "".join(
        f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{place(tick):.1f}" y2="{place(tick):.1f}"/>'
        f'<text class="end" x="{LEFT - 8}" y="{place(tick) + 4:.1f}">{short(tick)}</text>'
        for tick in ticks
    )
    every = max(1, len(days) // DATES)
    dates = "".join(
        f'<text class="middle" x="{LEFT + step * number:.1f}" y="{HEIGHT - 8}">{day:%-d %b %Y}</text>'
        for number, day in enumerate(days)
        if number % every == 0 and LEFT + step * number < WIDTH - 40
    )
    paths = "".join(
        _path(line, [(LEFT + step * n, line.values.get(day)) for n, day in enumerate(days)], place) for line in shown
    )
    return _svg(title, HEIGHT, grid + dates + paths)


def _path(line: Line, points: Sequence[tuple[float, float | None]], place: object) -> str:
    assert callable(place)
    drawn, is_down = [], False
    for x, value in points:
        if value is None:
            is_down = False
            continue
        drawn.append(f"{'L' if is_down else 'M'}{x:.1f} {place(value):.1f}")
        is_down = True
    kind = "before" if line.is_comparison else "now"
    return f'<path class="{kind}" d="{" ".join(drawn)}"><title>{escape(line.name)}</title></path>' if drawn else ""


def bars(title: str, shown: Sequence[tuple[str, float, str]]) -> str:
    """Horizontal bars, one below the other.

    Args:
        title: For who cannot see it.
        shown: Of each its label, its value, 0 or more, and the value in words.
    """
    most = max([value for _, value, _ in shown] + [0.0]) or 1.0
    room = WIDTH - LABEL - VALUE
    rows = "".join(
        f'<text class="end" x="{LABEL - 8}" y="{number * BAR + 16}">{escape(_cut(label))}</text>'
        f'<rect class="bar" x="{LABEL}" y="{number * BAR + 3}" width="{max(1.0, room * max(0.0, value) / most):.1f}" '
        f'height="{BAR - 8}" rx="2"/>'
        f'<text x="{LABEL + room * max(0.0, value) / most + 8:.1f}" y="{number * BAR + 16}">{escape(words)}</text>'
        for number, (label, value, words) in enumerate(shown)
    )
    return _svg(title, len(shown) * BAR + 4, rows)


def hours(title: str, values: Mapping[tuple[int, int], float]) -> str:
    """A heat map of weekdays and hours.

    Args:
        title: For who cannot see it.
        values: (weekday from 1 for Monday, hour) -> value, 0 or more.
    """
    most = max([*values.values(), 0.0]) or 1.0
    left = 48
    cells = "".join(
        f'<rect class="cell" x="{left + hour * CELL}" y="{(weekday - 1) * ROW}" width="{CELL - 2}" height="{ROW - 2}" '
        f'opacity="{0.06 + 0.94 * max(0.0, values.get((weekday, hour), 0.0)) / most:.3f}">'
        f"<title>{WEEKDAYS[weekday - 1]} {hour:02}:00: {values.get((weekday, hour), 0.0):,.0f}</title></rect>"
        for weekday in range(1, 8)
        for hour in range(24)
    )
    names = "".join(
        f'<text class="end" x="{left - 8}" y="{number * ROW + 15}">{name}</text>'
        for number, name in enumerate(WEEKDAYS)
    )
    axis = "".join(
        f'<text class="middle" x="{left + hour * CELL + CELL / 2}" y="{7 * ROW + 14}">{hour}</text>'
        for hour in range(0, 24, 3)
    )
    return _svg(title, 7 * ROW + 22, cells + names + axis)


def short(value: float) -> str:
    """A number in few characters, for an axis."""
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= size:
            return f"{value / size:.3g} {letter}".replace("-", "\N{MINUS SIGN}")
    return f"{value:.3g}".replace("-", "\N{MINUS SIGN}")


def _cut(label: str) -> str:
    return label if len(label) <= 30 else label[:29] + "…"


def _svg(title: str, height: int, content: str) -> str:
    return (
        f'<svg role="img" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}">'
        f"<title>{escape(title)}</title>{content}</svg>"
    )
