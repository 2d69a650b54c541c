"""All events there are, each once: what the lake holds, then what Kafka holds beyond it."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import date
from itertools import islice
from typing import Final

import pyarrow as pa
from confluent_kafka import Message

from connections.kafka import CommittedRecords
from connections.registry import SchemaRegistry
from lake.columns import EVENT_TIME, OFFSET, PARTITION
from lake.manifest import DataFile, Entry, ends, read_manifest
from lake.reader import EVER, TimeRange, before, read_table
from lake.storage import Storage, lake_storage
from lake.writer import write_range
from schemas.errors import ContractError
from schemas.offsets import OffsetRange, Partition
from schemas.settings import Settings
from schemas.topics import EVENTS
from sinks.lake.records import EventTables

TAIL_ROWS: Final = 100_000
"""Records of Kafka that are in memory at once."""

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Part:
    """A file of events, and where it lies."""

    storage: Storage
    offsets: OffsetRange
    file: DataFile

    def read(self) -> pa.Table:
        """Its events."""
        return read_table(self.storage, self.file)


@dataclass(frozen=True, slots=True)
class History:
    """Every event up to a fixed offset of each partition.

    Attributes:
        parts: The files that hold them.
        end: Partition of ``events`` -> the offset at which it ends.
    """

    parts: tuple[Part, ...]
    end: dict[int, int]

    def days(self, times: TimeRange = EVER) -> Iterator[tuple[date, pa.Table]]:
        """The events of each UTC day, in the order of their times; of equal ones in that of Kafka.

        A day is in memory at once.
        """
        by_day: dict[date, list[Part]] = {}
        for part in self.parts:
            if times.meets(part.file.first_ms, part.file.last_ms):
                by_day.setdefault(part.file.day, []).append(part)
        for day, parts in sorted(by_day.items()):
            table = times.cut(pa.concat_tables([part.read() for part in parts]))
            yield day, table.sort_by([(EVENT_TIME, "ascending"), (PARTITION, "ascending"), (OFFSET, "ascending")])

    def rows(self, times: TimeRange = EVER) -> int:
        """How many events the files of a range of time hold, at the least those that lie in it."""
        return sum(part.file.rows for part in self.parts if times.meets(part.file.first_ms, part.file.last_ms))


@contextmanager
def history(settings: Settings, progress: Progress = lambda _: None) -> Iterator[History]:
    """Every event that is in the lake or in Kafka now; what comes later is not in it.

    Raises:
        ContractError: Events are in neither, or the lake is not as it must be.
        DependencyUnavailable: Kafka, the registry or the lake does not answer.
    """
    storage = lake_storage(settings)
    entries = read_manifest(storage)
    in_lake = ends_in_lake(entries)
    with (
        tempfile.TemporaryDirectory(prefix="shopstream-history-") as directory,
        closing(SchemaRegistry.of(settings)) as registry,
        CommittedRecords(settings) as records,
    ):
        spool = Storage(f"file://{directory}")
        tables = EventTables(registry)
        end: dict[int, int] = {}
        parts = list(_parts(storage, entries))
        for partition in records.partitions(EVENTS):
            low, high = records.bounds(EVENTS, partition)
            start = in_lake.get(partition, 0)
            check_lake_reaches_kafka(partition, start, low)
            progress(f"Reading {EVENTS}-{partition} from offset {start:,} ...")
            parts += _parts(spool, _spooled(spool, tables, records, partition, start, high))
            end[partition] = max(start, high)
        yield History(tuple(parts), end)


def check_lake_reaches_kafka(partition: int, in_lake: int, in_kafka: int) -> None:
    """Check that Kafka still holds what the lake does not.

    Raises:
        ContractError: Kafka has deleted it.
    """
    if in_kafka > in_lake:
        message = (
            f"The records {in_lake} to {in_kafka - 1} of {EVENTS}-{partition} are gone: Kafka has deleted them, and "
            "the lake ends before them. Did the lake's sink run, and is SHOP_TOPIC_RETENTION_SECONDS long enough?"
        )
        raise ContractError(message)


def ends_in_lake(entries: Iterable[Entry]) -> dict[int, int]:
    """Partition of ``events`` -> the offset from which on the lake holds nothing."""
    return {partition.number: end for partition, end in ends(entries).items() if partition.topic == EVENTS}


def lake_part(storage: Storage, entries: Iterable[Entry], end: dict[int, int]) -> Iterator[tuple[Part, pa.Table]]:
    """The events of the lake with offsets below ``end`` of their partition, range by range."""
    for part in _parts(storage, entries):
        limit = end.get(part.offsets.partition.number, 0)
        if part.offsets.first < limit:
            table = part.read()
            yield part, table if part.offsets.last < limit else before(table, limit)


def _parts(storage: Storage, entries: Iterable[Entry]) -> Iterator[Part]:
    return (Part(storage, entry.offsets, file) for entry in entries for file in entry.files)


def _spooled(
    spool: Storage, tables: EventTables, records: CommittedRecords, partition: int, start: int, end: int
) -> list[Entry]:
    """Records of Kafka as files in a directory of their own."""
    entries = []
    messages = records.read(EVENTS, partition, start, end)
    while batch := list(islice(messages, TAIL_ROWS)):
        entries.append(_write(spool, tables, partition, batch))
    return entries


def _write(spool: Storage, tables: EventTables, partition: int, batch: list[Message]) -> Entry:
    offsets = [message.offset() or 0 for message in batch]
    values, timestamps = [message.value() or b"" for message in batch], [message.timestamp()[1] for message in batch]
    table = tables.table(values, EVENTS, partition, offsets, timestamps)
    return write_range(
        spool, OffsetRange(Partition(EVENTS, partition), offsets[0], offsets[-1]), offsets[-1] + 1, table
    )
