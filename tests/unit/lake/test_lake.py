from __future__ import annotations

import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pyarrow as pa
import pytest

from lake.columns import to_table
from lake.compaction import TARGET_ROWS, compact, merge, runs
from lake.manifest import Entry, ends, read_manifest
from lake.reader import TimeRange, before, read_table
from lake.storage import Storage
from lake.verification import strays, summary, verify
from lake.writer import write_range
from schemas.errors import ConfigurationError, ContractError
from schemas.offsets import OffsetRange, Partition
from tests.support.lake import START, make_events


def write(storage: Storage, first: int, count: int, partition: int = 0) -> Entry:
    """A range whose offsets are the numbers of its events, with a marker behind it."""
    table = to_table(list(make_events(first, count)), "events", partition, range(first, first + count), [0] * count)
    return write_range(
        storage, OffsetRange(Partition("events", partition), first, first + count - 1), first + count + 1, table
    )


def ids(storage: Storage) -> list[str]:
    tables = [read_table(storage, file) for entry in read_manifest(storage) for file in entry.files]
    return sorted(pa.concat_tables(tables).column("event_id").to_pylist())


def expected_ids(count: int) -> list[str]:
    return [event["event_id"] for event in make_events(0, count)]


def test_a_range_is_written_by_day_and_counted(storage: Storage) -> None:
    entry = write(storage, 0, 6)
    assert [(file.name, file.rows) for file in entry.files] == [
        ("dt=2026-01-05/events-0-0-5.parquet", 3),
        ("dt=2026-01-06/events-0-0-5.parquet", 3),
    ]
    assert read_manifest(storage) == [entry]
    assert ends([entry]) == {("events", 0): 7}
    assert entry.files[0].first_ms == START.timestamp() * 1000


def test_writing_a_range_again_changes_nothing(storage: Storage, tmp_path: Path) -> None:
    first = write(storage, 0, 6)
    content = {path: path.read_bytes() for path in tmp_path.rglob("*.*") if path.is_file()}
    assert write(storage, 0, 6) == first
    assert {path: path.read_bytes() for path in tmp_path.rglob("*.*") if path.is_file()} == content


def test_files_without_an_entry_are_not_in_the_lake(storage: Storage) -> None:
    write(storage, 0, 2)
    storage.delete(write(storage, 2, 2).name)
    assert ids(storage) == expected_ids(2)
    assert strays(storage) == ["dt=2026-01-05/events-0-2-3.parquet", "dt=2026-01-06/events-0-2-3.parquet"]


def test_compaction_merges_ranges_and_keeps_every_event(storage: Storage) -> None:
    for first in (0, 4, 8):
        write(storage, first, 4)
    write(storage, 0, 4, partition=1)
    before_it = [report.fingerprint for report in verify(storage, read_manifest(storage))]
    done = compact(storage)
    assert (done.ranges_before, done.ranges_after, done.files_before, done.files_after) == (4, 2, 6, 4)
    assert [str(entry.offsets) for entry in read_manifest(storage)] == ["events-0-0-11", "events-1-0-3"]
    assert ends(read_manifest(storage)) == {("events", 0): 13, ("events", 1): 5}
    assert [report.fingerprint for report in verify(storage, read_manifest(storage))] == before_it
    assert strays(storage) == []
    assert compact(storage) == type(done)(2, 2, 4, 4)


def test_a_compaction_that_was_interrupted_counts_once_and_is_finished_by_the_next(storage: Storage) -> None:
    run = [write(storage, 0, 4), write(storage, 4, 4)]
    merged = merge(storage, run)
    assert read_manifest(storage) == [merged]
    assert ids(storage) == expected_ids(8)
    compact(storage)
    assert sorted(storage.names()) == sorted([merged.name, *(file.name for file in merged.files)])
    assert ids(storage) == expected_ids(8)


def test_large_ranges_are_left_alone(storage: Storage) -> None:
    entries = [write(storage, first, 4) for first in (0, 4, 8)]
    assert [[e.offsets.first for e in run] for run in runs(entries, target_rows=8)] == [[0, 4]]
    assert list(runs(entries, target_rows=4)) == []
    assert [len(run) for run in runs(entries, TARGET_ROWS)] == [3]


def test_ranges_that_overlap_are_refused(storage: Storage) -> None:
    write(storage, 0, 4)
    write(storage, 2, 4)
    with pytest.raises(ContractError, match="events-0-0-3 and events-0-2-5 overlap"):
        read_manifest(storage)


def damaged(storage: Storage, entry: Entry) -> Any:
    name = entry.files[0].name
    return {
        "missing": lambda: storage.delete(name),
        "another": lambda: storage.write(name, storage.read(entry.files[1].name)),
        "junk": lambda: storage.write(name, b"PAR1"),
    }


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        ("missing", ["is missing"]),
        ("another", ["its checksum differs", "another day"]),
        ("junk", ["its checksum differs", "cannot be read"]),
    ],
)
def test_verify_tells_a_damaged_file(storage: Storage, damage: str, words: list[str]) -> None:
    entry = write(storage, 0, 6)
    assert [report.problems for report in verify(storage, [entry])] == [[], []]
    damaged(storage, entry)[damage]()
    first, second = verify(storage, [entry])
    assert all(any(word in problem for problem in first.problems) for word in words), first.problems
    assert second.problems == []


def test_verify_tells_events_that_are_there_twice(storage: Storage) -> None:
    write(storage, 0, 2)
    table = to_table(list(make_events(0, 2)), "events", 0, [10, 11], [0, 0])
    write_range(storage, OffsetRange(Partition("events", 0), 10, 11), 12, table)
    (report,) = verify(storage, read_manifest(storage))
    assert report.problems == ["dt=2026-01-05 has 2 events more than once"]


def test_a_summary_opens_no_file(storage: Storage) -> None:
    entry = write(storage, 0, 6)
    for file in entry.files:
        storage.delete(file.name)
    assert [(day.day, day.files, day.rows) for day in summary([entry])] == [
        (date(2026, 1, 5), 1, 3),
        (date(2026, 1, 6), 1, 3),
    ]


def test_tables_are_cut_by_time_and_by_offset(storage: Storage) -> None:
    entry = write(storage, 0, 3)
    table = read_table(storage, entry.files[0])
    start = round(START.timestamp() * 1000)
    assert TimeRange(start + 1, start + 3_600_000).cut(table).column("event_id").to_pylist() == ["e-0001"]
    assert before(table, 2).column("event_id").to_pylist() == ["e-0000", "e-0001"]
    assert TimeRange(start + 1, start + 2).meets(start, start) is False
    assert TimeRange(start, start + 1).meets(start, start) is True


def test_duckdb_and_pandas_read_it(storage: Storage, tmp_path: Path) -> None:
    write(storage, 0, 6)
    root = tmp_path / "a lake"
    by_day = duckdb.sql(
        f"SELECT dt, count(*), sum(value), sum(items[1].price * items[1].quantity), min(event_time), "
        f"count(properties['campaign']) FROM read_parquet('{root}/dt=*/*.parquet', union_by_name = true) "
        f"GROUP BY dt ORDER BY dt"
    ).fetchall()
    assert [(str(day), count, str(total), str(lines), n) for day, count, total, lines, _, n in by_day] == [
        ("2026-01-05", 3, "59.9700", "59.9700", 1),
        ("2026-01-06", 3, "59.9700", "59.9700", 2),
    ]
    assert by_day[0][4] == START
    frame = pd.read_parquet(root / "dt=2026-01-05" / "events-0-0-5.parquet")
    assert list(frame["event_id"]) == ["e-0000", "e-0001", "e-0002"]
    assert str(frame["value"].sum()) == "59.9700"
    assert frame["items"][0][0]["product_id"] == "p-1"


def test_clickhouse_reads_it(storage: Storage, tmp_path: Path) -> None:
    write(storage, 0, 6)
    query = (
        "SELECT toDate(event_time), count(), sum(value), "
        "sum(arraySum(item -> assumeNotNull(item.price * item.quantity), items)), "
        f"countIf(properties['campaign'] = 'winter') FROM file('{tmp_path}/a lake/dt=*/*.parquet', Parquet) "
        "GROUP BY 1 ORDER BY 1"
    )
    program = f"import chdb; print(chdb.query({query!r}, 'CSV'), end='')"  # a process of its own, as the engine wants
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=120)
    assert done.stdout.splitlines() == ['"2026-01-05",3,59.97,59.97,1', '"2026-01-06",3,59.97,59.97,2']


def test_an_unknown_kind_of_store_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="file:///directory or s3://bucket/prefix"):
        Storage("ftp://host/lake")


def test_an_object_store_is_told_by_its_url() -> None:
    storage = Storage("s3://bucket/shop/lake?endpoint_override=127.0.0.1:9000&scheme=http&region=eu-west-1")
    assert storage.location("dt=2026-01-05/a.parquet") == "s3://bucket/shop/lake/dt=2026-01-05/a.parquet"
