"""The manifest: one entry for each range of offsets that the lake holds, with its files, counts and checksums."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import PurePosixPath
from typing import Final, NamedTuple

from lake.storage import Storage
from schemas.errors import ContractError

FOLDER: Final = "_manifest"
_SUFFIX: Final = ".json"


class Span(NamedTuple):
    """A range of offsets of one partition, both ends included."""

    topic: str
    partition: int
    first: int
    last: int

    def __str__(self) -> str:
        return f"{self.topic}-{self.partition}-{self.first}-{self.last}"

    @classmethod
    def parse(cls, text: str) -> Span:
        """The range whose text this is.

        Raises:
            ContractError: It is the text of none.
        """
        try:
            topic, partition, first, last = text.rsplit("-", 3)
            return cls(topic, int(partition), int(first), int(last))
        except ValueError as error:
            message = f"{text} is no range of offsets, as the names in the lake's manifest are."
            raise ContractError(message) from error

    def covers(self, other: Span) -> bool:
        """Whether every offset of the other one is in this one."""
        return self[:2] == other[:2] and self.first <= other.first and other.last <= self.last


@dataclass(frozen=True, slots=True)
class DataFile:
    """One Parquet file.

    Attributes:
        name: Its name under the lake's root: ``dt=<day>/<span>.parquet``.
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
        span: The range.
        next_offset: Where reading goes on: no event lies between the range and it.
        files: The files, one for each day, in their order.
    """

    span: Span
    next_offset: int
    files: tuple[DataFile, ...]

    @property
    def name(self) -> str:
        """Its name under the lake's root."""
        return entry_name(self.span)

    @property
    def rows(self) -> int:
        """Events of the range."""
        return sum(file.rows for file in self.files)

    def to_json(self) -> bytes:
        """The entry as it is stored."""
        return json.dumps(asdict(self), indent=1, default=date.isoformat).encode()

    @classmethod
    def from_json(cls, name: str, text: bytes) -> Entry:
        """The entry that ``to_json`` wrote.

        Raises:
            ContractError: Something else is stored under that name.
        """
        try:
            found = json.loads(text)
            files = (DataFile(**{**file, "day": date.fromisoformat(file["day"])}) for file in found["files"])
            return cls(Span(*found["span"]), found["next_offset"], tuple(files))
        except (ValueError, KeyError, TypeError) as error:
            message = f"{name} is no entry of the lake's manifest: {error!r}. Was it changed by hand?"
            raise ContractError(message) from error


def entry_name(span: Span) -> str:
    """Name of the entry of a range."""
    return f"{FOLDER}/{span}{_SUFFIX}"


def read_manifest(storage: Storage) -> list[Entry]:
    """The entries that count, by topic, partition and offset.

    An entry within another one has been superseded by it: compaction was interrupted before it deleted it.

    Raises:
        ContractError: An entry cannot be read, or two of them overlap.
        DependencyUnavailable: The store does not answer.
    """
    return _in_force(_read(storage, name) for name in storage.names(FOLDER) if name.endswith(_SUFFIX))


def spans(storage: Storage) -> list[Span]:
    """The ranges that there are entries of, by their names alone.

    Raises:
        ContractError: A name is that of no entry.
        DependencyUnavailable: The store does not answer.
    """
    return [Span.parse(PurePosixPath(name).stem) for name in storage.names(FOLDER)]


def superseded(storage: Storage) -> list[Entry]:
    """The entries that do not count any more."""
    everything = [_read(storage, name) for name in storage.names(FOLDER) if name.endswith(_SUFFIX)]
    counting = {entry.span for entry in _in_force(everything)}
    return [entry for entry in everything if entry.span not in counting]


def ends(entries: Iterable[Entry]) -> dict[tuple[str, int], int]:
    """Topic and partition -> the offset from which on the lake holds nothing."""
    found: dict[tuple[str, int], int] = {}
    for entry in entries:
        place = entry.span[:2]
        found[place] = max(found.get(place, 0), entry.next_offset)
    return found


def _read(storage: Storage, name: str) -> Entry:
    return Entry.from_json(name, storage.read(name))


def _in_force(entries: Iterable[Entry]) -> list[Entry]:
    widest_first = sorted(entries, key=lambda entry: (*entry.span[:3], -entry.span.last))
    counting: list[Entry] = []
    for entry in widest_first:
        before = counting[-1].span if counting else None
        if before is not None and before.covers(entry.span):
            continue
        if before is not None and before[:2] == entry.span[:2] and entry.span.first <= before.last:
            message = f"The lake's ranges {before} and {entry.span} overlap: events would count twice."
            raise ContractError(message)
        counting.append(entry)
    return counting
