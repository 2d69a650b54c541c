"""Ranges of offsets, and where reading a partition begins."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import NamedTuple

from schemas.errors import ConfigurationError, ContractError


class Partition(NamedTuple):
    """One partition of a topic."""

    topic: str
    number: int

    def __str__(self) -> str:
        return f"{self.topic}-{self.number}"


@dataclass(frozen=True, slots=True)
class OffsetRange:
    """The records of one partition from ``first`` to ``last``, both included."""

    partition: Partition
    first: int
    last: int

    @property
    def token(self) -> str:
        """``topic-partition-first-last``: the de-duplication token of the range's insert.

        The tables take a row's version from its last but one part, see ``schemas/clickhouse/0002_sales_daily.sql``.
        """
        return f"{self.partition}-{self.first}-{self.last}"

    def to_metadata(self) -> str:
        """The range as metadata of a committed offset."""
        return json.dumps({"first": self.first, "last": self.last})

    @classmethod
    def from_metadata(cls, partition: Partition, metadata: str) -> OffsetRange:
        """The range that ``to_metadata`` wrote.

        Raises:
            ContractError: Another program wrote the metadata.
        """
        try:
            found = json.loads(metadata)
            return cls(partition, int(found["first"]), int(found["last"]))
        except (ValueError, KeyError, TypeError) as error:
            message = (
                f"The offset committed for {partition} carries {metadata!r}, which this sink did not write. "
                "Does another program use its consumer group?"
            )
            raise ContractError(message) from error


@dataclass(frozen=True, slots=True)
class Start:
    """Where reading a partition begins.

    Attributes:
        position: The first offset to read.
        pending: The range that was written down and not finished; it begins at ``position``.
        lost: How many offsets before ``position`` Kafka no longer holds, unread, where that is accepted.
    """

    position: int
    pending: OffsetRange | None = None
    lost: int = 0


def start_at(partition: Partition, committed: int | None, metadata: str, low: int, high: int) -> Start:
    """Where reading begins.

    Args:
        partition: The partition.
        committed: The committed offset, or what the table says in its place; None to begin at the beginning.
        metadata: What was committed with it; "" for a finished range.
        low: The first offset that Kafka still holds.
        high: The offset behind its last record.

    Raises:
        ConfigurationError: The table is ahead of the topic: Kafka was emptied, and ClickHouse was not.
        ContractError: The metadata is not ours.
    """
    if committed is None:
        return Start(low)
    if committed > high:
        message = (
            f"ClickHouse already holds the records before offset {committed} of {partition}, which ends at {high}: "
            "Kafka was emptied and ClickHouse was not. Empty both, or give this shop another database."
        )
        raise ConfigurationError(message)
    pending = OffsetRange.from_metadata(partition, metadata) if metadata else None
    return Start(max(committed, low), pending, max(0, low - committed))
