"""Partitions of Kafka's topics, and ranges of offsets: sinks commit them, and the lake's files are named by them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import NamedTuple

from schemas.errors import ContractError


class Partition(NamedTuple):
    """One partition of a topic."""

    topic: str
    number: int

    def __str__(self) -> str:
        return f"{self.topic}-{self.number}"

    @classmethod
    def parse(cls, text: str) -> Partition:
        """The partition whose text this is.

        Raises:
            ContractError: It is the text of none.
        """
        topic, _, number = text.rpartition("-")
        if not topic or not number.isdigit():
            message = f"{text!r} names no partition: topic-number."
            raise ContractError(message)
        return cls(topic, int(number))


@dataclass(frozen=True, slots=True, order=True)
class OffsetRange:
    """The records of one partition from ``first`` to ``last``, both included.

    Its text, ``topic-partition-first-last``, is the de-duplication token of an insert and the name of an entry of the
    lake's manifest. ClickHouse's tables take a row's version from the last but one part of the token, see
    ``schemas/result_tables.py``.
    """

    partition: Partition
    first: int
    last: int

    def __str__(self) -> str:
        return f"{self.partition}-{self.first}-{self.last}"

    @classmethod
    def parse(cls, text: str) -> OffsetRange:
        """The range whose text this is.

        Raises:
            ContractError: It is the text of none.
        """
        try:
            topic, number, first, last = text.rsplit("-", 3)
            return cls(Partition(topic, int(number)), int(first), int(last))
        except ValueError as error:
            message = f"{text} is no range of offsets: topic-partition-first-last."
            raise ContractError(message) from error

    def covers(self, other: OffsetRange) -> bool:
        """Whether every offset of the other one is in this one."""
        return self.partition == other.partition and self.first <= other.first and other.last <= self.last

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
            written = json.loads(metadata)
            return cls(partition, int(written["first"]), int(written["last"]))
        except (ValueError, KeyError, TypeError) as error:
            message = (
                f"The offset committed for {partition} carries {metadata!r}, which no sink wrote. "
                "Does another program use its consumer group?"
            )
            raise ContractError(message) from error
