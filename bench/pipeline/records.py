"""Reads records from Kafka, and writes them again as often as they are needed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple

from confluent_kafka import Consumer, IsolationLevel, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec

from coordination.waiting import wait_until
from schemas.settings import Settings
from schemas.topics import DOMAIN_TOPICS, EVENTS, FAILED_EVENTS

CALL_SECONDS: Final = 30.0
READ_BATCH: Final = 10_000
SETTLE_SECONDS: Final = 900.0
POLL_SECONDS: Final = 0.05
EVENT_TOPICS: Final = (*DOMAIN_TOPICS, EVENTS, FAILED_EVENTS)

Offsets = dict[tuple[str, int], int]


class Record(NamedTuple):
    topic: str
    partition: int
    timestamp_ms: int
    key: bytes | None
    value: bytes | None
    headers: list[tuple[str, bytes]] | None


class Broker:
    """What the benchmark does to Kafka.

    Args:
        settings: Where it is.
    """

    def __init__(self, settings: Settings) -> None:
        self._client: dict[str, Any] = {"bootstrap.servers": settings.kafka_bootstrap_servers}
        self._admin = AdminClient(self._client)
        self._readers: dict[str, Consumer] = {}

    def close(self) -> None:
        for reader in self._readers.values():
            reader.close()

    def ends(self, topics: Iterable[str]) -> Offsets:
        """Where some topics end now."""
        return self._offsets(self._all(topics), OffsetSpec.latest())

    def read(self, start: Offsets) -> list[Record]:
        """Every committed record from these offsets on, in the order in which they came."""
        consumer = Consumer(
            self._client
            | {
                "group.id": "bench-read",
                "enable.auto.commit": False,
                "isolation.level": "read_committed",
                "enable.partition.eof": True,
            }
        )
        consumer.assign([TopicPartition(*partition, offset) for partition, offset in start.items()])
        records, open_partitions = [], set(start)
        while open_partitions:
            for message in consumer.consume(READ_BATCH, 1.0):
                partition = message.topic() or "", message.partition() or 0
                if message.error():
                    open_partitions.discard(partition)
                    continue
                timestamp_ms = message.timestamp()[1]
                records.append(Record(*partition, timestamp_ms, message.key(), message.value(), message.headers()))  # type: ignore[arg-type]
        consumer.close()
        return sorted(records, key=lambda record: record.timestamp_ms)

    def write(self, records: Sequence[Record]) -> None:
        """Append records, and wait until they are there."""
        options = {"compression.type": "lz4", "linger.ms": 20, "queue.buffering.max.messages": len(records) + 1}
        producer = Producer(self._client | options)
        for topic, partition, timestamp_ms, key, value, headers in records:
            producer.produce(topic, value, key, partition, timestamp=timestamp_ms, headers=headers)
        while producer.flush(1.0):
            pass

    def clear(self) -> None:
        """Delete every record of the topics of events."""
        ends = self.ends(EVENT_TOPICS)
        deleted = self._admin.delete_records(
            [TopicPartition(*partition, offset) for partition, offset in ends.items() if offset],
            request_timeout=CALL_SECONDS,
        )
        for future in deleted.values():
            future.result()

    def wait_until_read(self, group: str, topics: Iterable[str]) -> None:
        """Wait until a group has committed the end of some topics."""
        partitions = self._all(topics)
        reader = self._readers.get(group)
        if reader is None:
            reader = self._readers[group] = Consumer(self._client | {"group.id": group})
        message = f"{group} has not read {', '.join(topics)} after {SETTLE_SECONDS:.0f} s"
        wait_until(
            lambda: self._has_read(reader, partitions),
            SETTLE_SECONDS,
            lambda: RuntimeError(message),
            poll_seconds=POLL_SECONDS,
        )

    def _has_read(self, reader: Consumer, partitions: list[tuple[str, int]]) -> bool:
        begins, ends = (self._offsets(partitions, which) for which in (OffsetSpec.earliest(), OffsetSpec.latest()))
        committed = reader.committed([TopicPartition(*each) for each in partitions], timeout=CALL_SECONDS)
        positions = {
            (each.topic, each.partition): max(each.offset, begins[each.topic, each.partition]) for each in committed
        }
        return all(positions[each] >= ends[each] for each in partitions)

    def wait_until_committed(self, topics: Iterable[str]) -> None:
        """Wait until no transaction is open in some topics."""
        partitions = self._all(topics)
        latest, committed = OffsetSpec.latest(), IsolationLevel.READ_COMMITTED
        wait_until(
            lambda: self._offsets(partitions, latest, committed) == self._offsets(partitions, latest),
            SETTLE_SECONDS,
            lambda: RuntimeError(f"A transaction is still open after {SETTLE_SECONDS:.0f} s"),
            poll_seconds=POLL_SECONDS,
        )

    def last_written(self, topics: Iterable[str]) -> float:
        """When the newest record of some topics was written, in epoch seconds."""
        request = {TopicPartition(*partition): OffsetSpec.max_timestamp() for partition in self._all(topics)}
        answers = self._admin.list_offsets(request, request_timeout=CALL_SECONDS)
        return max(future.result().timestamp for future in answers.values()) / 1000

    def _all(self, topics: Iterable[str]) -> list[tuple[str, int]]:
        known = self._admin.list_topics(timeout=CALL_SECONDS).topics
        return [(topic, number) for topic in topics for number in sorted(known[topic].partitions)]

    def _offsets(
        self,
        partitions: list[tuple[str, int]],
        which: OffsetSpec,
        isolation: IsolationLevel = IsolationLevel.READ_UNCOMMITTED,
    ) -> Offsets:
        request = {TopicPartition(*partition): which for partition in partitions}
        answers = self._admin.list_offsets(request, isolation_level=isolation, request_timeout=CALL_SECONDS)
        return {(each.topic, each.partition): future.result().offset for each, future in answers.items()}
