"""Merges the small files of neighbouring ranges.

A run of ranges of one partition becomes one range with one file a day. The new entry contains the old ones, so it
supersedes them the moment it appears; then they and their files are deleted, which the next run catches up with should
this one be interrupted. One compaction at a time; the sink may go on meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

import pyarrow as pa

from lake.manifest import DataFile, Entry, entry_name, read_manifest, superseded
from lake.reader import read_table
from lake.storage import Storage
from lake.writer import file_name, write_file
from schemas.offsets import OffsetRange

TARGET_ROWS: Final = 1_000_000
"""Events of one range at the most; a larger one is left as it is."""


@dataclass(frozen=True, slots=True)
class Compacted:
    """What a compaction did.

    Attributes:
        ranges_before: Ranges that the lake held.
        ranges_after: Ranges that it holds.
        files_before: Their files.
        files_after: Their files now.
    """

    ranges_before: int
    ranges_after: int
    files_before: int
    files_after: int


def compact(storage: Storage, target_rows: int = TARGET_ROWS) -> Compacted:
    """Merge what can be merged, and delete what no longer counts.

    Raises:
        ContractError: The manifest or a file is not as it must be; nothing was lost.
        DependencyUnavailable: The store does not answer.
    """
    earlier = read_manifest(storage)
    for run in runs(earlier, target_rows):
        merge(storage, run)
    drop_superseded(storage)
    now = read_manifest(storage)
    return Compacted(len(earlier), len(now), _count_files(earlier), _count_files(now))


def runs(entries: Iterable[Entry], target_rows: int) -> Iterator[list[Entry]]:
    """Neighbouring ranges of one partition that together have at most ``target_rows``, two or more of them."""
    run: list[Entry] = []
    for entry in entries:
        belongs = bool(run) and run[-1].offsets.partition == entry.offsets.partition
        if not belongs or sum(each.rows for each in run) + entry.rows > target_rows:
            if len(run) > 1:
                yield run
            run = []
        run.append(entry)
    if len(run) > 1:
        yield run


def merge(storage: Storage, run: list[Entry]) -> Entry:
    """Write one range in place of several; they no longer count when this returns."""
    merged = replace(run[0].offsets, last=run[-1].offsets.last)
    files = tuple(_merge_day(storage, merged, day, parts) for day, parts in sorted(_by_day(run).items()))
    entry = Entry(merged, run[-1].next_offset, files)
    storage.write(entry.name, entry.to_json())
    return entry


def drop_superseded(storage: Storage) -> None:
    """Delete the entries that do not count any more, their files first."""
    counting = {file.name for entry in read_manifest(storage) for file in entry.files}
    for entry in superseded(storage):
        for file in entry.files:
            if file.name not in counting:
                storage.delete(file.name)
        storage.delete(entry_name(entry.offsets))


def _merge_day(storage: Storage, offsets: OffsetRange, day: date, parts: list[DataFile]) -> DataFile:
    table = pa.concat_tables([read_table(storage, part) for part in parts]).combine_chunks()
    return write_file(storage, file_name(day, str(offsets)), day, table)


def _by_day(run: Iterable[Entry]) -> dict[date, list[DataFile]]:
    days: dict[date, list[DataFile]] = {}
    for entry in run:
        for file in entry.files:
            days.setdefault(file.day, []).append(file)
    return days


def _count_files(entries: Iterable[Entry]) -> int:
    return sum(len(entry.files) for entry in entries)
