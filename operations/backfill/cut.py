"""Where a backfill ends, and what has changed since.

The ends of the result topics are read first and those of ``events`` after them. So a row that an event beyond the cut
changed has a record at or behind that end of its topic: rows without one are as the events of the cut made them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from connections.kafka import CommittedRecords
from connections.registry import SchemaRegistry
from operations.history.gather import Bounds, event_bounds
from schemas.offsets import Partition
from schemas.results import Result
from schemas.settings import Settings
from sinks.core.framing import FramedDecoder

Key = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Cut:
    """Where history ends for one backfill.

    Attributes:
        results: Topic of a result and partition -> where it ended when the cut began.
        bounds: Of ``events``: history ends where they do.
    """

    results: Mapping[Partition, int]
    bounds: Bounds


def take_cut(settings: Settings, results: Iterable[Result]) -> Cut:
    """Cut history here and now.

    Raises:
        DependencyUnavailable: Kafka does not answer.
        ConfigurationError: A topic does not exist.
    """
    with CommittedRecords(settings) as records:
        ends = {
            Partition(result.topic, number): records.bounds(result.topic, number)[1]
            for result in results
            for number in records.partitions(result.topic)
        }
        return Cut(ends, event_bounds(records))


def changed_since(settings: Settings, cut: Cut, result: Result) -> set[Key]:
    """The keys of rows that the live job has written since the cut began.

    Raises:
        DependencyUnavailable: Kafka or the registry does not answer.
    """
    changed: set[Key] = set()
    with (
        CommittedRecords(settings) as records,
        closing(SchemaRegistry.of(settings)) as registry,
    ):
        keys = FramedDecoder(registry)
        for (topic, partition), start in cut.results.items():
            if topic != result.topic:
                continue
            _, end = records.bounds(topic, partition)
            for message in records.read(topic, partition, start, end):
                fields = keys.decode(message.key() or b"")
                changed.add(tuple(comparable(fields[name]) for name in result.key))
    return changed


def newest_version(settings: Settings, result: Result) -> int:
    """The largest version that a row of the result can have: the offsets of its topic are below their ends."""
    with CommittedRecords(settings) as records:
        return max(records.bounds(result.topic, p)[1] for p in records.partitions(result.topic)) - 1


def comparable(value: Any) -> Any:
    """A key's value as ClickHouse and Avro agree on it: an instant as epoch milliseconds."""
    return round(value.timestamp() * 1000) if isinstance(value, datetime) else value
