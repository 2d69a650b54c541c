"""When the shop first received failed events: told by the records that were refused, as long as Kafka holds them."""

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
    """Where a failed event came in."""
    return Place(failed.topic, failed.partition, failed.offset)


def arrivals(records: CommittedRecords, failed: Iterable[FailedEvent]) -> dict[Place, int]:
    """Epoch milliseconds at which each was received; when it was refused where its record is gone.

    Raises:
        DependencyUnavailable: Kafka does not answer.
    """
    found: dict[Place, int] = {}
    wanted: defaultdict[tuple[str, int], set[int]] = defaultdict(set)
    for each in failed:
        found[place_of(each)] = round(each.failed_at.timestamp() * 1000)
        wanted[each.topic, each.partition].add(each.offset)
    for (topic, partition), offsets in wanted.items():
        for message in records.read(topic, partition, min(offsets), max(offsets) + 1):
            offset = message.offset()
            if offset in offsets:
                found[Place(topic, partition, offset)] = received_ms(message)
    return found


def received_ms(message: Message) -> int:
    """When a record was received: by its header as far as that is a time, else by its timestamp."""
    told = dict(message.headers() or []).get(HEADER_RECEIVED_AT)
    if isinstance(told, bytes) and told.isdigit():
        return int(told)
    return message.timestamp()[1]
