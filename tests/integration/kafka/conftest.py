"""A broker and a registry of their own: these tests commit under the jobs' group names and leave transactions open."""

from __future__ import annotations

import random
import subprocess
import uuid
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, wait
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import OFFSET_END, KafkaError, Message, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, AlterConfigOpType, ConfigEntry, ConfigResource, OffsetSpec, ResourceType

from connections.kafka import ask_kafka
from coordination.waiting import wait_until
from local import processes
from local.downloads import Jars, default_cache, read_lock
from local.parts.base import Part
from local.parts.kafka import Kafka
from local.parts.registry import Registry
from local.paths import DataDirectory
from local.ports import free_base
from local.processes import ProcessId
from operations.migrate import migrate_schemas, migrate_topics
from schemas.settings import Settings
from schemas.topics import TOPICS, Cleanup
from tests.support.workers import GroupResources

START_SECONDS = 120.0
SECONDS = 60.0


@pytest.fixture(scope="session")
def servers(group_resources: GroupResources, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Settings of a running broker and registry, schemas registered."""
    return group_resources.hold(running_servers(tmp_path_factory.mktemp("kafka")))


@contextmanager
def running_servers(directory: Path) -> Iterator[Settings]:
    """A broker and a registry that run as long as the block, topics created and schemas registered."""
    settings = Settings(data_dir=directory, port_base=free_base(random.Random()), topic_result_partitions=2)
    data = DataDirectory(settings.data_dir)
    data.create()
    jars = Jars(read_lock(), default_cache())
    jars.fetch(lambda _name, _done, _total: None)
    started: list[subprocess.Popen[bytes]] = []
    try:
        for part in (Kafka(settings, data, jars), Registry(settings, data, jars)):
            started.append(start(part, data.root))
        migrate_topics(settings, START_SECONDS)
        migrate_schemas(settings, START_SECONDS)
        yield settings
    finally:
        for child in started:
            processes.stop(ProcessId.of(child.pid), grace_seconds=20.0)
            child.wait()


def start(part: Part, root: Path) -> subprocess.Popen[bytes]:
    part.prepare()
    child = processes.start(part.command(), part.environment(), root, root / f"{part.name}.log")

    def is_ready() -> bool:
        assert child.poll() is None, (root / f"{part.name}.log").read_text(encoding="utf-8")
        return part.is_ready()

    wait_until(is_ready, START_SECONDS, lambda: AssertionError(f"{part.name} does not answer"))
    return child


@pytest.fixture(scope="session")
def admin(servers: Settings) -> AdminClient:
    """One client for all: confluent-kafka crashes when one is thrown away while an answer is under way."""
    return AdminClient({"bootstrap.servers": servers.kafka_bootstrap_servers})


@pytest.fixture(scope="session")
def emptiable(servers: Settings, admin: AdminClient) -> Settings:
    """Kafka deletes no records on demand from a topic that is compacted and nothing else."""
    both = ConfigEntry("cleanup.policy", "compact,delete", incremental_operation=AlterConfigOpType.SET)
    compacted = [topic.name for topic in TOPICS if topic.cleanup is not Cleanup.DELETE]
    resources = [ConfigResource(ResourceType.TOPIC, name, incremental_configs=[both]) for name in compacted]
    results(servers, lambda: admin.incremental_alter_configs(resources, request_timeout=SECONDS))
    wait_until_emptiable(admin, compacted)
    return servers


def wait_until_emptiable(admin: AdminClient, topics: list[str]) -> None:
    """A topic goes by its new policy some time after the broker has acknowledged it."""
    first = [TopicPartition(topic, 0, 0) for topic in topics]

    def is_emptiable() -> bool:
        futures = admin.delete_records(first, request_timeout=SECONDS).values()
        wait(futures, SECONDS)
        return all(future.exception() is None for future in futures)

    wait_until(is_emptiable, SECONDS, lambda: AssertionError(f"records of {topics} cannot be deleted"))


@pytest.fixture
def kafka(emptiable: Settings, admin: AdminClient) -> Settings:
    """The same servers without any record, and with groups that nobody has committed under."""
    topics = admin.list_topics(timeout=SECONDS).topics
    partitions = [(topic.name, partition) for topic in TOPICS for partition in topics[topic.name].partitions]
    ends = [TopicPartition(*partition, OFFSET_END) for partition in partitions]
    results(emptiable, lambda: admin.delete_records(ends, request_timeout=SECONDS))
    if groups := [group.group_id for group in admin.list_consumer_groups(request_timeout=SECONDS).result().valid]:
        results(emptiable, lambda: admin.delete_consumer_groups(groups, request_timeout=SECONDS))
    return emptiable


def results(settings: Settings, request: Callable[[], Mapping[Any, Future[Any]]]) -> None:
    """Wait for all answers to a request; topics that have just been made need a moment to get a leader."""

    def asked() -> None:
        futures = request().values()
        wait(futures, SECONDS)
        for future in futures:
            future.result()

    ask_kafka(asked, settings.kafka_bootstrap_servers, SECONDS)


class Writer:
    """Writes records one by one, outside of transactions or in some, as ingest does."""

    def __init__(self, settings: Settings, admin: AdminClient) -> None:
        self._servers = settings.kafka_bootstrap_servers
        self._admin = admin

    def write(self, *records: dict[str, Any]) -> None:
        """Write outside of any transaction.

        Args:
            records: Arguments of ``produce``; partition 0, key ``k`` and value ``x`` where they are not given.
        """
        self._send(Producer({"bootstrap.servers": self._servers, "linger.ms": 0}), records)

    def commit(self, *records: dict[str, Any]) -> None:
        """Write in a transaction, and commit it."""
        with self.open(*records) as producer:
            producer.commit_transaction(SECONDS)

    def abort(self, *records: dict[str, Any]) -> None:
        """Write in a transaction, and abort it."""
        with self.open(*records) as producer:
            producer.abort_transaction(SECONDS)

    @contextmanager
    def open(self, *records: dict[str, Any]) -> Iterator[Producer]:
        """Write in a transaction that the block must end at its end."""
        options = {"bootstrap.servers": self._servers, "transactional.id": str(uuid.uuid4()), "linger.ms": 0}
        producer = Producer(options)
        producer.init_transactions(SECONDS)
        producer.begin_transaction()
        written = self._send(producer, records)
        yield producer
        self._wait_for_markers(written)

    def _wait_for_markers(self, written: dict[tuple[str, int], int]) -> None:
        """Kafka answers the end of a transaction before the markers of it stand in the partitions."""
        for partition, offset in written.items():
            where = TopicPartition(*partition)
            wait_until(
                partial(self._ends_behind, where, offset + 1),
                SECONDS,
                partial(AssertionError, f"{where} gets no marker"),
                poll_seconds=0.01,
            )

    def _ends_behind(self, where: TopicPartition, offset: int) -> bool:
        request = {where: OffsetSpec.latest()}
        return self._admin.list_offsets(request, request_timeout=SECONDS)[where].result().offset > offset

    def _send(self, producer: Producer, records: tuple[dict[str, Any], ...]) -> dict[tuple[str, int], int]:
        """Write records; the last offset of each partition."""
        written: dict[tuple[str, int], int] = {}

        def on_delivery(problem: KafkaError | None, message: Message) -> None:
            assert problem is None, problem
            written[message.topic(), message.partition()] = message.offset()

        for record in records:
            producer.produce(**{"value": b"x", "key": b"k", "partition": 0} | record, on_delivery=on_delivery)
        assert producer.flush(SECONDS) == 0
        return written


@pytest.fixture
def writer(kafka: Settings, admin: AdminClient) -> Writer:
    return Writer(kafka, admin)
