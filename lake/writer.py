"""Writes a range of records as files by day and an entry of the manifest."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from lake.columns import EVENT_TIME
from lake.manifest import DataFile, Entry
from lake.storage import Storage
from schemas.offsets import OffsetRange

DAY_MS: Final = 86_400_000
_PARQUET: Final = {"compression": "zstd", "compression_level": 1, "version": "2.6", "write_statistics": True}


def write_range(storage: Storage, offsets: OffsetRange, next_offset: int, table: pa.Table) -> Entry:
    """Write the records of a range: files first, then the entry that makes them count.

    To be repeated when it raises; the same records give the same files.

    Args:
        storage: The lake's.
        offsets: The range.
        next_offset: Where reading goes on behind it.
        table: Its records, in the order of their offsets, columns as ``lake.columns.SCHEMA``.

    Raises:
        DependencyUnavailable: The store does not take them.
    """
    files = tuple(write_file(storage, file_name(day, str(offsets)), day, part) for day, part in by_day(table))
    entry = Entry(offsets, next_offset, files)
    storage.write(entry.name, entry.to_json())
    return entry


def file_name(day: date, stem: str) -> str:
    """Name of the file that holds a range's events of one day."""
    return f"dt={day.isoformat()}/{stem}.parquet"


def write_file(storage: Storage, name: str, day: date, table: pa.Table) -> DataFile:
    """Write one file and say what is in it."""
    out = pa.BufferOutputStream()
    pq.write_table(table, out, **_PARQUET)
    content = out.getvalue()
    storage.write(name, content)
    times = _event_times(table)
    return DataFile(
        name=name,
        day=day,
        rows=len(table),
        size_bytes=content.size,
        sha256=hashlib.sha256(content).hexdigest(),
        first_ms=int(times.min()),
        last_ms=int(times.max()),
    )


def by_day(table: pa.Table) -> Iterator[tuple[date, pa.Table]]:
    """The events of each UTC day, the days and the events of each in their order."""
    days = _event_times(table) // DAY_MS
    distinct = np.unique(days)
    if len(distinct) == 1:
        yield _day(distinct[0]), table
        return
    for day in distinct:
        yield _day(day), table.take(pa.array(np.flatnonzero(days == day)))


def _day(number: Any) -> date:
    return datetime.fromtimestamp(int(number) * DAY_MS / 1000, UTC).date()


def _event_times(table: pa.Table) -> np.ndarray[Any, np.dtype[np.int64]]:
    times: np.ndarray[Any, np.dtype[np.int64]] = table.column(EVENT_TIME).cast(pa.int64()).to_numpy()
    return times
