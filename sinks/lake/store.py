"""A batch as files of the lake."""

from __future__ import annotations

from connections.errors import BatchRefused
from connections.registry import SchemaRegistry
from lake.manifest import ends, read_manifest, stored_ranges
from lake.storage import Storage
from lake.writer import write_range
from schemas.errors import ContractError
from schemas.offsets import Partition
from sinks.core.batches import Batch
from sinks.lake.records import EventTables


class LakeStore:
    """The lake, as the sink's loop wants a store.

    Args:
        storage: Where it lies.
        registry: Knows the schemas of the events.
    """

    def __init__(self, storage: Storage, registry: SchemaRegistry) -> None:
        self._storage = storage
        self._events = EventTables(registry)

    def insert(self, batch: Batch) -> None:
        """Write the batch; one that is in the lake, perhaps within a larger range by now, is left alone.

        Raises:
            BatchRefused: A record is no event.
            DependencyUnavailable: The lake or the registry does not answer.
        """
        if any(stored.covers(batch.range) for stored in stored_ranges(self._storage)):
            return
        try:
            table = self._events.table(batch.rows(), *batch.range.partition, batch.offsets, batch.timestamps)
        except (ContractError, ValueError, TypeError) as error:
            raise BatchRefused("The lake", str(batch.range), repr(error)) from error
        write_range(self._storage, batch.range, batch.next_offset, table)

    def end_of(self, partition: Partition) -> int | None:
        """The offset from which on the lake holds nothing of a partition; None when it holds nothing at all."""
        return ends(read_manifest(self._storage)).get(partition)
