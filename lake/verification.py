"""Are the lake's files what its manifest says, and is every event in it once?"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from lake.columns import EVENT_ID, OFFSET, PARTITION, TOPIC, to_current
from lake.manifest import FOLDER, DataFile, Entry, read_manifest
from lake.storage import Storage
from lake.writer import by_day
from schemas.offsets import OffsetRange


@dataclass(slots=True)
class DayReport:
    """One day of the lake.

    Attributes:
        day: The UTC day.
        files: Its files.
        rows: Its events.
        size_bytes: Bytes of its files.
        fingerprint: Of the set of its events: the same set gives the same one, however it is spread over files.
        problems: What is wrong, in words.
    """

    day: date
    files: int = 0
    rows: int = 0
    size_bytes: int = 0
    fingerprint: str = ""
    problems: list[str] = field(default_factory=list)


def days_of(entries: list[Entry]) -> dict[date, list[tuple[OffsetRange, DataFile]]]:
    """The files of each day with the ranges that they belong to."""
    days: dict[date, list[tuple[OffsetRange, DataFile]]] = {}
    for entry in entries:
        for file in entry.files:
            days.setdefault(file.day, []).append((entry.offsets, file))
    return dict(sorted(days.items()))


def summary(entries: list[Entry]) -> list[DayReport]:
    """What the manifest says of each day; no file is opened."""
    return [
        DayReport(day, len(files), sum(f.rows for _, f in files), sum(f.size_bytes for _, f in files))
        for day, files in days_of(entries).items()
    ]


def verify(storage: Storage, entries: list[Entry]) -> Iterator[DayReport]:
    """Read every file and compare it with the manifest, day by day.

    Raises:
        DependencyUnavailable: The store does not answer.
    """
    for files, report in zip(days_of(entries).values(), summary(entries), strict=True):
        tables = [table for offsets, file in files if (table := _checked(storage, offsets, file, report)) is not None]
        _check_ids(tables, report)
        report.fingerprint = fingerprint(tables)
        yield report


def strays(storage: Storage) -> list[str]:
    """Files under the lake's root that no entry names: a writer may be at work on them, or died over them."""
    named = {file.name for entry in read_manifest(storage) for file in entry.files}
    return [name for name in storage.names() if not name.startswith(FOLDER) and name not in named]


def fingerprint(tables: list[pa.Table]) -> str:
    """SHA-256 over the ids of the events in their order, in hexadecimal."""
    ids = sorted(each for table in tables for each in table.column(EVENT_ID).to_pylist())
    return hashlib.sha256("\n".join(ids).encode()).hexdigest()


def _checked(storage: Storage, written: OffsetRange, file: DataFile, report: DayReport) -> pa.Table | None:
    try:
        content = storage.read(file.name)
    except FileNotFoundError:
        report.problems.append(f"{file.name} is missing")
        return None
    if hashlib.sha256(content).hexdigest() != file.sha256:
        report.problems.append(f"{file.name} is not the file that was written: its checksum differs")
    try:
        table = to_current(pq.read_table(pa.BufferReader(content)))
    except (pa.ArrowException, OSError) as error:
        report.problems.append(f"{file.name} cannot be read: {error}")
        return None
    report.problems += [f"{file.name} {problem}" for problem in _problems(table, written, file)]
    return table


def _problems(table: pa.Table, written: OffsetRange, file: DataFile) -> Iterator[str]:
    if len(table) != file.rows:
        yield f"has {len(table)} events, and the manifest says {file.rows}"
    if [day for day, _ in by_day(table)] != [file.day]:
        yield "has events of another day"
    for column, value in ((TOPIC, written.partition.topic), (PARTITION, written.partition.number)):
        if pc.unique(table.column(column)).to_pylist() != [value]:
            yield f"has records of another {column.removeprefix('kafka_')}"
    offsets: Any = table.column(OFFSET)
    if pc.min(offsets).as_py() < written.first or pc.max(offsets).as_py() > written.last:
        yield "has records outside its range"


def _check_ids(tables: list[pa.Table], report: DayReport) -> None:
    if not tables:
        return
    ids = pa.concat_tables([table.select([EVENT_ID]) for table in tables]).column(EVENT_ID)
    if repeated := len(ids) - len(pc.unique(ids)):
        report.problems.append(f"dt={report.day} has {repeated} events more than once")
