"""Which events a job reads whose input ends, and where each of them comes from."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

from connections.errors import RecordsDeleted
from connections.kafka import CommittedRecords, KafkaAddress
from schemas.topics import EVENTS

REMEDY: Final = "Run it again with --from-lake: what Kafka may delete meanwhile then comes from the lake."


@dataclass(frozen=True, slots=True)
class BoundedEvents:
    """Every event up to a fixed offset of each partition.

    Attributes:
        lake_topic: The topic that carries the events which come from the lake; "" for none.
        from_offsets: Partition of ``events`` -> the first offset that is read there.
        to_offsets: Partition of ``events`` -> the offset at which reading ends.
    """

    lake_topic: str
    from_offsets: Mapping[int, int]
    to_offsets: Mapping[int, int]

    def to_json(self) -> str:
        """The same as a program's argument."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> BoundedEvents:
        """What ``to_json`` wrote."""
        return cls.from_object(json.loads(text))

    @classmethod
    def from_object(cls, content: dict[str, Any]) -> BoundedEvents:
        """What ``to_json`` wrote, once it is parsed."""
        return cls(content["lake_topic"], _by_partition(content["from_offsets"]), _by_partition(content["to_offsets"]))

    def check_held(self, kafka: KafkaAddress, reader: str) -> None:
        """Check, once it has been read, that Kafka has held it all the while: Flink passes over what was deleted.

        Raises:
            RecordsDeleted: Kafka has deleted some of it since it was cut.
            DependencyUnavailable: Kafka does not answer.
        """
        with CommittedRecords(kafka) as records:
            for partition, first in self.from_offsets.items():
                held, _ = records.bounds(EVENTS, partition)
                if first < min(held, self.to_offsets[partition]):
                    raise RecordsDeleted(reader, f"{EVENTS}-{partition}", first, held, REMEDY)


def _by_partition(offsets: Mapping[str, int]) -> dict[int, int]:
    return {int(partition): offset for partition, offset in offsets.items()}
