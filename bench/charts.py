"""Small line charts as one SVG, in the colours of whoever looks at them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

WIDTH: Final = 640
HEIGHT: Final = 150
LEFT: Final = 70
BOTTOM: Final = 34
TOP: Final = 26


@dataclass(frozen=True, slots=True)
class Series:
    """One curve; the lists have one length, and ``x`` grows."""

    title: str
    x: Sequence[float]
    y: Sequence[float]


def line_charts(x_title: str, series: Sequence[Series]) -> str:
    """A chart for each series, one below the other, each from 0 to its largest value."""
    charts = "\n".join(_chart(each, x_title, number * HEIGHT) for number, each in enumerate(series))
    style = "text{font:12px sans-serif;fill:#666}path{fill:none;stroke:#3b6fd4;stroke-width:2}line{stroke:#bbb}"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT * len(series)}">'
        f"<style>{style}</style>\n{charts}\n</svg>\n"
    )


def _chart(series: Series, x_title: str, above: int) -> str:
    floor, ceiling = above + HEIGHT - BOTTOM, above + TOP
    most_x, most_y = max(series.x), max(series.y) or 1.0
    points = [
        f"{LEFT + (WIDTH - LEFT - 20) * x / most_x:.1f},{floor - (floor - ceiling) * y / most_y:.1f}"
        for x, y in zip(series.x, series.y, strict=True)
    ]
    return (
        f'<text x="{LEFT}" y="{above + 16}">{series.title}</text>'
        f'<text x="4" y="{ceiling + 8}">{most_y:,.4g}</text><text x="4" y="{floor}">0</text>'
        f'<line x1="{LEFT}" y1="{floor}" x2="{WIDTH - 20}" y2="{floor}"/>'
        f'<text x="{WIDTH - 20}" y="{floor + 16}" text-anchor="end">{most_x:,.4g} {x_title}</text>'
        f'<path d="M{" L".join(points)}"/>'
    )
