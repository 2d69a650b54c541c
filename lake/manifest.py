"""The manifest: one entry for each range of offsets that the lake holds, with its files, counts and checksums."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, Final

from schemas.errors import ContractError
from schemas.offsets import OffsetRange, Partition

if TYPE_CHECKING:
    from lake.storage import Storage

FOLDER: Final = "_manifest"
_SUFFIX: Final = ".json"


@dataclass(frozen=True, slots=True)
class DataFile:
    """One Parquet file.

    Attributes:
        name: Its name under the lake's root: ``dt=<day>/<range>.parquet``.
        day: The UTC day of its events.
        rows: How many it has.
        size_bytes: Its size.
        sha256: Of its bytes, in hexadecimal.
        first_ms: The earliest event time in it, epoch milliseconds.
        last_ms: The latest.
    """

    name: str
    day: date
    rows: int
    size_bytes: int
    sha256: str
    first_ms: int
    last_ms: int


@dataclass(frozen=True, slots=True)
class Entry:
    """A range of offsets and the files that hold its events.

    Attributes:
        offsets: The range.
        next_offset: Where reading goes on: no event lies between the range and it.
        files: The files, one for each day, in their order.
    """

    offsets: OffsetRange
    next_offset: int
    files: tuple[DataFile, ...]

    @property
    def name(self) -> str:
        """Its name under the lake's root."""
        return entry_name(self.offsets)

    @property
    def rows(self) -> int:
        """Events of the range."""
        return sum(file.rows for file in self.files)

    def to_json(self) -> bytes:
        """The entry as it is stored."""
        content: dict[str, Any] = {
            "span": [*self.offsets.partition, self.offsets.first, self.offsets.last],
            "next_offset": self.next_offset,
            "files": [asdict(file) for file in self.files],
        }
        return json.dumps(content, indent=1, default=date.isoformat).encode()

    @classmethod
    def from_json(cls, name: str, text: bytes) -> Entry:
        """The entry that ``to_json`` wrote.

        Raises:
            ContractError: Something else is stored under that name.
        """
        try:
            content = json.loads(text)
            topic, number, first, last = content["span"]
            files = (DataFile(**{**file, "day": date.fromisoformat(file["day"])}) for file in content["files"])
            return cls(OffsetRange(Partition(topic, number), first, last), content["next_offset"], tuple(files))
        except (ValueError, KeyError, TypeError) as error:
            message = f"{name} is no entry of the lake's manifest: {error!r}. Was it changed by hand?"
            raise ContractError(message) from error


def entry_name(offsets: OffsetRange) -> str:
    """Name of the entry of a range."""
    return f"{FOLDER}/{offsets}{_SUFFIX}"


def read_manifest(storage: Storage) -> list[Entry]:
    """The entries that count, by topic, partition and offset.

    An entry within another one has been superseded by it: compaction was interrupted before it deleted it.

    Raises:
        ContractError: An entry cannot be read, or two of them overlap.
        DependencyUnavailable: The store does not answer.
    """
    return _in_force(_read(storage, name) for name in storage.names(FOLDER) if name.endswith(_SUFFIX))


def stored_ranges(storage: Storage) -> list[OffsetRange]:
    """The ranges that there are entries of, by their names alone.

    Raises:
        ContractError: A name is that of no entry.
        DependencyUnavailable: The store does not answer.
    """
    return [OffsetRange.parse(PurePosixPath(name).stem) for name in storage.names(FOLDER)]


def superseded(storage: Storage) -> list[Entry]:
    """The entries that do not count any more."""
    everything = [_read(storage, name) for name in storage.names(FOLDER) if name.endswith(_SUFFIX)]
    counting = {entry.offsets for entry in _in_force(everything)}
    return [entry for entry in everything if entry.offsets not in counting]


def ends(entries: Iterable[Entry]) -> dict[Partition, int]:
    """Partition -> the offset from which on the lake holds nothing."""
    ends: dict[Partition, int] = {}
    for entry in entries:
        partition = entry.offsets.partition
        ends[partition] = max(ends.get(partition, 0), entry.next_offset)
    return ends


def _read(storage: Storage, name: str) -> Entry:
    return Entry.from_json(name, storage.read(name))


def _in_force(entries: Iterable[Entry]) -> list[Entry]:
    widest_first = sorted(
        entries, key=lambda entry: (entry.offsets.partition, entry.offsets.first, -entry.offsets.last)
    )
    counting: list[Entry] = []
    for entry in widest_first:
        before = counting[-1].offsets if counting else None
        if before is not None and before.covers(entry.offsets):
            continue
        if before is not None and before.partition == entry.offsets.partition and entry.offsets.first <= before.last:
            message = f"The lake's ranges {before} and {entry.offsets} overlap: events would count twice."
            raise ContractError(message)
        counting.append(entry)
    return counting
