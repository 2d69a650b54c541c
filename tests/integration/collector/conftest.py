"""Collectors of the tests' own, real processes on ports of their own, in front of the platform's Kafka and registry."""

from __future__ import annotations

import io
import os
import random
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import fastavro
import httpx
import pytest
from confluent_kafka import Consumer, TopicPartition

from coordination.waiting import wait_until
from local.ports import free_base
from schemas.codec import HEADER_BYTES, load_schema
from schemas.settings import Settings
from schemas.topics import DOMAIN_TOPICS
from tests.support.metrics import samples

ROOT = Path(__file__).resolve().parents[3]
SECONDS = 60.0
SCHEMA = fastavro.parse_schema(load_schema("shop_event"))


@dataclass
class Collector:
    """A collector's process."""

    settings: Settings
    log: Path
    process: subprocess.Popen[bytes] | None = None
    http: httpx.Client = field(init=False)

    def __post_init__(self) -> None:
        self.url = f"http://127.0.0.1:{self.settings.port('collector')}"
        self.http = httpx.Client(base_url=self.url, timeout=30, trust_env=False)

    def start(self) -> None:
        environment = {**os.environ, "PYTHONPATH": str(ROOT), **self.settings.environment()}
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-P", "-m", "producers.collector"],
                env=environment,
                stdout=output,
                stderr=output,
            )

    def wait(self) -> None:
        """Wait until it takes requests, which it does once it has the schemas."""
        wait_until(self._takes_requests, SECONDS, self._not_ready, poll_seconds=0.05)

    def _takes_requests(self) -> bool:
        assert self.process is not None
        if self.process.poll() is not None:
            raise self._not_ready()
        try:
            answer = self.http.post("/v1/batch", json={"batch": []}, headers=self.authorization)
        except httpx.TransportError:
            return False
        return answer.status_code == 202

    def _not_ready(self) -> AssertionError:
        return AssertionError(self.log.read_text(encoding="utf-8"))

    @property
    def authorization(self) -> dict[str, str]:
        key = self.settings.collector_write_keys.get_secret_value().partition(",")[0]
        return {"X-API-Key": key} if key else {}

    def metric(self, name: str) -> float:
        return samples(self.http.get("/metrics").text)[f"shop_collector_{name}"]

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait(30)

    def terminate(self) -> int:
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(30)

    def close(self) -> None:
        self.http.close()
        if self.process is not None and self.process.poll() is None:
            self.kill()


Make = Callable[..., Collector]


@pytest.fixture(scope="module")
def make(platform: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Make]:
    """Start a collector with some settings changed."""
    made: list[Collector] = []

    def start(wait: bool = True, **changes: Any) -> Collector:
        base = free_base(random.Random(), [800])
        settings = Settings.model_validate({**platform.settings.model_dump(), "port_base": base, **changes})
        collector = Collector(settings, tmp_path_factory.mktemp("collector") / "log")
        made.append(collector)
        collector.start()
        if wait:
            collector.wait()
        return collector

    yield start
    for collector in made:
        collector.close()


@pytest.fixture(scope="module")
def collector(make: Make) -> Collector:
    """A collector as it comes."""
    return make()


@dataclass(frozen=True)
class Record:
    topic: str
    partition: int
    key: str
    event: dict[str, Any]


class Arrivals:
    """What has come into the domain topics since this was made."""

    def __init__(self, settings: Settings) -> None:
        self._consumer = Consumer(
            {
                "bootstrap.servers": settings.kafka_bootstrap_servers,
                "group.id": "test-collector",
                "enable.auto.commit": False,
                "enable.partition.eof": False,
            }
        )
        topics = self._consumer.list_topics(timeout=10).topics
        partitions = [TopicPartition(name, n) for name in DOMAIN_TOPICS for n in topics[name].partitions]
        for partition in partitions:
            partition.offset = self._consumer.get_watermark_offsets(partition, timeout=10)[1]
        self._next = {(p.topic, p.partition): p.offset for p in partitions}
        self._consumer.assign(partitions)
        self.records: list[Record] = []

    def read(self) -> list[Record]:
        """Everything up to what Kafka holds now."""
        for (topic, partition), offset in list(self._next.items()):
            end = self._consumer.get_watermark_offsets(TopicPartition(topic, partition), timeout=10)[1]
            if end > offset:
                self._read_until(topic, partition, end)
        return self.records

    def _read_until(self, topic: str, partition: int, end: int) -> None:
        def is_read() -> bool:
            self._consume()
            return self._next[topic, partition] >= end

        late = f"{topic}, partition {partition}: offset {end} is not reached"
        wait_until(is_read, SECONDS, lambda: AssertionError(late), poll_seconds=0)

    def _consume(self) -> None:
        for message in self._consumer.consume(500, timeout=0.2):
            assert message.error() is None
            value = message.value()
            assert isinstance(value, bytes)
            event = fastavro.schemaless_reader(io.BytesIO(value[HEADER_BYTES:]), SCHEMA, None)
            where = (str(message.topic()), int(message.partition() or 0))
            key = message.key()
            assert isinstance(key, bytes)
            self.records.append(Record(*where, key.decode(), event))  # type: ignore[arg-type]
            self._next[where] = int(message.offset() or 0) + 1

    def ids(self) -> list[str]:
        """The ids of the events, one for each record."""
        return [record.event["event_id"] for record in self.read()]

    def close(self) -> None:
        self._consumer.close()


@pytest.fixture
def arrivals(platform: Any) -> Iterator[Arrivals]:
    made = Arrivals(platform.settings)
    yield made
    made.close()
