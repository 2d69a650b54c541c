"""Java's time zones, made of the package ``tzdata``: ``python -m local.java_zones [FILE]``.

Java reads every zone from one file of its own, ``lib/tzdb.dat``, which is as old as the Java. FILE is where to write
it; without it, the bundled Java's is replaced. Formats: RFC 9636 for the package's files; what ``sun.util.calendar``
and ``java.time.zone`` read (TzdbZoneRulesProvider, ZoneInfoFile, Ser) for Java's.
"""

from __future__ import annotations

import re
import struct
import sys
import time
from calendar import monthrange, timegm
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from importlib.resources import files
from pathlib import Path
from typing import Final

from local.java import java_executable
from schemas.time_zones import DAY_SECONDS, QUARTER_SECONDS, VERSION

HOUR_SECONDS: Final = 3600
_COUNTS: Final = struct.Struct(">20x6l")
"""The header of a part: magic bytes, then how much there is of what."""

_SHORT_FIRST: Final = -4_575_744_000
_SHORT_END: Final = 10_413_792_000
"""Instants from the one to the other, if in whole quarters of an hour, are written in three bytes."""

_NAME: Final = r"(?:<[^>]+>|[A-Za-z]+)"
_TIME: Final = r"[+-]?\d+(?::\d+){0,2}"
_RULE: Final = rf"M\d+\.\d+\.\d+(?:/{_TIME})?"
_FOOTER: Final = re.compile(
    rf"{_NAME}(?P<standard>{_TIME})(?:{_NAME}(?P<summer>{_TIME})?,(?P<begin>{_RULE}),(?P<end>{_RULE}))?"
)
_DEFAULT_TIME: Final = "2:00"
_LAST_WEEK: Final = 5
_FEBRUARY: Final = 2
_COMMON_YEAR: Final = 2001
_WALL_TIME: Final = 1
"""How Java's rules say that a time is what the clocks show before they change."""


@dataclass(frozen=True, slots=True)
class Change:
    """From an instant on clocks differ from UTC by another offset; all in seconds.

    Attributes:
        at: The instant, since 1970.
        offset: East of UTC.
        is_summer_time: Whether the package calls it daylight saving time.
    """

    at: int
    offset: int
    is_summer_time: bool


@dataclass(frozen=True, slots=True)
class YearlyRule:
    """A change of each year, as Java writes it.

    Attributes:
        month: From 1 on.
        day: The first day that it may be; negative: the last one, counted from the end of the month, -1 being its last.
        weekday: The first such day from then on, or the last one until then; from 1, Monday, to 7.
        time: Seconds of that day, up to its end, by the clocks before the change.
        before: The offset before it.
        after: The offset after it.
    """

    month: int
    day: int
    weekday: int
    time: int
    before: int
    after: int

    def change_of(self, year: int) -> Change:
        """The change of a year."""
        if self.day < 0:
            first = date(year, self.month, monthrange(year, self.month)[1]) + timedelta(days=self.day - 5)
        else:
            first = date(year, self.month, self.day)
        day = first + timedelta(days=(self.weekday - first.isoweekday()) % 7)
        at = timegm(day.timetuple()) + self.time - self.before
        return Change(at, self.after, is_summer_time=self.after > self.before)


@dataclass(frozen=True, slots=True)
class Zone:
    """A zone as its file says it.

    Attributes:
        first_offset: Before every change.
        changes: In the order of time.
        footer: What holds after the last of them, in POSIX's notation.
    """

    first_offset: int
    changes: Sequence[Change]
    footer: str


def java_time_zones() -> bytes:
    """The file ``tzdb.dat`` of every zone of the package ``tzdata``."""
    names = sorted((files("tzdata") / "zones").read_text(encoding="utf-8").split())
    rules = [_java_rules(read_zone((files("tzdata") / "zoneinfo" / name).read_bytes())) for name in names]
    distinct = {each: number for number, each in enumerate(dict.fromkeys(rules))}
    places = b"".join(_short(region) + _short(distinct[each]) for region, each in enumerate(rules))
    no_aliases = _short(0)
    return b"".join(
        (
            b"\x01" + _text("TZDB"),
            _short(1) + _text(VERSION),
            _short(len(names)) + b"".join(map(_text, names)),
            _short(len(distinct)) + b"".join(_short(len(each)) + each for each in distinct),
            _short(len(names)) + places,
            no_aliases,
        )
    )


def read_zone(data: bytes) -> Zone:
    """The zone of a file in the Time Zone Information Format; its second part, of 64 bits, has everything."""
    first = _Part.at(data, 0, bytes_of_instant=4)
    part = _Part.at(data, first.end, bytes_of_instant=8)
    instants = struct.unpack_from(f">{part.changes}q", data, part.start)
    kinds_of_changes = data[part.start + 8 * part.changes :][: part.changes]
    kinds_at = part.start + 9 * part.changes
    kinds = [struct.unpack_from(">l?x", data, kinds_at + 6 * number) for number in range(part.kinds)]
    changes = [Change(at, *kinds[kind]) for at, kind in zip(instants, kinds_of_changes, strict=True)]
    footer = data[part.end :].decode("ascii").strip("\n")
    return Zone(kinds[0][0], [*changes, *_next_changes(changes, footer)], footer)


def _next_changes(changes: Sequence[Change], footer: str) -> Iterator[Change]:
    """What the footer says of the rest of the year of the last change, and of the year after it.

    Java applies its rules from the year after the last change on, and takes that year itself for complete.
    """
    rules = yearly_rules(footer)
    for year in range(2):
        for rule in rules:
            last = changes[-1].at
            change = rule.change_of(time.gmtime(last).tm_year + year)
            if change.at > last:
                yield change


@dataclass(frozen=True, slots=True)
class _Part:
    """Where one of the two parts of a file lies, and how much of what is in it."""

    start: int
    end: int
    changes: int
    kinds: int

    @classmethod
    def at(cls, data: bytes, start: int, bytes_of_instant: int) -> _Part:
        utc_marks, standard_marks, leap_seconds, changes, kinds, letters = _COUNTS.unpack_from(data, start)
        start += _COUNTS.size
        size = (bytes_of_instant + 1) * changes + 6 * kinds + letters + (bytes_of_instant + 4) * leap_seconds
        return cls(start, start + size + utc_marks + standard_marks, changes, kinds)


def yearly_rules(footer: str) -> tuple[YearlyRule, ...]:
    """What POSIX's notation says of each year, in the order of the year; nothing without summer time.

    Raises:
        ValueError: It is another notation, or Java's has no such rule.
    """
    parts = _FOOTER.fullmatch(footer)
    if parts is None:
        message = f"cannot read {footer!r}"
        raise ValueError(message)
    if parts["begin"] is None:
        return ()
    standard = -_seconds(parts["standard"])
    summer = -_seconds(parts["summer"]) if parts["summer"] else standard + HOUR_SECONDS
    rules = (_yearly_rule(parts["begin"], standard, summer), _yearly_rule(parts["end"], summer, standard))
    return tuple(sorted(rules, key=lambda rule: rule.month))


def _yearly_rule(text: str, before: int, after: int) -> YearlyRule:
    day_of_year, _, time_of_day = text.partition("/")
    month, week, weekday = map(int, day_of_year.removeprefix("M").split("."))
    days, seconds = _days_and_seconds(_seconds(time_of_day or _DEFAULT_TIME))
    day = _day(month, week, days)
    if day is None:
        message = f"Java has no rule like {text!r}"
        raise ValueError(message)
    return YearlyRule(month, day, (weekday + days - 1) % 7 + 1, seconds, before, after)


def _day(month: int, week: int, days: int) -> int | None:
    """Some days after a weekday of a month, as Java says it; None where it cannot."""
    if week == _LAST_WEEK and days <= 0:
        return days - 1
    if week == _LAST_WEEK and month == _FEBRUARY:
        return None
    length = monthrange(_COMMON_YEAR, month)[1]
    first = length - 6 if week == _LAST_WEEK else 7 * (week - 1) + 1
    return first + days if 1 <= first + days <= length else None


def _days_and_seconds(seconds: int) -> tuple[int, int]:
    """A time as days to add, and the time of that day; the end of a day stays one, as Java can say it."""
    return (0, seconds) if seconds == DAY_SECONDS else divmod(seconds, DAY_SECONDS)


def _seconds(text: str) -> int:
    """POSIX's [+-]hh[:mm[:ss]]."""
    hours, minutes, seconds = (*map(int, text.lstrip("+-").split(":")), 0, 0)[:3]
    return (-1 if text.startswith("-") else 1) * (HOUR_SECONDS * hours + 60 * minutes + seconds)


def standard_offsets(zone: Zone) -> list[int]:
    """For each change the offset without summer time that holds from then on.

    Where a winter is called daylight saving time, as Ireland's is, its offset is the standard one: Java knows no summer
    time that is less than none.
    """
    has_rule = bool(yearly_rules(zone.footer))
    standard, is_inverted, offsets = zone.first_offset, False, []
    for change in zone.changes:
        if change.is_summer_time:
            is_inverted = change.offset < standard or (is_inverted and change.offset == standard)
            standard = min(standard, change.offset)
        elif not (is_inverted and change.offset == standard + HOUR_SECONDS):
            standard, is_inverted = change.offset, False
        offsets.append(standard)
    if offsets and not has_rule and not zone.changes[-1].is_summer_time:
        offsets[-1] = zone.changes[-1].offset
    return offsets


def _java_rules(zone: Zone) -> bytes:
    """What java.time.zone.Ser writes of a ZoneRules: changes of the standard offset, of the clocks, and rules."""
    standard = standard_offsets(zone)
    instants = [change.at for change in zone.changes]
    rules = yearly_rules(zone.footer)
    return b"".join(
        (
            b"\x01",
            _offsets(zone.first_offset, zip(instants, standard, strict=True)),
            _offsets(zone.first_offset, ((change.at, change.offset) for change in zone.changes)),
            struct.pack(">B", len(rules)),
            *(_java_rule(rule, min(rule.before, rule.after)) for rule in rules),
        )
    )


def _offsets(first: int, changes: Iterable[tuple[int, int]]) -> bytes:
    """A number, as many instants, and one more offset; what changes nothing is left out."""
    kept: list[tuple[int, int]] = []
    for at, offset in changes:
        if offset != (kept[-1][1] if kept else first):
            kept.append((at, offset))
    instants = b"".join(_instant(at) for at, _ in kept)
    return struct.pack(">i", len(kept)) + instants + b"".join(map(_offset, (first, *(offset for _, offset in kept))))


def _java_rule(rule: YearlyRule, standard: int) -> bytes:
    """A ZoneOffsetTransitionRule: 32 bits, and after them in full what does not fit in."""
    hour = rule.time // HOUR_SECONDS if rule.time % HOUR_SECONDS == 0 else 31
    quarter = standard // QUARTER_SECONDS + 128 if standard % QUARTER_SECONDS == 0 else 255
    before, after = (_savings(offset - standard) for offset in (rule.before, rule.after))
    bits = rule.month << 28 | rule.day + 32 << 22 | rule.weekday << 19 | hour << 14 | _WALL_TIME << 12
    bits |= quarter << 4 | before << 2 | after
    in_full = (
        (hour == 31, rule.time),
        (quarter == 255, standard),
        (before == 3, rule.before),
        (after == 3, rule.after),
    )
    return struct.pack(">I", bits) + b"".join(struct.pack(">i", value) for is_meant, value in in_full if is_meant)


def _savings(seconds: int) -> int:
    half_hours, rest = divmod(seconds, HOUR_SECONDS // 2)
    return half_hours if rest == 0 and half_hours in (0, 1, 2) else 3


def _instant(at: int) -> bytes:
    if _SHORT_FIRST <= at < _SHORT_END and at % QUARTER_SECONDS == 0:
        return ((at - _SHORT_FIRST) // QUARTER_SECONDS).to_bytes(3)
    return b"\xff" + struct.pack(">q", at)


def _offset(seconds: int) -> bytes:
    quarters, rest = divmod(seconds, QUARTER_SECONDS)
    return struct.pack(">b", quarters) if rest == 0 else struct.pack(">bi", 127, seconds)


def _short(number: int) -> bytes:
    return struct.pack(">h", number)


def _text(text: str) -> bytes:
    encoded = text.encode("ascii")
    return _short(len(encoded)) + encoded


def bundled_file() -> Path:
    """Where the bundled Java has its time zones."""
    return java_executable().parents[1] / "lib" / "tzdb.dat"


def write_java_time_zones(path: Path) -> None:
    """Replace the file; what else links to the old one, a package cache, keeps that."""
    new = path.with_name(f".{path.name}.new")
    new.write_bytes(java_time_zones())
    new.replace(path)


if __name__ == "__main__":
    write_java_time_zones(Path(sys.argv[1]) if len(sys.argv) > 1 else bundled_file())
