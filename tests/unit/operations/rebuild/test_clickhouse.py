from __future__ import annotations

from datetime import date
from pathlib import Path

import pyarrow as pa

from lake.manifest import DataFile
from lake.storage import Storage
from operations.history.events import Part
from operations.rebuild.clickhouse import gathered, reaching, token_of
from schemas.offsets import OffsetRange, Partition


def part(storage: Storage, partition: int, first: int, last: int, rows: int) -> tuple[Part, pa.Table]:
    file = DataFile("f", date(2026, 1, 5), rows, 1, "", 0, 0)
    return Part(storage, OffsetRange(Partition("events", partition), first, last), file), pa.table(
        {"n": pa.array([first] * rows, pa.int64())}
    )


def test_small_files_are_gathered_partition_by_partition(tmp_path: Path) -> None:
    storage = Storage(f"file://{tmp_path}")
    parts = [
        part(storage, 0, 0, 4, 3),
        part(storage, 0, 0, 4, 2),
        part(storage, 0, 5, 9, 1),
        part(storage, 1, 0, 9, 1),
        part(storage, 1, 10, 19, 0),
    ]
    batches = [(str(offsets), table.column("n").to_pylist()) for offsets, table in gathered(parts, rows=4)]
    assert batches == [("events-0-0-4", [0] * 5), ("events-0-5-9", [5]), ("events-1-0-19", [0])]


def test_inserts_of_one_range_have_tokens_of_their_own_that_end_with_its_last_offset() -> None:
    offsets = OffsetRange(Partition("events", 0), 0, 99)
    tokens = [token_of(offsets, number) for number in range(2)]
    assert tokens == ["events-0-lake0-0-99", "events-0-lake1-0-99"]


def test_the_last_range_of_a_partition_reaches_behind_the_marker_that_the_lake_has_read() -> None:
    partitions = [Partition("events", number) for number in range(2)]
    ranges = [OffsetRange(partitions[0], 0, 4), OffsetRange(partitions[0], 5, 9), OffsetRange(partitions[1], 0, 7)]
    reached = reaching(((offsets, pa.table({})) for offsets in ranges), {0: 12, 1: 8})
    assert [str(offsets) for offsets, _ in reached] == ["events-0-0-4", "events-0-5-11", "events-1-0-7"]
