"""When the shop first received failed events, by the records that were refused, as long as Kafka holds them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from confluent_kafka import Message

from connections.kafka import CommittedRecords
from operations.failed_events import FailedEvent
from schemas.topics import HEADER_RECEIVED_AT


class Place(NamedTuple):
    """Where a record stands."""

    topic: str
    partition: int
    offset: int


def place_of(failed: FailedEvent) -> Place:
    """Where a failed event came in, or its copy where it came over HTTP."""
    return Place(failed.topic, failed.partition, failed.offset)


def arrivals(records: CommittedRecords, failed: Iterable[FailedEvent]) -> dict[Place, int]:
    """Epoch milliseconds at which each was received; when it was refused where its record is gone.

    Raises:
        DependencyUnavailable: Kafka does not answer.
    """
    received: dict[Place, int] = {}
    offsets_of: defaultdict[tuple[str, int], set[int]] = defaultdict(set)
    for each in failed:
        received[place_of(each)] = round(each.failed_at.timestamp() * 1000)
        offsets_of[each.topic, each.partition].add(each.offset)
    for (topic, partition), offsets in offsets_of.items():
        for message in records.read(topic, partition, min(offsets), max(offsets) + 1):
            offset = message.offset()
            if offset in offsets:
                received[Place(topic, partition, offset)] = received_ms(message)
    return received


def received_ms(message: Message) -> int:
    """When a record was received: by its header as far as that is a time, else by its timestamp."""
    header = dict(message.headers() or []).get(HEADER_RECEIVED_AT)
    if isinstance(header, bytes) and header.isdigit():
        return int(header)
    return message.timestamp()[1]
