"""One shop of a test: its names on the shared servers, and what a test does with them."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition

from connections.clickhouse import connected
from connections.registry import SchemaRegistry
from coordination.waiting import wait_until
from schemas.codec import Encoder, load_schema, schema_text
from schemas.offsets import Partition
from schemas.results import RANKED, RESULTS, SERVED
from schemas.settings import Settings
from sinks.clickhouse.client import ClickHouse
from sinks.clickhouse.description import CLICKHOUSE
from sinks.clickhouse.store import TABLES, ClickHouseStore, Table
from sinks.core.delivery import Store
from sinks.core.sink import Sink

PARTITIONS = 2
WAIT_SECONDS = 60


@dataclass
class Shop:
    """One shop's names on the shared servers, and what a test does with them."""

    settings: Settings
    suffix: str
    registry: SchemaRegistry
    clickhouse: ClickHouse
    topics: tuple[str, ...]

    @property
    def group(self) -> str:
        return f"sink-{self.suffix}"

    @property
    def tables(self) -> dict[str, Table]:
        return {self.topic(topic): TABLES[topic] for topic in self.topics if topic in TABLES}

    @property
    def store(self) -> ClickHouseStore:
        return ClickHouseStore(self.clickhouse, self.registry, self.tables)

    def topic(self, name: str) -> str:
        return f"{name}-{self.suffix}"

    def encoder(self, topic: str, schema: str) -> Encoder:
        text = schema_text(schema)
        return Encoder(json.loads(text), self.registry.register(f"{self.topic(topic)}-value", text))

    def key_encoder(self, result: str) -> Encoder:
        """Keys as Flink's upsert-kafka writes them."""
        (found,) = (r for r in (*RESULTS, *SERVED, *RANKED) if r.name == result)
        fields = [f for f in load_schema(result)["fields"] if f["name"] in found.key]
        schema = {"type": "record", "name": "record", "namespace": "org.apache.flink.avro.generated", "fields": fields}
        return Encoder(schema, self.registry.register(f"{self.topic(found.topic)}-key", json.dumps(schema)))

    @contextmanager
    def producer(self, **config: Any) -> Iterator[Producer]:
        servers = {"bootstrap.servers": self.settings.kafka_bootstrap_servers, "linger.ms": 5}
        producer = Producer({**servers, "queue.buffering.max.messages": 1_000_000, **config})
        yield producer
        assert producer.flush(60) == 0

    def sink(self, store: Store, stopping: threading.Event, **settings: Any) -> Sink:
        clickhouse = self.store
        return Sink(
            self.settings.model_copy(update=settings),
            replace(CLICKHOUSE, topics=tuple(self.tables), group=self.group),
            store,
            clickhouse.end_of,
            stopping,
        )

    @contextmanager
    def running(self, store: Store | None = None, **settings: Any) -> Iterator[Future[None]]:
        """A sink at work in a thread of its own; it is stopped at the end, and must not have failed."""
        stopping = threading.Event()
        with ThreadPoolExecutor(1) as pool:
            work = pool.submit(self.sink(store or self.store, stopping, **settings).run)
            try:
                yield work
            finally:
                stopping.set()
        work.result()

    def drain(self, store: Store | None = None, **settings: Any) -> None:
        """Run a sink until everything is delivered and committed."""
        with self.running(store, **settings) as work:
            self.wait_until(lambda: work.done() or self.is_drained())

    def is_drained(self) -> bool:
        return self.committed() == {partition: (end, "") for partition, end in self.ends().items()}

    def committed(self) -> dict[Partition, tuple[int, str]]:
        """Committed offset and metadata of the partitions that have one."""
        partitions = [TopicPartition(*partition) for partition in self._partitions()]
        with self._consumer() as consumer:
            commits = consumer.committed(partitions, timeout=30)
        return {Partition(c.topic, c.partition): (c.offset, c.metadata or "") for c in commits if c.offset >= 0}

    def ends(self) -> dict[Partition, int]:
        with self._consumer() as consumer:
            return {
                partition: consumer.get_watermark_offsets(TopicPartition(*partition), timeout=30)[1]
                for partition in self._partitions()
            }

    def has_leaders(self) -> bool:
        """Whether Kafka has brought the new topics up."""
        try:
            return bool(self.ends())
        except KafkaException:
            return False

    def ask(self, sql: str) -> list[tuple[Any, ...]]:
        with connected(self.settings, self.settings.clickhouse_database) as client:
            return [tuple(row) for row in client.query(sql).result_rows]

    def wait_until(self, condition: Callable[[], bool]) -> None:
        wait_until(
            condition, WAIT_SECONDS, lambda: AssertionError("what was waited for did not happen"), poll_seconds=0.1
        )

    def _partitions(self) -> Sequence[Partition]:
        return [Partition(self.topic(topic), number) for topic in self.topics for number in range(PARTITIONS)]

    @contextmanager
    def _consumer(self) -> Iterator[Consumer]:
        consumer = Consumer({"bootstrap.servers": self.settings.kafka_bootstrap_servers, "group.id": self.group})
        try:
            yield consumer
        finally:
            consumer.close()
