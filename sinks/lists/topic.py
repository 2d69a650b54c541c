"""The topic ``recommendation-lists``: the lists that it holds, and writing others."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Iterable
from typing import Any, Final

from confluent_kafka import KafkaError, Message, Producer

from connections.errors import DependencyUnavailable
from connections.kafka import CommittedRecords
from connections.registry import SchemaRegistry
from schemas.codec import HEADER_BYTES, Encoder, schema_text
from schemas.errors import ConfigurationError
from schemas.results import RECOMMENDATION_LISTS
from schemas.settings import Settings
from sinks.core.framing import FramedDecoder
from sinks.lists.description import RANKED_LISTS
from sinks.lists.ranking import ListKey, RankedList

logger = logging.getLogger(__name__)

WRITE_SECONDS: Final = 30.0

_KEY_SCHEMA: Final = {
    "type": "record",
    "name": "record",
    "namespace": "org.apache.flink.avro.generated",
    "fields": [{"name": name, "type": "string"} for name in RECOMMENDATION_LISTS.key],
}
"""As Flink's tables with a primary key register it: the same key has the same bytes, whichever program writes it."""


class ListsTopic:
    """Writes lists that differ from those that were written before.

    Args:
        settings: Kafka's address.
        registry: Knows the schemas.
        topic: Its name.
    """

    def __init__(self, settings: Settings, registry: SchemaRegistry, topic: str = RECOMMENDATION_LISTS.topic) -> None:
        self._settings = settings
        self._registry = registry
        self._topic = topic
        self._producer = Producer(_configuration(settings), logger=logger)
        self._digests: dict[ListKey, bytes] = {}
        self._problem: KafkaError | None = None
        self._encoders: tuple[Encoder, Encoder] | None = None

    def read(self) -> frozenset[ListKey]:
        """The lists that the topic holds; what equals one of them will not be written.

        Raises:
            DependencyUnavailable: A server does not answer, or the topic is not there yet.
            ContractError: A record is not what its schema says.
        """
        decoder = FramedDecoder(self._registry)
        digests: dict[ListKey, bytes] = {}
        with CommittedRecords(self._settings) as records:
            for partition in self._partitions(records):
                for message in records.read(self._topic, partition, *records.bounds(self._topic, partition)):
                    key = ListKey(**decoder.decode(message.key() or b""))
                    if (value := message.value()) is None:
                        digests.pop(key, None)
                    else:
                        digests[key] = _digest(value)
        self._digests = digests
        return frozenset(digests)

    def _partitions(self, records: CommittedRecords) -> list[int]:
        try:
            return records.partitions(self._topic)
        except ConfigurationError as error:  # the first start of a platform: its topics are made once Kafka runs
            raise self._unavailable(str(error)) from error

    def write(self, lists: Iterable[RankedList]) -> int:
        """Write what differs, until Kafka has acknowledged it; how many lists that were.

        Raises:
            DependencyUnavailable: A server does not answer; what was written is not known: ``read`` again.
        """
        keys, values = self._encoders or self._registered()
        written = 0
        for ranked in lists:
            value = values.encode(_row(ranked)) if ranked.product_ids else None
            digest = None if value is None else _digest(value)
            if self._digests.get(ranked.key) == digest:
                continue
            written += 1
            self._produce(keys.encode(ranked.key._asdict()), value)
            if digest is None:
                del self._digests[ranked.key]
            else:
                self._digests[ranked.key] = digest
        self._flush()
        return written

    def _produce(self, key: bytes, value: bytes | None) -> None:
        while True:
            try:
                self._producer.produce(self._topic, value, key, on_delivery=self._delivered)
                self._producer.poll(0)
                return
            except BufferError:
                self._producer.poll(0.1)
                self._check()

    def _flush(self) -> None:
        left = self._producer.flush(WRITE_SECONDS)
        self._check()
        if left:
            reason = f"{left} lists were not acknowledged after {WRITE_SECONDS:g} s"
            raise self._unavailable(reason)

    def _delivered(self, problem: KafkaError | None, _message: Message[bytes, bytes]) -> None:
        self._problem = self._problem or problem

    def _check(self) -> None:
        if self._problem is not None:
            problem, self._problem = self._problem, None
            raise self._unavailable(str(problem))

    def _unavailable(self, reason: str) -> DependencyUnavailable:
        return DependencyUnavailable("Kafka", self._settings.kafka_bootstrap_servers, reason)

    def _registered(self) -> tuple[Encoder, Encoder]:
        value_text = schema_text(RECOMMENDATION_LISTS.name)
        key_id = self._registry.register(f"{self._topic}-key", json.dumps(_KEY_SCHEMA, separators=(",", ":")))
        value_id = self._registry.register(f"{self._topic}-value", value_text)
        self._encoders = Encoder(_KEY_SCHEMA, key_id), Encoder(json.loads(value_text), value_id)
        return self._encoders


def _row(ranked: RankedList) -> dict[str, Any]:
    return {
        **ranked.key._asdict(),
        "generated_at": ranked.until_seconds * 1000,
        "items": [
            {"product_id": product_id, "score": score}
            for product_id, score in zip(ranked.product_ids, ranked.scores, strict=True)
        ],
    }


def _digest(value: bytes) -> bytes:
    """What tells a list from another; the schema id in front does not."""
    return hashlib.blake2b(value[HEADER_BYTES:], digest_size=16).digest()


def _configuration(settings: Settings) -> dict[str, Any]:
    return {
        "bootstrap.servers": settings.kafka_bootstrap_servers,
        "client.id": RANKED_LISTS.group,
        "enable.idempotence": True,
        "partitioner": "murmur2_random",  # Java's: a key stays in the partition in which a job once wrote it
        "compression.type": "lz4",
        "linger.ms": 5,
        "delivery.timeout.ms": 20_000,
        "request.timeout.ms": 10_000,
        "socket.timeout.ms": 10_000,
        "reconnect.backoff.max.ms": 2_000,
        "error_cb": lambda error: logger.warning("Kafka: %s", error),
    }
