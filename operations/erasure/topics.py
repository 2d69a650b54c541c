"""Kafka: the erasure, sign-outs, tombstones of the results that name the person, and what cannot be taken out."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Set
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from confluent_kafka import KafkaError, Message, Producer

from connections.erased_users import digest_of
from connections.errors import DeliveryError
from connections.kafka import CommittedRecords
from connections.registry import SchemaRegistry
from operations.personal.clickhouse import USER_RESULTS
from producers.acknowledgement import wait_for_acknowledgements
from producers.publisher import FLUSH_SECONDS, Publisher, producer_options
from schemas.settings import Settings
from schemas.topics import DOMAIN_TOPICS, ERASURES, EVENTS, FAILED_EVENTS
from schemas.visitors import SIGN_OUT
from sinks.core.framing import FramedDecoder

KEPT_BY_KAFKA: Final = (*DOMAIN_TOPICS, EVENTS, FAILED_EVENTS)
"""Topics whose records go with their retention and not before."""


BY_KEY: Final = -1
"""The partition that follows from the key, in librdkafka's words."""


@dataclass(frozen=True, slots=True)
class Remainder:
    """What a topic holds of a person until Kafka deletes it.

    Attributes:
        topic: The topic.
        records: How many records have the person, or an erased visitor, as their key.
        until: When the newest of them is beyond the topic's retention, UTC.
    """

    topic: str
    records: int
    until: datetime


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a result that names a person: where its newest record stands, and its key."""

    topic: str
    partition: int
    key: bytes


def publish_erasure(settings: Settings, user_id: str, now: datetime) -> None:
    """Say that a user is erased, for good.

    Raises:
        DeliveryError: Kafka did not take it.
    """
    with _Sender(settings) as sender:
        sender.send(ERASURES, BY_KEY, digest_of(user_id).encode(), str(round(now.timestamp() * 1000)).encode())


def sign_out(settings: Settings, visitors: Iterable[str], now: datetime) -> None:
    """Sign somebody out of devices, so that what happens there next, before anybody signs in, is nobody's.

    Raises:
        ContractError: The registry has no schema of events.
        DeliveryError: Kafka did not take it.
        DependencyUnavailable: The registry does not answer, or Kafka has not acknowledged it in time.
    """
    now_ms = round(now.timestamp() * 1000)
    with Publisher(settings) as publisher:
        for visitor in visitors:
            event = {
                "event_id": f"erasure:{now_ms}:{visitor}",
                "event_type": SIGN_OUT,
                "event_time": now_ms,
                "user_id": visitor,
                "anonymous_id": visitor,
                "source": "erasure",
            }
            publisher.publish(event)


def rows_of(settings: Settings, user_ids: Set[str]) -> list[Row]:
    """The rows that name one of some users in the topics of results.

    Raises:
        DependencyUnavailable: Kafka or the registry does not answer.
    """
    with (
        CommittedRecords(settings) as records,
        closing(SchemaRegistry.of(settings)) as registry,
    ):
        decoder = FramedDecoder(registry)
        return [row for result in USER_RESULTS for row in _rows(records, decoder, result.topic, user_ids)]


def delete_results(settings: Settings, rows: list[Row]) -> None:
    """Write a tombstone for each row, which the sink applies and compaction follows.

    Raises:
        DeliveryError: Kafka did not take one.
    """
    with _Sender(settings) as sender:
        for row in rows:
            sender.send(row.topic, row.partition, row.key, None)


def remainders(settings: Settings, user_ids: Set[str]) -> Iterator[Remainder]:
    """What Kafka holds of some users for now, topic by topic.

    Raises:
        DependencyUnavailable: Kafka does not answer.
    """
    retention = timedelta(seconds=settings.topic_retention_seconds)
    keys = {user_id.encode() for user_id in user_ids}
    with CommittedRecords(settings) as records:
        for topic in KEPT_BY_KAFKA:
            times = [message.timestamp()[1] for message in _messages(records, topic) if message.key() in keys]
            if times:
                yield Remainder(topic, len(times), datetime.fromtimestamp(max(times) / 1000, UTC) + retention)


def _rows(records: CommittedRecords, decoder: FramedDecoder, topic: str, user_ids: Set[str]) -> list[Row]:
    of_user: dict[tuple[int, bytes], bool] = {}
    for message in _messages(records, topic):
        key, value = message.key(), message.value()
        partition = message.partition()
        assert isinstance(key, bytes)
        assert partition is not None
        of_user[partition, key] = value is not None and decoder.decode(value)["user_id"] in user_ids
    return [Row(topic, partition, key) for (partition, key), is_there in of_user.items() if is_there]


def _messages(records: CommittedRecords, topic: str) -> Iterator[Message]:
    for partition in records.partitions(topic):
        yield from records.read(topic, partition, *records.bounds(topic, partition))


class _Sender:
    """Sends a few records to given partitions; a context manager that waits until Kafka has them."""

    def __init__(self, settings: Settings) -> None:
        self._servers = settings.kafka_bootstrap_servers
        self._producer = Producer(producer_options(settings))
        self._failures: deque[DeliveryError] = deque()

    def __enter__(self) -> _Sender:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            wait_for_acknowledgements(self._producer, self._servers, "records", self._raise_failure, FLUSH_SECONDS)

    def send(self, topic: str, partition: int, key: bytes, value: bytes | None) -> None:
        """Queue one record."""
        self._producer.produce(topic, value, key, partition, on_delivery=self._on_delivery)

    def _on_delivery(self, problem: KafkaError | None, message: Message) -> None:
        if problem is not None:
            self._failures.append(DeliveryError(message.topic() or "", "of the erasure", problem.str()))

    def _raise_failure(self) -> None:
        if self._failures:
            raise self._failures.popleft()
