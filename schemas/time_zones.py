"""The database of time zones that decides where a shop's days begin: that of the package ``tzdata``, everywhere.

Flink's Java, Python and ClickHouse each bring a database of their own, and where they differ an event near midnight
lies in two days. Importing this module keeps Python to the package, whatever the machine has; the bundled Java's is
made of the package (``local/java_zones.py``); and a server that differs is refused before it is used.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, reset_tzpath

from tzdata import IANA_VERSION

from schemas.errors import TimeZonesDiffer

reset_tzpath(to=())

VERSION: Final = IANA_VERSION
"""The release of the IANA database that the package holds."""

COMPARED_FROM: Final = datetime(2000, 1, 1, tzinfo=UTC)
"""The first instant whose offset is compared: shops have no older events."""

COMPARED_AHEAD: Final = timedelta(days=2 * 365)
DAY_SECONDS: Final = 24 * 60 * 60
QUARTER_SECONDS: Final = 15 * 60
STEP_SECONDS: Final = 6 * DAY_SECONDS
"""No zone has had an offset for less than six days since then, or will have in these years."""

Offsets = Callable[[Sequence[int]], Sequence[int]]
"""The offsets of a zone at instants, both in seconds: instants since 1970, offsets east of UTC."""


@dataclass(frozen=True, slots=True)
class Difference:
    """The first instant at which two databases differ about a zone.

    Attributes:
        at: The instant, in seconds since 1970.
        ours: The offset by the package ``tzdata``, in seconds east of UTC.
        theirs: The other one.
    """

    at: int
    ours: int
    theirs: int


def zone_of(name: str) -> ZoneInfo:
    """The zone of an IANA name.

    Raises:
        ValueError: There is no such zone.
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        message = f"there is no time zone {name!r}; names are like Europe/Berlin"
        raise ValueError(message) from error


def offsets_of(name: str) -> Offsets:
    """The offsets of a zone by the package ``tzdata``."""
    zone = zone_of(name)
    return lambda instants: [_seconds(datetime.fromtimestamp(each, zone).utcoffset()) for each in instants]


def compared_instants(ours: Offsets, until: datetime) -> list[int]:
    """The instants that tell two databases apart: one every few days, and both sides of each change of the offset."""
    end = int(until.timestamp())
    steps = [*range(int(COMPARED_FROM.timestamp()), end, STEP_SECONDS), end]
    changes = [
        _first_change(ours, first, last)
        for (first, before), (last, after) in pairwise(zip(steps, ours(steps), strict=True))
        if before != after
    ]
    return sorted({*steps, *(side for change in changes for side in _sides(change))})


def _first_change(offsets: Offsets, before: int, at: int) -> int:
    [old] = offsets([before])
    return _first_that(lambda instant: offsets([instant])[0] != old, before, at)


def _sides(change: int) -> tuple[int, int]:
    """The last instant before a change, and the first one after it, that every database tells apart.

    ClickHouse knows changes by quarters of an hour; Newfoundland's clocks changed a minute after midnight until 2011.
    """
    width = 1 if change % QUARTER_SECONDS == 0 else QUARTER_SECONDS
    return change - width, change + width - 1


def first_difference(ours: Offsets, theirs: Offsets, instants: Sequence[int]) -> Difference | None:
    """The first difference over ``instants``, to the second; None where there is none."""
    pairs = list(zip(instants, ours(instants), theirs(instants), strict=True))
    different = next((index for index, (_, left, right) in enumerate(pairs) if left != right), None)
    if different is None:
        return None
    at = instants[different]
    if different > 0:
        at = _first_that(lambda instant: ours([instant]) != theirs([instant]), instants[different - 1], at)
    return Difference(at, ours([at])[0], theirs([at])[0])


def check_offsets(name: str, theirs: Offsets, whose: str, remedy: str, now: datetime) -> None:
    """Refuse a database that differs about a zone, from COMPARED_FROM on to COMPARED_AHEAD of now.

    Args:
        name: The shop's zone.
        theirs: Its offsets by the other database.
        whose: Whose database that is, to begin a sentence with.
        remedy: What to do where they differ, in a sentence.
        now: The time.

    Raises:
        TimeZonesDiffer: They do.
    """
    ours = offsets_of(name)
    difference = first_difference(ours, theirs, compared_instants(ours, now + COMPARED_AHEAD))
    if difference is not None:
        at = datetime.fromtimestamp(difference.at, UTC)
        raise TimeZonesDiffer(name, at, whose, _text(difference.theirs), VERSION, _text(difference.ours), remedy)


def _first_that(holds: Callable[[int], bool], before: int, at: int) -> int:
    """The first instant after ``before`` for which a condition holds, up to ``at``, for which it does."""
    while at - before > 1:
        middle = (before + at) // 2
        before, at = (before, middle) if holds(middle) else (middle, at)
    return at


def _seconds(offset: timedelta | None) -> int:
    assert offset is not None  # a zone of the database always has one
    return round(offset.total_seconds())


def _text(offset: int) -> str:
    return str(timezone(timedelta(seconds=offset)))
