"""Has everything been consumed? Follows the stages from the domain topics to ClickHouse, by offsets alone.

A stage has read a partition when its group's committed offset has reached the end of it. Three facts make this exact:

- Flink commits a source's offsets when a checkpoint completes, after everything the job wrote for them was flushed. So
  when ``ingest`` has read all, what it wrote is in ``events``, at worst in a transaction that is still open.
- An open transaction shows: the last stable offset lies below the high watermark.
- In a topic written by transactions the last offsets may be markers that no reader ever sees, and in a compacted one
  they may be empty. A reader has all when it stands behind the last record that it can see.

Stages are looked at from the first to the last, each one's committed offsets before the ends they are compared with.
So what a stage wrote before it counted as done is there when the next one is looked at, and a settled answer is true
of everything that was in the domain topics when the look began.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import wait
from dataclasses import asdict, dataclass
from types import TracebackType
from typing import Any, Final, Self, TypeVar

from confluent_kafka import Consumer, IsolationLevel, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec

from connections.errors import DependencyUnavailable
from connections.kafka import CommittedRecords, ask_kafka
from local.jobs import DesiredJobs
from local.paths import DataDirectory
from operations.errors import StillBehind
from schemas.results import ANALYTICS, RESULTS
from schemas.settings import Settings
from schemas.topics import DOMAIN_TOPICS, EVENTS, FAILED_EVENTS, INGEST, consumer_group
from sinks.clickhouse.store import TABLES
from sinks.core.source import GROUP

log = logging.getLogger(__name__)

TRANSACTIONAL: Final = (EVENTS, FAILED_EVENTS)
_HOLLOW_ENDS: Final = frozenset({*TRANSACTIONAL, *(result.topic for result in RESULTS)})
"""Topics whose last offsets may hold no record: markers stand there, or compaction has removed a tombstone."""

_LOOK_SECONDS: Final = 0.5
_FIRST_STEP_BACK: Final = 8
_WORDS: Final = {
    INGEST: "ingest has {count:,} records of the domain topics left to check",
    "open_transactions": "ingest has not committed {count:,} records that it wrote",
    "metrics": "the jobs that compute metrics have {count:,} events left to read",
    "sink": "the ClickHouse sink has {count:,} records left to insert",
}

Partition = tuple[str, int]
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Lag:
    """How far each stage is behind, in offsets (markers of transactions among them make it an upper bound).

    Attributes:
        ingest: Records of the domain topics that ingest has not read.
        open_transactions: Offsets of ``events`` and ``failed-events`` that are written but not committed.
        metrics: Offsets of ``events`` that the jobs which compute metrics have not read, added up.
        sink: Offsets of ``events`` and the result topics that the ClickHouse sink has not inserted.
    """

    ingest: int
    open_transactions: int
    metrics: int
    sink: int

    @property
    def stage(self) -> str | None:
        """The first stage that is behind; None when everything has been consumed."""
        return next((stage for stage, count in asdict(self).items() if count), None)

    @property
    def settled(self) -> bool:
        """Whether everything has been consumed."""
        return self.stage is None

    def __str__(self) -> str:
        stage = self.stage
        return "everything is consumed" if stage is None else _WORDS[stage].format(count=asdict(self)[stage])


def pipeline_lag(settings: Settings) -> Lag:
    """How far each stage is behind now.

    Raises:
        DependencyUnavailable: Kafka does not answer.
        ConfigurationError: A topic does not exist.
    """
    with _Offsets(settings) as offsets:
        return _lag(offsets, metrics_jobs(settings))


def metrics_jobs(settings: Settings) -> list[str]:
    """The jobs that compute metrics and are to run on this platform; ``analytics`` where none was submitted yet."""
    known = {result.job for result in RESULTS}
    return [job for job in DesiredJobs(DataDirectory(settings.data_dir)).names() if job in known] or [ANALYTICS]


def wait_until_settled(
    settings: Settings,
    progress: Callable[[Lag], None],
    timeout_seconds: float,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Wait until every stage has consumed everything.

    Args:
        settings: Where Kafka is.
        progress: Told of each look.
        timeout_seconds: How long to wait.
        clock: Monotonic seconds.
        sleep: Waits so many seconds.

    Raises:
        StillBehind: A stage is still behind after that time; the message says which, and by how much.
        DependencyUnavailable: Kafka does not answer, even after that time.
        ConfigurationError: A topic does not exist.
    """
    deadline = clock() + timeout_seconds
    jobs = metrics_jobs(settings)
    with _Offsets(settings) as offsets:
        while True:
            try:
                lag = _lag(offsets, jobs)
            except DependencyUnavailable:
                if clock() >= deadline:
                    raise
                log.info("Kafka does not answer; asking again")
            else:
                progress(lag)
                if lag.settled:
                    return
                if clock() >= deadline:
                    message = f"After {timeout_seconds:g} s {lag}. See './shop status' and './shop jobs'."
                    raise StillBehind(message)
            sleep(_LOOK_SECONDS)


def wait_until_read(
    settings: Settings,
    group: str,
    ends: Mapping[Partition, int],
    timeout_seconds: float,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Wait until a group has read every record before these ends, whatever comes behind them.

    Raises:
        StillBehind: It has not after that time.
        DependencyUnavailable: Kafka does not answer.
    """
    deadline = clock() + timeout_seconds
    with _Offsets(settings) as offsets:
        while left := offsets.left_before(group, ends):
            if clock() >= deadline:
                message = f"After {timeout_seconds:g} s {group} has {left:,} records left to read. See './shop status'."
                raise StillBehind(message)
            sleep(_LOOK_SECONDS)


def ends_with_open(settings: Settings, topics: Iterable[str]) -> Mapping[Partition, int]:
    """Where the partitions of topics end now, records of open transactions included.

    Raises:
        DependencyUnavailable: Kafka does not answer.
        ConfigurationError: A topic does not exist.
    """
    with _Offsets(settings) as offsets:
        return offsets.high_ends(topics)


def _lag(offsets: _Offsets, jobs: Iterable[str]) -> Lag:
    return Lag(
        ingest=offsets.behind(consumer_group(INGEST), DOMAIN_TOPICS),
        open_transactions=offsets.uncommitted(TRANSACTIONAL),
        metrics=sum(offsets.behind(consumer_group(job), (EVENTS,)) for job in jobs),
        sink=offsets.behind(GROUP, TABLES),
    )


class _Offsets:
    """Asks Kafka for offsets; a context manager that closes its connections."""

    def __init__(self, settings: Settings) -> None:
        self._servers = settings.kafka_bootstrap_servers
        self._timeout_seconds = settings.http_timeout_seconds
        self._client: dict[str, Any] = {"bootstrap.servers": self._servers, "log_level": 2}
        self._admin = AdminClient(self._client, logger=log)
        self._readers: dict[str, Consumer] = {}
        self._records = CommittedRecords(settings)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for reader in self._readers.values():
            reader.close()
        self._records.__exit__(kind, error, traceback)

    def behind(self, group: str, topics: Iterable[str]) -> int:
        """How many offsets of these topics a group has not read."""
        partitions = self._partitions(topics)
        committed = self._committed(group, partitions)
        ends = self._offsets(partitions, OffsetSpec.latest())
        firsts = self._offsets(partitions, OffsetSpec.earliest())
        return sum(
            self._behind(partition, max(committed[partition], firsts[partition]), ends[partition])
            for partition in partitions
        )

    def left_before(self, group: str, ends: Mapping[Partition, int]) -> int:
        """How many offsets before these ends a group has not read."""
        committed = self._committed(group, ends)
        firsts = self._offsets(ends, OffsetSpec.earliest())
        return sum(self._behind(each, max(committed[each], firsts[each]), end) for each, end in ends.items())

    def uncommitted(self, topics: Iterable[str]) -> int:
        """How many offsets of these topics belong to transactions that are open."""
        partitions = self._partitions(topics)
        stable = self._offsets(partitions, OffsetSpec.latest())
        high = self._offsets(partitions, OffsetSpec.latest(), IsolationLevel.READ_UNCOMMITTED)
        return sum(max(0, high[partition] - stable[partition]) for partition in partitions)

    def high_ends(self, topics: Iterable[str]) -> Mapping[Partition, int]:
        """Where the partitions of these topics end, open transactions included."""
        return self._offsets(self._partitions(topics), OffsetSpec.latest(), IsolationLevel.READ_UNCOMMITTED)

    def _behind(self, partition: Partition, position: int, end: int) -> int:
        """What a reader at ``position`` has left, what lies behind the last record not counted."""
        if position >= end or partition[0] not in _HOLLOW_ENDS:
            return max(0, end - position)
        last = self._last_record(partition, position, end)
        return 0 if last is None else last + 1 - position

    def _last_record(self, partition: Partition, position: int, end: int) -> int | None:
        """Offset of the last committed record from ``position`` on, None when there is none; looks from the end."""
        step = _FIRST_STEP_BACK
        while True:
            start = max(position, end - step)
            found = [message.offset() for message in self._records.read(*partition, start, end)]
            if found or start == position:
                return found[-1] if found else None
            step *= 2

    def _partitions(self, topics: Iterable[str]) -> list[Partition]:
        return [(topic, partition) for topic in topics for partition in self._records.partitions(topic)]

    def _committed(self, group: str, partitions: Iterable[Partition]) -> Mapping[Partition, int]:
        """What a group has committed; negative for a partition that it has committed nothing for.

        A consumer of that name that never joins the group is asked: librdkafka's AdminClient crashes the process when
        the group's coordinator is still loading.
        """
        reader = self._readers.get(group)
        if reader is None:
            reader = self._readers[group] = Consumer({**self._client, "group.id": group}, logger=log)
        asked = [TopicPartition(*partition) for partition in partitions]
        answer = self._ask(lambda: reader.committed(asked, timeout=self._timeout_seconds))
        return {(found.topic, found.partition): found.offset for found in answer}

    def _offsets(
        self,
        partitions: Iterable[Partition],
        which: OffsetSpec,
        isolation: IsolationLevel = IsolationLevel.READ_COMMITTED,
    ) -> Mapping[Partition, int]:
        return self._ask(lambda: self._ask_offsets(partitions, which, isolation))

    def _ask_offsets(
        self, partitions: Iterable[Partition], which: OffsetSpec, isolation: IsolationLevel
    ) -> Mapping[Partition, int]:
        request = {TopicPartition(*partition): which for partition in partitions}
        futures = self._admin.list_offsets(request, isolation_level=isolation, request_timeout=self._timeout_seconds)
        wait(
            futures.values(), self._timeout_seconds
        )  # all of them: the client must not go while an answer is under way
        return {(asked.topic, asked.partition): future.result().offset for asked, future in futures.items()}

    def _ask(self, question: Callable[[], _T]) -> _T:
        return ask_kafka(question, self._servers, self._timeout_seconds)
