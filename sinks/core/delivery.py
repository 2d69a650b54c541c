"""The three steps that bring a batch over exactly once; ``sinks/clickhouse/__init__.py`` says why they do."""

from __future__ import annotations

from typing import Protocol

from sinks.core.batches import Batch
from sinks.core.ranges import OffsetRange, Partition


class Ledger(Protocol):
    """Where offsets are kept. Both calls may be repeated; both say whether this process still owns the partition.

    Raises:
        DependencyUnavailable: It is not known whether the call did anything: repeat it.
    """

    def write_down(self, span: OffsetRange) -> bool:
        """Keep the range that will be inserted next."""

    def finish(self, partition: Partition, next_offset: int) -> bool:
        """Keep that everything before ``next_offset`` is in the store."""


class Store(Protocol):
    """Where rows go. A repeated batch is the same rows with the same token, and changes nothing.

    Raises:
        DependencyUnavailable: It is not known whether the rows are in: repeat it.
        BatchRefused: The store does not take these rows.
    """

    def insert(self, batch: Batch) -> None:
        """Insert the batch."""


def deliver(batch: Batch, ledger: Ledger, store: Store) -> bool:
    """Bring one batch over; to be repeated from its beginning when a step raises.

    Returns:
        False when another process owns the partition by now: it will send the range, or has.
    """
    if not ledger.write_down(batch.range):
        return False
    store.insert(batch)
    return ledger.finish(batch.range.partition, batch.next_offset)
