"""Where reading a partition begins."""

from __future__ import annotations

from dataclasses import dataclass

from schemas.errors import ConfigurationError
from schemas.offsets import OffsetRange, Partition


@dataclass(frozen=True, slots=True)
class Start:
    """Where reading a partition begins.

    Attributes:
        position: The first offset to read.
        pending: The range that was prepared and not committed; it begins at ``position``.
        lost: How many offsets before ``position`` Kafka no longer holds, unread, where that is accepted.
    """

    position: int
    pending: OffsetRange | None = None
    lost: int = 0


def start_at(store: str, partition: Partition, committed: int | None, metadata: str, low: int, high: int) -> Start:
    """Where reading begins.

    Args:
        store: What messages call the store.
        partition: The partition.
        committed: The committed offset, or what the store says in its place; None to begin at the beginning.
        metadata: What was committed with it: the range that was prepared; "" for none.
        low: The first offset that Kafka still holds.
        high: The offset behind its last record.

    Raises:
        ConfigurationError: The store is ahead of the topic: Kafka was emptied, and the store was not.
        ContractError: The metadata is not ours.
    """
    if committed is None:
        return Start(low)
    if committed > high:
        message = (
            f"{store} already holds the records before offset {committed} of {partition}, which ends at {high}: Kafka "
            f"was emptied and {store} was not. Empty both, or give this shop another store."
        )
        raise ConfigurationError(message)
    pending = OffsetRange.from_metadata(partition, metadata) if metadata else None
    return Start(max(committed, low), pending, max(0, low - committed))
