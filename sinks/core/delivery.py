"""The three steps that bring a batch over exactly once; ``sinks/core/__init__.py`` says why they do."""

from __future__ import annotations

from typing import Protocol

from schemas.offsets import OffsetRange, Partition
from sinks.core.batches import Batch


class OffsetStore(Protocol):
    """Where offsets are kept. Both calls may be repeated; both say whether this process still owns the partition.

    Raises:
        DependencyUnavailable: It is not known whether the call did anything: repeat it.
    """

    def prepare(self, offsets: OffsetRange) -> bool:
        """Keep the range that will be inserted next: it is prepared."""

    def commit(self, partition: Partition, next_offset: int) -> bool:
        """Keep that everything before ``next_offset`` is in the store."""


class Store(Protocol):
    """Where rows go. A repeated batch is the same rows with the same token, and changes nothing.

    Raises:
        DependencyUnavailable: It is not known whether the rows are in: repeat it.
        BatchRefused: The store does not take these rows.
    """

    def insert(self, batch: Batch) -> None:
        """Insert the batch."""


def deliver(batch: Batch, offsets: OffsetStore, store: Store) -> bool:
    """Bring one batch over; to be repeated from its beginning when a step raises.

    Returns:
        False when another process owns the partition by now: it will send the range, or has.
    """
    if not offsets.prepare(batch.range):
        return False
    store.insert(batch)
    return offsets.commit(batch.range.partition, batch.next_offset)
