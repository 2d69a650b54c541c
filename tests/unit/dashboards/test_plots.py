from __future__ import annotations

import re
from datetime import date
from xml.etree import ElementTree

import pytest

from dashboards.plots import Line, bars, hours, lines, short

DAYS = [date(2026, 6, day) for day in (1, 2, 3, 4)]
HOSTILE = '<script>alert(1)</script>"&'


def test_a_line_has_a_gap_where_a_day_is_missing() -> None:
    drawn = lines("net", DAYS, [Line("net", {DAYS[0]: 1.0, DAYS[1]: 2.0, DAYS[3]: 4.0})])
    path = re.search(r' d="([^"]+)"', drawn)

    assert path is not None
    assert re.findall("[ML]", path[1]) == ["M", "L", "M"]


def test_zero_and_what_lies_below_are_in_view() -> None:
    drawn = lines("net", DAYS, [Line("net", {DAYS[0]: 10.0, DAYS[1]: -10.0})])
    ticks = re.findall(r'class="end"[^>]*>([^<]+)<', drawn)
    assert (ticks[0], ticks[2], ticks[-1]) == ("\N{MINUS SIGN}10", "0", "10")


def test_a_single_day_and_no_value_are_drawn_too() -> None:
    for drawn in (lines("net", DAYS[:1], [Line("net", {DAYS[0]: 0.0})]), lines("net", DAYS, []), bars("empty", [])):
        assert ElementTree.fromstring(drawn).tag == "svg"  # it is ours


def test_bars_are_as_long_as_their_values() -> None:
    drawn = bars("revenue", [("a", 100.0, "100"), ("b", 25.0, "25"), ("c", -5.0, "-5")])
    widths = [float(width) for width in re.findall(r'class="bar"[^>]* width="([\d.]+)"', drawn)]
    assert widths[1] == pytest.approx(widths[0] / 4, abs=0.1)
    assert widths[2] == 1.0


def test_hours_without_anything_are_the_palest() -> None:
    drawn = hours("orders", {(1, 9): 4.0, (7, 23): 2.0})
    opacities = re.findall(r'opacity="([\d.]+)"', drawn)
    assert (len(opacities), opacities[9], opacities[-1], opacities[0]) == (168, "1.000", "0.530", "0.060")


def test_texts_are_shown_and_never_run() -> None:
    for drawn in (bars(HOSTILE, [(HOSTILE, 1.0, HOSTILE)]), lines(HOSTILE, DAYS, [Line(HOSTILE, {DAYS[0]: 1.0})])):
        assert "<script" not in drawn
        assert ElementTree.fromstring(drawn).findtext("title") == HOSTILE  # it is ours


@pytest.mark.parametrize(
    ("value", "shown"), [(0, "0"), (999, "999"), (1500, "1.5 k"), (-2_500_000, "\N{MINUS SIGN}2.5 M"), (3e9, "3 G")]
)
def test_axes_have_short_numbers(value: float, shown: str) -> None:
    assert short(value) == shown
