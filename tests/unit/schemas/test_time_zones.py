from __future__ import annotations

import os
import subprocess
import sys
from bisect import bisect_right
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.errors import TimeZonesDiffer
from schemas.time_zones import (
    COMPARED_AHEAD,
    COMPARED_FROM,
    DAY_SECONDS,
    STEP_SECONDS,
    VERSION,
    Difference,
    check_offsets,
    compared_instants,
    first_difference,
    offsets_of,
    zone_of,
)

NOW = datetime(2026, 11, 27, tzinfo=UTC)
HOUR = 3600


def seconds(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


def test_python_takes_the_package_whatever_the_machine_or_the_environment_has() -> None:
    program = "import zoneinfo; before = zoneinfo.TZPATH; import schemas.settings; print(before, zoneinfo.TZPATH)"
    environment = {**os.environ, "PYTHONTZPATH": "/usr/share/zoneinfo"}
    printed = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
    )
    assert printed.stdout.strip() == "('/usr/share/zoneinfo',) ()"


def test_vancouver_keeps_its_summer_time_from_the_autumn_of_2026_on() -> None:
    before, after = seconds("2026-11-01T08:59:59"), seconds("2026-11-27T12:00:00")
    assert offsets_of("America/Vancouver")([before, after]) == [-7 * HOUR, -7 * HOUR]


@pytest.mark.parametrize("name", ["", "Mars/Base", "Europe", "right/Europe/Berlin", "../Europe/Berlin", "localtime"])
def test_a_name_that_the_package_does_not_have_is_no_zone(name: str) -> None:
    with pytest.raises(ValueError, match=r"there is no time zone .*; names are like Europe/Berlin"):
        zone_of(name)


@pytest.mark.parametrize(
    ("name", "sides"),
    [
        ("Europe/Berlin", ["2000-03-26T00:59:59", "2000-03-26T01:00:00", "2000-10-29T00:59:59", "2000-10-29T01:00:00"]),
        # a minute after midnight, which ClickHouse takes for midnight
        (
            "America/St_Johns",
            ["2000-04-02T03:16:00", "2000-04-02T03:45:59", "2000-10-29T02:16:00", "2000-10-29T02:45:59"],
        ),
    ],
)
def test_the_instants_that_are_compared_are_both_sides_of_each_change_and_one_every_six_days(
    name: str, sides: list[str]
) -> None:
    instants = compared_instants(offsets_of(name), datetime(2001, 1, 1, tzinfo=UTC))
    whole_days = [instant for instant in instants if instant % DAY_SECONDS == 0]
    assert (len(whole_days), whole_days[0]) == (62, int(COMPARED_FROM.timestamp()))
    assert sorted(set(instants) - set(whole_days)) == [seconds(each) for each in sides]


@given(
    changes=st.lists(st.integers(1, 400 * DAY_SECONDS), max_size=4),
    at=st.integers(1, 400 * DAY_SECONDS),
)
def test_the_first_difference_is_found_to_the_second(changes: list[int], at: int) -> None:
    """Two databases that agree up to an instant and not from then on, on whichever day that is."""
    start, end = int(COMPARED_FROM.timestamp()), COMPARED_FROM + timedelta(days=400)
    turns = sorted({start + each // STEP_SECONDS * STEP_SECONDS + HOUR for each in changes})

    def ours(instants: Sequence[int]) -> list[int]:
        return [HOUR * (bisect_right(turns, instant) % 2) for instant in instants]

    def theirs(instants: Sequence[int]) -> list[int]:
        pairs = zip(instants, ours(instants), strict=True)
        return [offset + (HOUR // 2 if instant >= start + at else 0) for instant, offset in pairs]

    instants = compared_instants(ours, end)
    assert all(last - first <= STEP_SECONDS for first, last in pairwise(instants))
    assert first_difference(ours, ours, instants) is None
    [offset] = ours([start + at])
    assert first_difference(ours, theirs, instants) == Difference(start + at, offset, offset + HOUR // 2)


def test_a_database_that_differs_is_refused_with_the_zone_the_instant_and_both_offsets() -> None:
    """The JRE of 2025 lets Vancouver turn its clocks back in November 2026."""
    vancouver, los_angeles = offsets_of("America/Vancouver"), offsets_of("America/Los_Angeles")
    with pytest.raises(TimeZonesDiffer) as refused:
        check_offsets("America/Vancouver", los_angeles, "Flink's Java", "Do this.", NOW)
    assert str(refused.value) == (
        f"Flink's Java has another time zone America/Vancouver than the package tzdata ({VERSION}): at "
        "2026-11-01T09:00:00Z it is at UTC-08:00, and by the package at UTC-07:00. Events near midnight would lie in "
        "two days. Do this."
    )
    check_offsets("America/Vancouver", vancouver, "Flink's Java", "Do this.", NOW)


def test_what_differs_in_more_than_two_years_is_not_refused_yet() -> None:
    change = int((NOW + COMPARED_AHEAD).timestamp())

    def later(instants: Sequence[int]) -> list[int]:
        return [HOUR if instant > change else 0 for instant in instants]

    check_offsets("UTC", later, "ClickHouse", "Do this.", NOW)
    with pytest.raises(TimeZonesDiffer):
        check_offsets("UTC", later, "ClickHouse", "Do this.", NOW + timedelta(seconds=1))
