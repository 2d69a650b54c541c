from __future__ import annotations

import os
from bisect import bisect_right
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path

import pytest

from local.java_zones import (
    Change,
    YearlyRule,
    Zone,
    java_time_zones,
    read_zone,
    standard_offsets,
    write_java_time_zones,
    yearly_rules,
)
from schemas.time_zones import VERSION, compared_instants, offsets_of

HOUR = 3600
NAMES = sorted((files("tzdata") / "zones").read_text().split())
MONDAY, THURSDAY, FRIDAY, SATURDAY, SUNDAY = 1, 4, 5, 6, 7


def read(name: str) -> Zone:
    return read_zone((files("tzdata") / "zoneinfo" / name).read_bytes())


def test_every_zone_is_read_as_python_reads_it() -> None:
    end = datetime(2031, 1, 1, tzinfo=UTC)
    for name in sorted({(files("tzdata") / "zoneinfo" / name).read_bytes(): name for name in NAMES}.values()):
        zone, ours = read(name), offsets_of(name)
        changes = list(zone.changes)
        years = range(datetime.fromtimestamp(changes[-1].at, UTC).year if changes else 2031, 2031)
        ruled = [rule.change_of(year) for year in years for rule in yearly_rules(zone.footer)]
        changes += [change for change in ruled if change.at > changes[-1].at]
        instants = compared_instants(ours, end)
        starts = [change.at for change in changes]
        offsets = [zone.first_offset, *(change.offset for change in changes)]
        assert [offsets[bisect_right(starts, instant)] for instant in instants] == ours(instants), name


@pytest.mark.parametrize(
    ("footer", "rules"),
    [
        ("UTC0", ()),
        ("<+0545>-5:45", ()),
        (
            "CET-1CEST,M3.5.0,M10.5.0/3",
            (
                YearlyRule(3, -1, SUNDAY, 2 * HOUR, HOUR, 2 * HOUR),
                YearlyRule(10, -1, SUNDAY, 3 * HOUR, 2 * HOUR, HOUR),
            ),
        ),
        (
            "<-02>2<-01>,M3.5.0/-1,M10.5.0/0",  # the Saturday before the last Sunday, at 23:00
            (
                YearlyRule(3, -2, SATURDAY, 23 * HOUR, -2 * HOUR, -HOUR),
                YearlyRule(10, -1, SUNDAY, 0, -HOUR, -2 * HOUR),
            ),
        ),
        (
            "EET-2EEST,M3.4.4/50,M10.4.4/50",  # two days after the fourth Thursday, at 2:00
            (
                YearlyRule(3, 24, SATURDAY, 2 * HOUR, 2 * HOUR, 3 * HOUR),
                YearlyRule(10, 24, SATURDAY, 2 * HOUR, 3 * HOUR, 2 * HOUR),
            ),
        ),
        (
            "EET-2EEST,M4.5.5/0,M10.5.4/24",
            (
                YearlyRule(4, -1, FRIDAY, 0, 2 * HOUR, 3 * HOUR),
                YearlyRule(10, -1, THURSDAY, 24 * HOUR, 3 * HOUR, 2 * HOUR),
            ),
        ),
        (
            "AAA0BBB,M4.5.0/26,M10.1.0",  # the day after the last Sunday of April, which may be the first of May
            (YearlyRule(4, 25, MONDAY, 2 * HOUR, 0, HOUR), YearlyRule(10, 1, SUNDAY, 2 * HOUR, HOUR, 0)),
        ),
        (
            "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0",
            (
                YearlyRule(4, 1, SUNDAY, 2 * HOUR, 11 * HOUR, 10 * HOUR + 1800),
                YearlyRule(10, 1, SUNDAY, 2 * HOUR, 10 * HOUR + 1800, 11 * HOUR),
            ),
        ),
    ],
)
def test_a_footer_is_read_as_rules_of_each_year(footer: str, rules: tuple[YearlyRule, ...]) -> None:
    assert yearly_rules(footer) == rules


@pytest.mark.parametrize(
    "footer", ["CET-1CEST,J60,J300", "CET-1CEST,M3.1.0/-25,M10.5.0", "CET-1CEST,M2.5.0/25,M10.5.0", "x"]
)
def test_what_java_cannot_say_is_refused(footer: str) -> None:
    with pytest.raises(ValueError, match=r"cannot read|Java has no rule"):
        yearly_rules(footer)


def test_a_winter_that_is_less_than_standard_time_is_the_standard_for_java() -> None:
    summer, winter = Change(100, HOUR, is_summer_time=False), Change(200, 0, is_summer_time=True)
    again, last = Change(300, HOUR, is_summer_time=False), Change(400, 0, is_summer_time=True)
    dublin = Zone(HOUR, (summer, winter, again, last), "IST-1GMT0,M10.5.0,M3.5.0/1")
    assert standard_offsets(dublin) == [HOUR, 0, 0, 0]
    windhoek = Zone(HOUR, (winter, again), "CAT-1")
    assert standard_offsets(windhoek) == [0, HOUR]


def test_a_summer_time_keeps_the_standard_offset() -> None:
    changes = (Change(100, 2 * HOUR, is_summer_time=True), Change(200, HOUR, is_summer_time=False))
    assert standard_offsets(Zone(HOUR, changes, "CET-1CEST,M3.5.0,M10.5.0/3")) == [HOUR, HOUR]


def test_the_file_is_replaced_and_other_links_to_it_keep_theirs(tmp_path: Path) -> None:
    old, cached = tmp_path / "tzdb.dat", tmp_path / "cached"
    old.write_bytes(b"old")
    os.link(old, cached)
    write_java_time_zones(old)
    assert cached.read_bytes() == b"old"
    assert old.read_bytes() == java_time_zones()
    assert old.read_bytes().startswith(b"\x01\x00\x04TZDB\x00\x01\x00\x05" + VERSION.encode())
    assert [each.name for each in sorted(tmp_path.iterdir())] == ["cached", "tzdb.dat"]
