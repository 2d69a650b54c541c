"""Kafka: every record of some topics from given offsets on. No group says who reads what; one hears how far it is."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from connections.errors import DependencyUnavailable
from connections.kafka import committed_reader
from schemas.settings import Settings

logger = logging.getLogger(__name__)

CALL_SECONDS: Final = 10.0
MILLISECONDS: Final = 1000


class Record(NamedTuple):
    """A record of the partition ``topic-number``, written at ``written_at``."""

    partition: str
    topic: str
    offset: int
    key: bytes
    value: bytes | None
    written_at: datetime


class TopicReader:
    """Reads every partition of some topics.

    Args:
        settings: Kafka's address.
        topics: Their names.
        group: The consumer group under which it commits how far it is.
    """

    def __init__(self, settings: Settings, topics: Sequence[str], group: str) -> None:
        self._servers = settings.kafka_bootstrap_servers
        self._topics = topics
        self._consumer = Consumer(_configuration(settings, group), logger=logger)
        self._not_ended: set[str] = set()

    def close(self) -> None:
        """Close the connections."""
        self._consumer.close()

    def seek(self, positions: Mapping[str, int]) -> dict[str, int]:
        """Read from these offsets on; from the beginning where none is given, or the topic ends before it.

        Returns:
            The positions that the topics really have.

        Raises:
            DependencyUnavailable: Kafka does not answer, or a topic is not there.
        """
        try:
            starts = [self._start(partition, positions) for partition in self._partitions()]
            self._consumer.assign(starts)
        except KafkaException as error:
            raise self._unavailable(error) from error
        offsets = {f"{start.topic}-{start.partition}": start.offset for start in starts}
        self._not_ended = set(offsets)
        return offsets

    @property
    def has_read_all_once(self) -> bool:
        """Whether it was at the end of every partition since ``seek``."""
        return not self._not_ended

    def read(self, most: int, seconds: float) -> list[Record]:
        """The next records, at most ``most``, after at most so many seconds.

        Raises:
            DependencyUnavailable: The consumer cannot go on.
        """
        records = []
        for message in self._consumer.consume(most, seconds):
            error = message.error()
            if error is None:
                records.append(_record(message))
            elif error.code() == KafkaError._PARTITION_EOF:
                self._not_ended.discard(f"{message.topic()}-{message.partition()}")
            elif error.fatal():
                raise self._unavailable(KafkaException(error))
            else:
                logger.warning("Kafka: %s", error)
        return records

    def commit(self, topic: str, partition: str, offset: int) -> None:
        """Commit to Kafka as well how far it is, for whoever watches the lag there."""
        number = int(partition.rpartition("-")[2])
        self._consumer.commit(offsets=[TopicPartition(topic, number, offset)], asynchronous=True)

    def _partitions(self) -> list[TopicPartition]:
        partitions: list[TopicPartition] = []
        for topic in self._topics:
            metadata = self._consumer.list_topics(topic, timeout=CALL_SECONDS).topics[topic]
            if metadata.error is not None:
                raise KafkaException(metadata.error)
            partitions += [TopicPartition(topic, number) for number in metadata.partitions]
        return partitions

    def _start(self, partition: TopicPartition, positions: Mapping[str, int]) -> TopicPartition:
        low, high = self._consumer.get_watermark_offsets(partition, timeout=CALL_SECONDS)
        name = f"{partition.topic}-{partition.partition}"
        position = positions.get(name, low)
        if position > high:
            logger.warning("%s ends at %d, before %d: Kafka was emptied, read anew", name, high, position)
            position = low
        return TopicPartition(partition.topic, partition.partition, max(position, low))

    def _unavailable(self, error: KafkaException) -> DependencyUnavailable:
        return DependencyUnavailable("Kafka", self._servers, str(error.args[0]))


def _record(message: Message[bytes, bytes]) -> Record:
    topic = message.topic() or ""
    return Record(
        f"{topic}-{message.partition()}",
        topic,
        message.offset() or 0,
        message.key() or b"",
        message.value(),
        datetime.fromtimestamp(message.timestamp()[1] / MILLISECONDS, UTC),
    )


def _configuration(settings: Settings, group: str) -> dict[str, Any]:
    return {
        **committed_reader(settings, group),
        "auto.offset.reset": "earliest",
        "socket.timeout.ms": 10_000,
        "reconnect.backoff.max.ms": 2_000,
        "fetch.wait.max.ms": 1_000,  # Kafka answers as soon as there is a record
        "queued.max.messages.kbytes": 8 * 1024,
        "error_cb": lambda error: logger.warning("Kafka: %s", error),
    }
