"""Reads ranges of Kafka partitions as a read-committed reader sees them, without belonging to a consumer group."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from types import TracebackType
from typing import Any, Final, Protocol, Self, TypeVar

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from connections.errors import DependencyUnavailable
from coordination.waiting import wait_until
from schemas.errors import ConfigurationError
from schemas.offsets import Partition

log = logging.getLogger(__name__)

_T = TypeVar("_T")
_POLL_SECONDS: Final = 0.2
_ASK_AGAIN_SECONDS: Final = 0.1
_NOT_YET: Final = frozenset(
    {
        KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
        KafkaError.COORDINATOR_NOT_AVAILABLE,
        KafkaError.NOT_COORDINATOR,
        KafkaError.LEADER_NOT_AVAILABLE,
        KafkaError.NOT_LEADER_FOR_PARTITION,
    }
)


class KafkaAddress(Protocol):
    """What a reader must know of Kafka; Settings do."""

    @property
    def kafka_bootstrap_servers(self) -> str:
        """Where it is."""
        ...

    @property
    def http_timeout_seconds(self) -> float:
        """How long it may be silent."""
        ...


def committed_reader(kafka: KafkaAddress, name: str) -> dict[str, Any]:
    """What every consumer of ours has in common, as librdkafka's options: committed records alone, commits by hand.

    Args:
        kafka: Where Kafka is.
        name: Of the client, and of its group, on which the client insists even where nothing is committed.
    """
    return {
        "bootstrap.servers": kafka.kafka_bootstrap_servers,
        "client.id": name,
        "group.id": name,
        "isolation.level": "read_committed",
        "enable.auto.commit": False,
        "enable.partition.eof": True,
        "allow.auto.create.topics": False,
    }


class CommittedRecords:
    """A reader of committed records; a context manager that closes its connections.

    Records of open and of aborted transactions, and the markers that end transactions, are passed over.

    Args:
        kafka: Where Kafka is, and how long it may be silent.
    """

    def __init__(self, kafka: KafkaAddress) -> None:
        self._servers = kafka.kafka_bootstrap_servers
        self._timeout_seconds = kafka.http_timeout_seconds
        self._consumer = Consumer(
            {
                **committed_reader(kafka, "shopstream-reader"),
                "auto.offset.reset": "earliest",
                "fetch.wait.max.ms": 20,
                "log_level": 2,  # each attempt to connect is not worth a line: what fails is raised
                "error_cb": lambda error: log.debug("Kafka at %s: %s", self._servers, error),
            },
            logger=log,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._consumer.close()

    def partitions(self, topic: str) -> list[int]:
        """The partitions of a topic.

        Raises:
            ConfigurationError: There is no such topic.
            DependencyUnavailable: Kafka does not answer.
        """
        metadata = self._ask(lambda: self._consumer.list_topics(topic, timeout=self._timeout_seconds)).topics[topic]
        if metadata.error is not None:
            message = f"Kafka at {self._servers} has no topic {topic} ({metadata.error}). './shop migrate' creates it."
            raise ConfigurationError(message)
        return sorted(metadata.partitions)

    def bounds(self, topic: str, partition: int) -> tuple[int, int]:
        """Where a partition begins, and where it ends for a reader of committed records.

        Raises:
            DependencyUnavailable: Kafka does not answer.
        """
        where = TopicPartition(topic, partition)
        first, end = self._ask(lambda: self._consumer.get_watermark_offsets(where, timeout=self._timeout_seconds))
        return first, end

    def read(self, topic: str, partition: int, start: int, end: int) -> Iterator[Message]:
        """The committed records with offsets from ``start`` to ``end``, the latter excluded.

        Reading another range ends this one.

        Raises:
            DependencyUnavailable: Kafka does not answer.
        """
        if start >= end:
            return
        self._consumer.assign([TopicPartition(topic, partition, start)])
        for message in self._until_end():
            offset = message.offset()
            assert offset is not None
            if offset < end:
                yield message
            if offset + 1 >= end:
                return

    def _until_end(self) -> Iterator[Message]:
        """What the assigned partition holds, until its end or until Kafka has been silent for too long."""
        heard = time.monotonic()
        while time.monotonic() - heard < self._timeout_seconds:
            message = self._consumer.poll(_POLL_SECONDS)
            if message is None:
                continue
            problem = message.error()
            if problem is None:
                yield message
            elif problem.code() == KafkaError._PARTITION_EOF:
                return
            else:
                raise self._unavailable(problem)
            heard = time.monotonic()
        raise DependencyUnavailable("Kafka", self._servers, f"no record for {self._timeout_seconds:g} s")

    def _ask(self, question: Callable[[], _T]) -> _T:
        return ask_kafka(question, self._servers, self._timeout_seconds)

    def _unavailable(self, problem: KafkaError) -> DependencyUnavailable:
        return DependencyUnavailable("Kafka", self._servers, problem.str())


def group_offsets(kafka: KafkaAddress, group: str, topics: Iterable[str]) -> dict[Partition, int]:
    """Partition -> the offset from which a consumer group goes on; none of what it has never read.

    Raises:
        ConfigurationError: A topic does not exist.
        DependencyUnavailable: Kafka does not answer.
    """
    return {Partition(each.topic, each.partition): each.offset for each in group_commits(kafka, group, topics)}


def group_commits(kafka: KafkaAddress, group: str, topics: Iterable[str]) -> list[TopicPartition]:
    """What a consumer group has committed, offsets with their metadata; nothing for what it has never read.

    Raises:
        ConfigurationError: A topic does not exist.
        DependencyUnavailable: Kafka does not answer.
    """
    servers, timeout = kafka.kafka_bootstrap_servers, kafka.http_timeout_seconds
    with CommittedRecords(kafka) as records:
        partitions = [TopicPartition(topic, partition) for topic in topics for partition in records.partitions(topic)]
    with closing(Consumer({"bootstrap.servers": servers, "group.id": group, "log_level": 2}, logger=log)) as member:
        commits = ask_kafka(lambda: member.committed(partitions, timeout=timeout), servers, timeout)
    return [each for each in commits if each.offset >= 0]


def ask_kafka(question: Callable[[], _T], servers: str, timeout_seconds: float) -> _T:
    """What Kafka answers; repeated while a broker that has just started, or lost its role, is not ready yet.

    Args:
        question: Asks once, with a time-out of its own.
        servers: Whom, for the error.
        timeout_seconds: How long to go on asking.

    Raises:
        DependencyUnavailable: There is no answer.
    """
    problem: KafkaError

    def answer() -> tuple[_T] | None:
        nonlocal problem
        try:
            return (question(),)
        except KafkaException as error:
            problem = error.args[0]
            if problem.code() in _NOT_YET:
                return None
            raise DependencyUnavailable("Kafka", servers, problem.str()) from error

    def too_late() -> DependencyUnavailable:
        return DependencyUnavailable("Kafka", servers, problem.str())

    (answered,) = wait_until(answer, timeout_seconds, too_late, poll_seconds=_ASK_AGAIN_SECONDS)
    return answered
