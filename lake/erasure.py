"""Takes a person's events out of the lake.

Files with such events are written again without them, under names of their own; then the range's entry, which appears
at once, names those; then the old files are deleted, and those that an interrupted writer left behind. Ranges stay as
they are, an empty one among them: the lake knows that it has had those offsets. To be repeated when it is interrupted;
not while a compaction runs.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from lake.manifest import DataFile, read_manifest
from lake.reader import read_table
from lake.storage import Storage
from lake.verification import strays
from lake.writer import file_name, write_file
from schemas.offsets import OffsetRange

USER_ID = "user_id"


@dataclass(frozen=True, slots=True)
class Erased:
    """What was taken out: so many events of so many files."""

    events: int
    files: int


def count_user(storage: Storage, user_id: str) -> int:
    """How many events of a user the lake holds.

    Raises:
        ContractError: A file is not there.
        DependencyUnavailable: The store does not answer.
    """
    files = (file for entry in read_manifest(storage) for file in entry.files)
    return sum(pc.sum(_is_of(read_table(storage, file), user_id)).as_py() or 0 for file in files)


def erase_user(storage: Storage, user_id: str) -> Erased:
    """Take out every event of a user.

    Raises:
        ContractError: A file is not there.
        DependencyUnavailable: The store does not answer.
    """
    events = files = 0
    for entry in read_manifest(storage):
        rest = {file: _without(storage, entry.offsets, file, user_id) for file in entry.files}
        old = [file for file, kept in rest.items() if kept != file]
        if old:
            new = tuple(kept for kept in rest.values() if kept is not None)
            storage.write(entry.name, replace(entry, files=new).to_json())
            for file in old:
                storage.delete(file.name)
            events += entry.rows - sum(file.rows for file in new)
            files += len(old)
    for name in strays(storage):
        if _is_any_of(pq.read_table(pa.BufferReader(storage.read(name)), columns=[USER_ID]), user_id):
            storage.delete(name)
    return Erased(events, files)


def _without(storage: Storage, offsets: OffsetRange, file: DataFile, user_id: str) -> DataFile | None:
    """The file without a user's events; itself when it has none, None when it has no others."""
    table = read_table(storage, file)
    if not _is_any_of(table, user_id):
        return file
    kept = table.filter(pc.invert(_is_of(table, user_id)))
    if not len(kept):
        return None
    mark = hashlib.sha256(f"{file.sha256} {kept.num_rows}".encode()).hexdigest()[:8]
    return write_file(storage, file_name(file.day, f"{offsets}-{mark}"), file.day, kept)


def _is_of(table: pa.Table, user_id: str) -> pa.ChunkedArray:
    return pc.equal(table.column(USER_ID), user_id)


def _is_any_of(table: pa.Table, user_id: str) -> bool:
    return bool(pc.any(_is_of(table, user_id)).as_py())
