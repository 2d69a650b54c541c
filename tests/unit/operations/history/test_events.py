from __future__ import annotations

from datetime import date

import pytest

from lake.columns import to_table
from lake.manifest import Entry, read_manifest
from lake.reader import TimeRange
from lake.storage import Storage
from lake.writer import write_range
from operations.history.events import History, Part, check_lake_reaches_kafka, lake_part
from schemas.errors import ContractError
from schemas.offsets import OffsetRange, Partition
from tests.support.lake import START, make_events

HOUR_MS = 3_600_000
START_MS = round(START.timestamp() * 1000)


def write(storage: Storage, first: int, count: int, partition: int) -> Entry:
    events = list(make_events(first, count))
    table = to_table(events, "events", partition, range(first, first + count), [0] * count)
    return write_range(
        storage, OffsetRange(Partition("events", partition), first, first + count - 1), first + count, table
    )


def ids_by_day(history: History, times: TimeRange) -> dict[date, list[str]]:
    return {day: table.column("event_id").to_pylist() for day, table in history.days(times)}


def test_days_come_in_the_order_of_their_events_whatever_partition_held_them(storage: Storage) -> None:
    entries = [write(storage, 4, 2, partition=0), write(storage, 0, 4, partition=1)]
    history = History(tuple(Part(storage, e.offsets, f) for e in entries for f in e.files), {})
    assert ids_by_day(history, TimeRange()) == {
        date(2026, 1, 5): ["e-0000", "e-0001", "e-0002"],
        date(2026, 1, 6): ["e-0003", "e-0004", "e-0005"],
    }
    bounds = TimeRange(START_MS + HOUR_MS, START_MS + 2 * HOUR_MS)
    assert ids_by_day(history, bounds) == {date(2026, 1, 5): ["e-0002"], date(2026, 1, 6): ["e-0003"]}
    assert history.rows(bounds) == 4


def test_of_the_lake_what_lies_before_an_offset_is_taken(storage: Storage) -> None:
    write(storage, 0, 4, partition=0)
    write(storage, 4, 4, partition=0)
    write(storage, 0, 2, partition=1)
    parts = lake_part(storage, read_manifest(storage), {0: 6, 1: 0})
    assert [each for _, table in parts for each in table.column("event_id").to_pylist()] == [
        f"e-{number:04}" for number in range(6)
    ]


def test_events_that_are_in_neither_are_told_by_their_offsets() -> None:
    check_lake_reaches_kafka(0, in_lake=10, in_kafka=10)
    with pytest.raises(ContractError, match="The records 10 to 14 of events-0 are gone"):
        check_lake_reaches_kafka(0, in_lake=10, in_kafka=15)
