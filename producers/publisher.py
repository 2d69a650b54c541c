"""Sends ShopEvents to the domain topics: checked before they go, acknowledged by every in-sync replica.

A publisher is idempotent within its life: what it sends again after a lost acknowledgement is stored once. Across
restarts it is the event id that makes a repetition harmless (``ingest`` counts each once).
"""

from __future__ import annotations

import json
import logging
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from types import TracebackType
from typing import Any, Final, Self

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from connections.errors import DeliveryError
from connections.registry import SchemaRegistry
from producers.acknowledgement import wait_for_acknowledgements
from producers.encoder import EventEncoder
from schemas.codec import load_schema
from schemas.errors import ContractError, InvalidEvent
from schemas.event_types import EVENT_TYPES, canonical_type, record_key
from schemas.settings import Settings
from schemas.topics import DOMAIN_TOPICS, HEADER_RECEIVED_AT, TOPICS
from schemas.validation import check_event

log = logging.getLogger(__name__)

Event = Mapping[str, Any]
"""A ShopEvent: its fields by name, times as epoch milliseconds, amounts as Decimals; what is left out is null."""

_Headers = dict[str, str | bytes | None]

FLUSH_SECONDS: Final = 120.0
_WAIT_SECONDS: Final = 0.1
_LEAVING_SECONDS: Final = 2.0
_POLL_EVERY: Final = 256
"""Events between two polls for Kafka's answers; a poll for each event would cost as much as sending it."""

ABSENT: Final[dict[str, Any]] = {
    field["name"]: field.get("default", "" if field["type"] == "string" else None)
    for field in load_schema("shop_event")["fields"]
}
"""What a record holds in the fields that are left out."""

_UNFIT: Final = (TypeError, ValueError, KeyError, AttributeError, OverflowError, ArithmeticError)
"""What a value of a wrong type raises in the encoder or in the check."""


@dataclass(frozen=True, slots=True)
class Route:
    """Where events of one type go, and how they are written there."""

    topic: str
    encoder: EventEncoder


class Publisher:
    """Sends events; a context manager that flushes when it is left.

    Args:
        settings: Where Kafka and the registry are.
        overrides: Options of librdkafka that win over ours.

    Raises:
        ContractError: The registry has no ShopEvent schema for a domain topic.
        RegistryUnavailable: The registry does not answer.
    """

    def __init__(self, settings: Settings, overrides: Mapping[str, Any] | None = None) -> None:
        self._servers = settings.kafka_bootstrap_servers
        self._routes = routes(settings)
        self._failures: deque[DeliveryError] = deque()
        self._published = 0
        options = {**producer_options(settings), "error_cb": self._on_problem, **(overrides or {})}
        self._producer = Producer(options, logger=log)

    def publish(self, event: Event, received_at_ms: int | None = None) -> None:
        """Queue one event for sending; returns at once unless the queue is full, and then waits for room.

        Args:
            event: The event; its type may be an alias.
            received_at_ms: When the shop first received it, where that is not now (history, replays).

        Raises:
            InvalidEvent: The event breaks the contract; nothing was sent.
            DeliveryError: Kafka did not take an earlier event.
        """
        event_type = canonical_type(event.get("event_type", ""))
        if event_type is None:
            raise InvalidEvent("event_type", f"{event.get('event_type')!r} is neither a type nor an alias of one")
        if event_type != event["event_type"]:
            event = {**event, "event_type": event_type}
        route = self._routes[event_type]
        value = checked_bytes(event, route.encoder)
        headers: _Headers | None = None if received_at_ms is None else {HEADER_RECEIVED_AT: str(received_at_ms)}
        self.send(route.topic, record_key(event), value, event["event_id"], headers)

    def publish_raw(self, topic: str, key: str, value: bytes) -> None:
        """Queue bytes that are no event, for ingest to keep them in ``failed-events``.

        Args:
            topic: The domain topic that it would belong to.
            key: Where it comes from and what is wrong with it: the failed record has the same key.
            value: The bytes, untouched.

        Raises:
            DeliveryError: Kafka did not take an earlier record.
        """
        self.send(topic, key, value, key, None)

    def flush(self, timeout_seconds: float = FLUSH_SECONDS) -> None:
        """Wait until Kafka has acknowledged every event.

        Raises:
            DeliveryError: Kafka did not take an event; call again for the next one.
            DependencyUnavailable: Events are still unacknowledged after ``timeout_seconds``.
        """
        wait_for_acknowledgements(self._producer, self._servers, "events", self._raise_failure, timeout_seconds)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if kind is None:
            self.flush()
        elif unacknowledged := self._producer.flush(_LEAVING_SECONDS):
            log.warning("Leaving %d events unacknowledged, because of %s", unacknowledged, kind.__name__)
            self._producer.purge()

    def publish_again(self, topic: str, event: Event, headers: _Headers | None = None) -> None:
        """Queue an event that was accepted before; it is not checked again.

        Args:
            topic: Where it goes; "" for the domain topic of its type.
            event: The event, its type canonical.
            headers: Of its record.

        Raises:
            DeliveryError: Kafka did not take an earlier event.
        """
        route = self._routes[event["event_type"]]
        self.send(topic or route.topic, record_key(event), route.encoder.encode(event), event["event_id"], headers)

    def send(self, topic: str, key: str, value: bytes, name: str, headers: _Headers | None = None) -> None:
        """Queue one record; waits for room when the queue is full.

        Args:
            topic: Where it goes.
            key: Its key.
            value: Its value.
            name: What to call it in an error.
            headers: Its headers.

        Raises:
            DeliveryError: Kafka did not take an earlier record.
        """
        on_delivery = partial(self._on_delivery, name)
        self._published += 1
        if self._published % _POLL_EVERY == 0:
            self._poll(0)
        while True:
            try:
                self._producer.produce(topic, value, key, on_delivery=on_delivery, headers=headers)
            except BufferError:
                self._poll(_WAIT_SECONDS)
            except KafkaException as problem:
                raise DeliveryError(topic, name, _description(problem.args[0])) from problem
            else:
                return

    def _poll(self, timeout_seconds: float) -> None:
        self._producer.poll(timeout_seconds)
        self._raise_failure()

    def _on_delivery(self, event_id: str, problem: KafkaError | None, message: Message) -> None:
        if problem is not None:
            self._failures.append(DeliveryError(message.topic() or "", event_id, _description(problem)))

    def _on_problem(self, problem: KafkaError) -> None:
        if problem.code() == KafkaError._ALL_BROKERS_DOWN:
            log.warning("No broker of %s can be reached; events wait in the queue", self._servers)

    def _raise_failure(self) -> None:
        if self._failures:
            raise self._failures.popleft()


def producer_options(settings: Settings) -> dict[str, Any]:
    """Options of the Kafka client, by librdkafka's names."""
    return {
        "bootstrap.servers": settings.kafka_bootstrap_servers,
        "client.id": "shopstream-publisher",
        "acks": "all",
        "enable.idempotence": True,
        "compression.type": "lz4",
        "partitioner": "murmur2_random",  # as Java does: Flink finds a key in the same partition of each topic
        "linger.ms": 20,
        "queue.buffering.max.messages": 100_000,
        "queue.buffering.max.kbytes": 65_536,
        "delivery.timeout.ms": 120_000,
        "socket.timeout.ms": 30_000,
        "delivery.report.only.error": True,
        "log_level": 2,  # each attempt to connect is not worth a line: see error_cb
    }


def routes(settings: Settings) -> dict[str, Route]:
    """Where each event type goes, by the registry's newest schemas.

    Raises:
        ContractError: The registry has no ShopEvent schema for a domain topic.
        RegistryUnavailable: The registry does not answer.
    """
    registry = SchemaRegistry.of(settings)
    try:
        subjects = {topic.name: topic.value_subject for topic in TOPICS if topic.name in DOMAIN_TOPICS}
        encoders = {topic: _encoder(registry, subject) for topic, subject in subjects.items()}
    finally:
        registry.close()
    return {kind.name: Route(kind.topic, encoders[kind.topic]) for kind in EVENT_TYPES.values()}


def _encoder(registry: SchemaRegistry, subject: str) -> EventEncoder:
    latest = registry.latest(subject)
    if latest is None:
        message = f"The registry has no schema of {subject}. Register the schemas with './shop migrate'."
        raise ContractError(message)
    schema_id, text = latest
    schema = json.loads(text)
    if missing := sorted(ABSENT.keys() - {field["name"] for field in schema["fields"]}):
        message = f"The registry's schema of {subject} lacks {', '.join(missing)}. Register it with './shop migrate'."
        raise ContractError(message)
    return EventEncoder(schema, schema_id)


def checked_bytes(event: Event, encoder: EventEncoder) -> bytes:
    """The event's framed bytes.

    Raises:
        InvalidEvent: It breaks the contract.
    """
    try:
        _check_whole_numbers(event)
        value = encoder.encode(event)
        failure = check_event({**ABSENT, **event})
    except _UNFIT as error:
        raise InvalidEvent("", f"does not fit the ShopEvent schema: {error}") from error
    if failure is not None:
        field, _, message = failure.message.partition(": ")
        raise InvalidEvent(field, message)
    return value


def _check_whole_numbers(event: Event) -> None:
    """Refuse what the Avro writer would quietly turn into another number: a local time, a part of a unit."""
    if type(event["event_time"]) is not int:
        raise InvalidEvent("event_time", f"{event['event_time']!r} is not epoch milliseconds")
    for index, item in enumerate(event.get("items") or ()):
        if type(item["quantity"]) is not int:
            field = f"items[{index}].quantity"
            raise InvalidEvent(field, f"{item['quantity']!r} is not a whole number")


def _description(problem: KafkaError) -> str:
    return f"{problem.name()}: {problem.str()}"
