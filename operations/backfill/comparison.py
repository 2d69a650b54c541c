"""Compares a result's live table with its shadow, row by row, and sums up by day."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from clickhouse_connect.driver.client import Client

from operations.backfill.cut import Key, comparable
from operations.backfill.shadow import shadow_table
from schemas.codec import load_schema
from schemas.results import Result

EXAMPLES: Final = 20
"""Rows that differ of each table that are kept in full; all are counted."""

MISSING: Final = "missing"
EXTRA: Final = "extra"
DIFFERENT: Final = "different"


@dataclass(frozen=True, slots=True)
class Days:
    """Days of the shop, both included."""

    first: date
    last: date


@dataclass(frozen=True, slots=True)
class Difference:
    """A row of the live table that differs from the backfilled one.

    Attributes:
        key: Its key, instants as epoch milliseconds.
        day: Its day.
        kind: missing, extra or different: of the live table.
        version: The version of the live row, deleted ones included; 0 where there never was one.
        live: The live row; None where it is missing.
        shadow: The backfilled row; None where the live one is extra.
    """

    key: Key
    day: date
    kind: str
    version: int
    live: tuple[Any, ...] | None
    shadow: tuple[Any, ...] | None


@dataclass(slots=True)
class DayComparison:
    """One day of one result.

    Attributes:
        live: Rows that are live.
        shadow: Rows of the backfill.
        live_hash: Of the live rows, in hexadecimal; the order of rows does not matter.
        shadow_hash: Of the backfilled rows.
        differences: Kind -> rows that differ.
        moving: Rows that differ and that the live job has changed since the cut: they cannot be compared.
    """

    live: int
    shadow: int
    live_hash: str
    shadow_hash: str
    differences: dict[str, int] = field(default_factory=dict)
    moving: int = 0


@dataclass(frozen=True, slots=True)
class Comparison:
    """One result.

    Attributes:
        result: Which.
        days: Day -> how its rows compare.
        differences: Every row that differs, those that are moving left out.
    """

    result: Result
    days: Mapping[date, DayComparison]
    differences: list[Difference]

    @property
    def moving(self) -> int:
        """Rows that could not be compared."""
        return sum(day.moving for day in self.days.values())


def columns_of(result: Result) -> tuple[str, ...]:
    """The columns of a result."""
    return tuple(field["name"] for field in load_schema(result.name)["fields"])


def compare(
    client: Client, result: Result, days: Days, time_zone: str
) -> tuple[dict[date, DayComparison], list[Difference]]:
    """Sum up live and shadow by day, and find every row that differs, moving ones among them.

    Raises:
        StatementRefused: ClickHouse cannot compare, for example because a table is missing.
    """
    parameters = {"first": days.first, "last": days.last}
    totals = client.query(_totals(result, time_zone), parameters=parameters, tz_mode="schema").result_rows
    days_compared = {
        day: DayComparison(live, shadow, _hash(live_hash), _hash(shadow_hash))
        for day, live, shadow, live_hash, shadow_hash in totals
    }
    rows = client.query(_differences(result, time_zone), parameters=parameters, tz_mode="schema").result_rows
    return days_compared, [_difference(result, tuple(row)) for row in rows]


def settle(
    result: Result, compared: Mapping[date, DayComparison], differences: list[Difference], changed: set[Key]
) -> Comparison:
    """Separate rows that differ from rows that are moving.

    Args:
        result: Which.
        compared: The sums by day; their counts of differences are filled in.
        differences: Every row that differs.
        changed: Keys of rows that the live job has written since the cut.
    """
    standing = [difference for difference in differences if difference.key not in changed]
    for difference in differences:
        day = compared[difference.day]
        if difference.key in changed:
            day.moving += 1
        else:
            day.differences[difference.kind] = day.differences.get(difference.kind, 0) + 1
    return Comparison(result, compared, standing)


def add_up(days: Iterable[DayComparison]) -> DayComparison:
    """Several days as one, whose hashes are those of all their rows."""
    all_days = list(days)
    kinds = (MISSING, EXTRA, DIFFERENT)
    counts = {kind: sum(day.differences.get(kind, 0) for day in all_days) for kind in kinds}
    return DayComparison(
        live=sum(day.live for day in all_days),
        shadow=sum(day.shadow for day in all_days),
        live_hash=_hash(sum(int(day.live_hash, 16) for day in all_days)),
        shadow_hash=_hash(sum(int(day.shadow_hash, 16) for day in all_days)),
        differences={kind: count for kind, count in counts.items() if count},
        moving=sum(day.moving for day in all_days),
    )


def _hash(number: int) -> str:
    return f"{number % 2**64:016x}"


def _difference(result: Result, row: tuple[Any, ...]) -> Difference:
    columns, key_size = len(columns_of(result)), len(result.key)
    key = tuple(map(comparable, row[:key_size]))
    day, in_live, in_shadow, version = row[key_size : key_size + 4]
    values = row[key_size + 4 :]
    live, shadow = values[:columns], values[columns:]
    kind = DIFFERENT if in_live and in_shadow else EXTRA if in_live else MISSING
    return Difference(key, day, kind, version, live if in_live else None, shadow if in_shadow else None)


def _day(result: Result, time_zone: str) -> str:
    if "day" in columns_of(result):
        return "`day`"
    return f"toDate(`minute`, '{time_zone}')"


def _names(names: tuple[str, ...]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _sides(result: Result, time_zone: str) -> str:
    """Both tables as one: key, day, side, row and its hash."""
    one = (
        "SELECT {key}, {day} AS _day, {side} AS _side, tuple({columns}) AS _row, sipHash64(toString(_row)) AS _hash "
        "FROM `{table}` FINAL WHERE _day BETWEEN {{first:Date}} AND {{last:Date}}"
    )
    names = {
        "key": _names(result.key),
        "day": _day(result, time_zone),
        "columns": _names(columns_of(result)),
    }
    tables = (result.storage_table, shadow_table(result))
    return " UNION ALL ".join(one.format(**names, side=side, table=table) for side, table in enumerate(tables))


def _totals(result: Result, time_zone: str) -> str:
    sums = "countIf(_side = 0), countIf(_side = 1), sumIf(_hash, _side = 0), sumIf(_hash, _side = 1)"
    return f"SELECT _day, {sums} FROM ({_sides(result, time_zone)}) GROUP BY _day ORDER BY _day"  # noqa: S608 - our names


def _differences(result: Result, time_zone: str) -> str:
    """Key, day, whether it is live, whether it is in the shadow, version, the live row, the row of the shadow."""
    width = range(1, len(columns_of(result)) + 1)
    return _DIFFERENCES.format(
        key=_names(result.key),
        table=result.storage_table,
        sides=_sides(result, time_zone),
        cells=", ".join([f"_live.{number}" for number in width] + [f"_shadow.{number}" for number in width]),
    )


_DIFFERENCES: Final = """
SELECT {key}, _at, _in_live, _in_shadow, _newest, {cells}
FROM
(
    SELECT
        {key},
        argMax(_day, _side) AS _at,
        countIf(_side = 0) AS _in_live,
        countIf(_side = 1) AS _in_shadow,
        argMin(_row, _side) AS _live,
        argMax(_row, _side) AS _shadow
    FROM ({sides})
    GROUP BY {key}
    HAVING _in_live != _in_shadow OR sumIf(_hash, _side = 0) != sumIf(_hash, _side = 1)
) AS differing
LEFT JOIN (SELECT {key}, max(_version) AS _newest FROM `{table}` GROUP BY {key}) AS versions USING ({key})
ORDER BY _at, {key}
"""
