"""Kafka: records, ownership of partitions, and committed offsets. Of core, only this module knows confluent-kafka."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple, Protocol

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from connections.errors import DependencyUnavailable, KafkaClientStuck, RecordsDeleted
from connections.kafka import committed_reader
from coordination.time_limit import within
from coordination.waiting import wait_until
from schemas.errors import ShopError
from schemas.offsets import OffsetRange, Partition
from schemas.settings import Settings
from sinks.core.batches import UNKNOWN_MS
from sinks.core.description import SinkDescription
from sinks.core.starting import Start, start_at

logger = logging.getLogger(__name__)

CALL_TIMEOUT_SECONDS: Final = 10.0
COMMIT_SECONDS: Final = 60.0
"""How long a commit may take. librdkafka has no limit of its own, and under load one was seen that never came back."""

LONGEST_FETCH_MS: Final = 200
"""How long Kafka gathers records before it answers."""

ASSIGN_SECONDS: Final = 120.0
"""How long it may take to learn where to begin; below the time after which Kafka takes the process for hung."""
ASSIGN_PAUSE_SECONDS: Final = 0.5

_LOST_OWNERSHIP: Final = frozenset(
    {
        KafkaError.ILLEGAL_GENERATION,
        KafkaError.UNKNOWN_MEMBER_ID,
        KafkaError.REBALANCE_IN_PROGRESS,
        KafkaError.FENCED_INSTANCE_ID,
        KafkaError.STALE_MEMBER_EPOCH,
        KafkaError._ASSIGNMENT_LOST,
    }
)


class Record(NamedTuple):
    """A record; or, with ``end``, the end of a partition: no readable one lies before ``offset``."""

    partition: Partition
    offset: int
    key: bytes | None
    value: bytes | None
    timestamp_ms: int
    end: bool = False


class Owner(Protocol):
    """Called with the partitions that this process owns from now on, or no longer, while records are read."""

    def assigned(self, starts: dict[Partition, Start]) -> None:
        """It owns these, and reads them from there."""

    def revoked(self, partitions: Sequence[Partition]) -> None:
        """It no longer owns these."""


class KafkaSource:
    """A member of a sink's consumer group, which keeps its offsets.

    Args:
        settings: Kafka's address.
        description: What is read, and under which consumer group.
        owner: Called when ownership changes.
        end_of: Where to begin when the group has no offset of a partition; None for the beginning.
    """

    def __init__(
        self,
        settings: Settings,
        description: SinkDescription,
        owner: Owner,
        end_of: Callable[[Partition], int | None],
    ) -> None:
        self._servers = settings.kafka_bootstrap_servers
        self._accepts_deleted = settings.kafka_gaps == "accept"
        self._description = description
        self._owner = owner
        self._end_of = end_of
        self._partitions: dict[tuple[str, int], Partition] = {}
        self._paused = False
        self._is_stuck = False
        self._starting: list[TopicPartition] = []
        self._consumer = Consumer(_configuration(settings, description.group), logger=logger)
        self._subscribe()

    def close(self) -> None:
        """Leave the group, unless the client is stuck: it would not come back from this either."""
        if not self._is_stuck:
            self._consumer.close()

    def read(self, most: int, timeout_seconds: float) -> list[Record]:
        """The next records, at most ``most``, after at most the time-out; changes of ownership come before.

        Raises:
            KafkaClientStuck: It does not come back from a commit.
            ShopError: The consumer cannot go on.
        """
        messages = self._consumer.consume(most, timeout_seconds)
        self._commit_starting_offsets()
        records = []
        for message in messages:
            record = self._record(message)
            if record is not None:
                records.append(record)
        return records

    def pause(self) -> None:
        """Read no further, but stay a member."""
        self._paused = True
        self._consumer.pause(self._consumer.assignment())

    def resume(self) -> None:
        """Read on where ``pause`` stopped."""
        if self._paused:
            self._paused = False
            self._consumer.resume(self._consumer.assignment())

    def rejoin(self) -> None:
        """Join the group anew: what this process owns, and where it begins, is decided afresh."""
        self._consumer.unsubscribe()
        self._subscribe()

    def prepare(self, offsets: OffsetRange) -> bool:
        """Commit the range as metadata at its first offset. See ``delivery.OffsetStore``."""
        return self._commit([TopicPartition(*offsets.partition, offsets.first, metadata=offsets.to_metadata())])

    def commit(self, partition: Partition, next_offset: int) -> bool:
        """Commit the offset without metadata. See ``delivery.OffsetStore``."""
        return self._commit([TopicPartition(*partition, next_offset, metadata="")])

    def lag(self, positions: dict[Partition, int]) -> int:
        """Records beyond the positions, by the ends that the last fetches brought."""
        ends = (
            (self._consumer.get_watermark_offsets(TopicPartition(*p), cached=True), at) for p, at in positions.items()
        )
        return sum(max(0, high - at) for (_, high), at in ends)

    def _subscribe(self) -> None:
        self._consumer.subscribe(
            list(self._description.topics),
            on_assign=self._on_assign,
            on_revoke=self._on_revoke,
            on_lost=self._on_revoke,
        )

    def _record(self, message: Message[bytes, bytes]) -> Record | None:
        error = message.error()
        if error is None:
            return Record(
                self._partition(message), message.offset() or 0, message.key(), message.value(), message.timestamp()[1]
            )
        if error.code() == KafkaError._PARTITION_EOF:
            return Record(self._partition(message), message.offset() or 0, None, None, UNKNOWN_MS, end=True)
        if error.fatal() or error.code() == KafkaError._AUTO_OFFSET_RESET:
            raise self._hopeless(error)
        logger.warning("Kafka: %s", error)
        return None

    def _partition(self, message: Message[bytes, bytes]) -> Partition:
        name = (message.topic() or "", message.partition() or 0)
        return self._partitions.get(name) or self._partitions.setdefault(name, Partition(*name))

    def _commit(self, offsets: list[TopicPartition]) -> bool:
        """Commit offsets; False when this process no longer owns their partitions.

        Not from within a callback of the client: there it answers no thread but the one that it called.

        Raises:
            DependencyUnavailable: Kafka does not answer.
            KafkaClientStuck: The client does not come back.
        """
        try:
            committed = within(COMMIT_SECONDS, lambda: self._consumer.commit(offsets=offsets, asynchronous=False))
            for each in committed:
                if each.error:
                    raise KafkaException(each.error)
        except TimeoutError as error:
            self._is_stuck = True
            raise KafkaClientStuck(self._servers, "commit", COMMIT_SECONDS) from error
        except KafkaException as error:
            return self._lost_ownership(error)
        return True

    def _lost_ownership(self, error: KafkaException) -> bool:
        reason: KafkaError = error.args[0]
        if reason.fatal():
            raise self._hopeless(reason) from error
        if reason.code() in _LOST_OWNERSHIP:
            logger.info("This process no longer owns its partitions: %s", reason)
            return False
        raise DependencyUnavailable("Kafka", self._servers, str(reason)) from error

    def _hopeless(self, reason: KafkaError) -> ShopError:
        return ShopError(f"The Kafka consumer of {self._servers} cannot go on and must be started anew: {reason}")

    def _on_assign(self, _consumer: Consumer, assigned: list[TopicPartition]) -> None:
        starts = self._starts(assigned)
        logger.info("Owns %s", ", ".join(f"{p} from {start.position}" for p, start in starts.items()) or "nothing")
        self._owner.assigned(starts)
        offsets = [TopicPartition(*partition, start.position) for partition, start in starts.items()]
        self._consumer.assign(offsets)
        if self._paused:
            self._consumer.pause(offsets)
        else:
            self._consumer.resume(offsets)  # paused when it was taken away, a partition would come back paused

    def _on_revoke(self, _consumer: Consumer, revoked: list[TopicPartition]) -> None:
        self._starting = []  # a later owner may have committed more by now
        self._owner.revoked([_partition(each) for each in revoked])

    def _starts(self, assigned: list[TopicPartition]) -> dict[Partition, Start]:
        problem: Exception

        def starts() -> tuple[dict[Partition, Start]] | None:
            nonlocal problem
            try:
                return (self._starts_now(assigned),)
            except (KafkaException, DependencyUnavailable) as error:
                logger.warning("Where to begin is not known yet, asking again: %s", error)
                problem = error
                return None

        def too_late() -> DependencyUnavailable:
            return DependencyUnavailable(f"Kafka or {self._description.title}", self._servers, str(problem))

        (known,) = wait_until(starts, ASSIGN_SECONDS, too_late, poll_seconds=ASSIGN_PAUSE_SECONDS)
        return known

    def _starts_now(self, assigned: list[TopicPartition]) -> dict[Partition, Start]:
        committed = self._consumer.committed(assigned, timeout=CALL_TIMEOUT_SECONDS)
        starts = {_partition(each): self._start(each) for each in committed}
        self._starting = [
            TopicPartition(*partition, starts[partition].position)
            for partition in (_partition(each) for each in committed if each.offset < 0)
        ]
        return starts

    def _commit_starting_offsets(self) -> None:
        """Commit where reading begins for the first time: what Kafka deletes from then on is missing.

        Nothing is delivered before: a later commit of these would undo what was committed meanwhile.
        """
        starting, self._starting = self._starting, []
        if starting:
            wait_until(
                lambda: self._is_answered(starting),
                ASSIGN_SECONDS,
                lambda: DependencyUnavailable("Kafka", self._servers, "where reading begins cannot be committed"),
                poll_seconds=ASSIGN_PAUSE_SECONDS,
            )

    def _is_answered(self, starting: list[TopicPartition]) -> bool:
        """Whether Kafka has these offsets, or another process owns their partitions and begins by itself."""
        try:
            self._commit(starting)
        except DependencyUnavailable as error:
            logger.warning("Where reading begins is not committed yet, trying again: %s", error)
            return False
        return True

    def _start(self, committed: TopicPartition) -> Start:
        if committed.error:
            raise KafkaException(committed.error)
        partition, title = _partition(committed), self._description.title
        low, high = self._consumer.get_watermark_offsets(committed, timeout=CALL_TIMEOUT_SECONDS)
        if committed.offset < 0:
            return start_at(title, partition, self._end_of(partition), "", low, high)
        if committed.offset >= low:
            return start_at(title, partition, committed.offset, committed.metadata or "", low, high)
        return self._start_behind_deleted(partition, committed.offset, low, high)

    def _start_behind_deleted(self, partition: Partition, committed: int, low: int, high: int) -> Start:
        """Where to begin when Kafka has deleted what comes next: where a store ends that was rebuilt meanwhile.

        Raises:
            RecordsDeleted: The store lacks records that are gone, and nobody accepts that.
        """
        end = self._end_of(partition)
        if end is not None and end >= low:
            return start_at(self._description.title, partition, end, "", low, high)
        if self._accepts_deleted:
            return start_at(self._description.title, partition, committed, "", low, high)
        raise RecordsDeleted(self._description.group, str(partition), committed, low, self._description.if_deleted)


def _partition(where: TopicPartition) -> Partition:
    return Partition(where.topic, where.partition)


def _configuration(settings: Settings, group: str) -> dict[str, Any]:
    """Settings of librdkafka: exactly what was committed, little memory, and no long wait after a crash."""
    return {
        **committed_reader(settings, group),
        "auto.offset.reset": "error",
        "session.timeout.ms": 6_000,
        "heartbeat.interval.ms": 2_000,
        "socket.timeout.ms": 10_000,
        "reconnect.backoff.max.ms": 2_000,
        "topic.metadata.refresh.interval.ms": 30_000,
        # A request names every partition: few of them, which bring what has come meanwhile.
        "fetch.min.bytes": 128 * 1024,
        "fetch.wait.max.ms": min(settings.sink_batch_ms, LONGEST_FETCH_MS),
        "fetch.max.bytes": 4 * 1024 * 1024,
        "max.partition.fetch.bytes": 1 * 1024 * 1024,
        "queued.max.messages.kbytes": 8 * 1024,
        "fetch.queue.backoff.ms": 20,
        "error_cb": lambda error: logger.warning("Kafka: %s", error),
    }
