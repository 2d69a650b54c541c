"""Sends simulated records to Kafka as they are, invalid ones included. Unlike the publisher it validates nothing."""

from __future__ import annotations

import logging
from types import TracebackType
from typing import Final, NamedTuple, Self

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from connections.errors import DeliveryError
from producers.acknowledgement import wait_for_acknowledgements
from producers.publisher import producer_options
from schemas.settings import Settings
from schemas.topics import HEADER_RECEIVED_AT

_Headers = dict[str, str | bytes | None]

log = logging.getLogger(__name__)

FLUSH_SECONDS: Final = 120.0
_QUEUED_RECORDS: Final = 200_000
_POLL_EVERY: Final = 1_024
_WAIT_SECONDS: Final = 0.1


class KafkaRecord(NamedTuple):
    """A record as it goes to Kafka.

    Attributes:
        topic: Its topic.
        key: Its key.
        value: Its value, None for a null.
        received_at: The header with the time of its reception; None for no header.
        timestamp_ms: Its Kafka timestamp; 0 for now.
    """

    topic: str
    key: str
    value: bytes | None
    received_at: bytes | None
    timestamp_ms: int = 0


class Sender:
    """Sends records; a context manager that flushes when it is left without an error.

    Args:
        settings: Where Kafka is.
    """

    def __init__(self, settings: Settings) -> None:
        self._servers = settings.kafka_bootstrap_servers
        options = producer_options(settings) | {
            "client.id": "shopstream-simulator",
            "queue.buffering.max.messages": _QUEUED_RECORDS,
        }
        self._producer = Producer(options, logger=log)
        self._problem: DeliveryError | None = None
        self._sent = 0

    def send(self, record: KafkaRecord) -> None:
        """Queue one record; waits while the queue is full.

        Raises:
            DeliveryError: Kafka did not take an earlier record.
        """
        topic, key, value, received_at, timestamp_ms = record
        headers: _Headers | None = None if received_at is None else {HEADER_RECEIVED_AT: received_at}
        self._sent += 1
        if self._sent % _POLL_EVERY == 0:
            self._poll(0)
        while True:
            try:
                self._producer.produce(
                    topic, value, key, on_delivery=self._on_delivery, timestamp=timestamp_ms, headers=headers
                )
            except BufferError:
                self._poll(_WAIT_SECONDS)
            except KafkaException as problem:
                raise DeliveryError(topic, key, str(problem.args[0])) from problem
            else:
                return

    def flush(self, timeout_seconds: float = FLUSH_SECONDS) -> None:
        """Wait until Kafka has acknowledged every record.

        Raises:
            DeliveryError: Kafka did not take a record.
            DependencyUnavailable: Records are still unacknowledged after that time.
        """
        wait_for_acknowledgements(self._producer, self._servers, "records", self._raise_problem, timeout_seconds)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if kind is None:
            self.flush()
        else:
            self._producer.flush(1.0)
            self._producer.purge()

    def _poll(self, timeout_seconds: float) -> None:
        self._producer.poll(timeout_seconds)
        self._raise_problem()

    def _on_delivery(self, problem: KafkaError | None, message: Message) -> None:
        if problem is not None and self._problem is None:
            key = message.key() or b""
            self._problem = DeliveryError(message.topic() or "", str(key), problem.str())

    def _raise_problem(self) -> None:
        if self._problem is not None:
            raise self._problem
