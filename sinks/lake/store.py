"""A batch as files of the lake."""

from __future__ import annotations

from connections.errors import BatchRefused
from connections.registry import SchemaRegistry
from lake.columns import to_table
from lake.manifest import Span, ends, read_manifest, spans
from lake.storage import Storage
from lake.writer import write_range
from schemas.errors import ContractError
from sinks.core.batches import Batch
from sinks.core.event_reader import EventReader
from sinks.core.ranges import OffsetRange, Partition


class LakeStore:
    """The lake, as the sink's loop wants a store.

    Args:
        storage: Where it lies.
        registry: Knows the schemas of the events.
    """

    def __init__(self, storage: Storage, registry: SchemaRegistry) -> None:
        self._storage = storage
        self._events = EventReader(registry)

    def insert(self, batch: Batch) -> None:
        """Write the batch; one that is in the lake, perhaps within a larger range by now, is left alone.

        Raises:
            BatchRefused: A record is no event.
            DependencyUnavailable: The lake or the registry does not answer.
        """
        span = span_of(batch.range)
        if any(each.covers(span) for each in spans(self._storage)):
            return
        try:
            events = [self._events.read(value) for value in batch.rows()]
            table = to_table(events, span.topic, span.partition, batch.offsets, batch.timestamps)
        except (ContractError, ValueError, EOFError, IndexError, TypeError) as error:
            raise BatchRefused(batch.range.token, "of the lake", repr(error)) from error
        write_range(self._storage, span, batch.next_offset, table)

    def end_of(self, partition: Partition) -> int | None:
        """The offset from which on the lake holds nothing of a partition; None when it holds nothing at all."""
        return ends(read_manifest(self._storage)).get((partition.topic, partition.number))


def span_of(offsets: OffsetRange) -> Span:
    """A range of the sink as one of the lake."""
    return Span(offsets.partition.topic, offsets.partition.number, offsets.first, offsets.last)
