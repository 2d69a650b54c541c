"""Has everything been consumed? Follows the stages from the domain topics to the stores, by offsets alone.

A stage has read a partition when the offset that it committed has reached the end of it. Three facts make this exact:

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
from collections.abc import Callable, Collection, Iterable, Mapping
from concurrent.futures import wait
from contextlib import closing
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final, Self, TypeVar

from confluent_kafka import Consumer, IsolationLevel, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec

from connections.errors import DependencyUnavailable
from connections.kafka import CommittedRecords, ask_kafka
from coordination.waiting import wait_until
from flink.cluster import Cluster
from flink.code import known_jobs
from operations.errors import StillBehind
from operations.prompt_checkpoints import PromptCheckpoints
from operations.running_jobs import describe, readers_of_events
from schemas.errors import ShopError
from schemas.offsets import Partition
from schemas.settings import Settings
from schemas.topics import DOMAIN_TOPICS, EVENTS, FAILED_EVENTS, INGEST, TOPICS, Cleanup, consumer_group
from sinks.core.description import SinkDescription
from sinks.registered import SINKS

log = logging.getLogger(__name__)

TRANSACTIONAL: Final = (EVENTS, FAILED_EVENTS)
_HOLLOW_ENDS: Final = frozenset(
    {*TRANSACTIONAL, *(topic.name for topic in TOPICS if topic.cleanup is not Cleanup.DELETE)}
)
"""Topics whose last offsets may hold no record: markers stand there, or compaction has removed a tombstone."""

PROMPT_SINKS: Final = tuple(sink for sink in SINKS if sink.is_prompt)
"""Those that are done moments after Kafka is."""

_LOOK_SECONDS: Final = 0.5
_FIRST_STEP_BACK: Final = 8

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Lag:
    """How far each stage is behind, in offsets (markers of transactions among them make it an upper bound).

    Attributes:
        ingest: Records of the domain topics that ingest has not read.
        open_transactions: Offsets of ``events`` and ``failed-events`` that are written but not committed.
        jobs: Job -> offsets of ``events`` that it has not read.
        sinks: Title of a store -> offsets of its topics that its sink has not brought to it.
    """

    ingest: int
    open_transactions: int
    jobs: Mapping[str, int]
    sinks: Mapping[str, int]

    @property
    def stage(self) -> str | None:
        """The first stage that is behind; None when everything has been consumed."""
        behind = {
            "ingest": self.ingest,
            "open_transactions": self.open_transactions,
            "jobs": sum(self.jobs.values()),
            "sinks": sum(self.sinks.values()),
        }
        return next((stage for stage, count in behind.items() if count), None)

    @property
    def jobs_behind(self) -> frozenset[str]:
        """The jobs that the first stage which is behind waits for: a checkpoint of theirs may bring it on."""
        match self.stage:
            case "ingest" | "open_transactions":
                return frozenset({INGEST})
            case "jobs":
                return frozenset(name for name, count in self.jobs.items() if count)
            case _:
                return frozenset()

    @property
    def settled(self) -> bool:
        """Whether everything has been consumed."""
        return self.stage is None

    def __str__(self) -> str:
        match self.stage:
            case "ingest":
                return f"ingest has {self.ingest:,} records of the domain topics left to check"
            case "open_transactions":
                return f"ingest has not committed {self.open_transactions:,} records that it wrote"
            case "jobs":
                return f"jobs have events left to read: {_counts(self.jobs)}"
            case "sinks":
                return f"sinks have records left to write: {_counts(self.sinks)}"
            case _:
                return "everything is consumed"


def _counts(behind: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in behind.items() if count)


def pipeline_lag(settings: Settings, sinks: Iterable[SinkDescription] = SINKS) -> Lag:
    """How far each stage is behind now.

    Raises:
        DependencyUnavailable: Kafka, Flink or a store does not answer.
        ConfigurationError: A topic does not exist.
    """
    with closing(Cluster(settings)) as cluster, _Offsets(settings) as offsets:
        return _lag(settings, offsets, readers_of_events(cluster), sinks)


def open_transactions(settings: Settings) -> int:
    """How many offsets ingest has written and not committed.

    Raises:
        DependencyUnavailable: Kafka does not answer.
        ConfigurationError: A topic does not exist.
    """
    with _Offsets(settings) as offsets:
        return offsets.uncommitted(TRANSACTIONAL)


def wait_until_accepted(settings: Settings, timeout_seconds: float) -> None:
    """Wait until ingest has checked every record of the domain topics, and has committed what it accepted.

    Raises:
        StillBehind: It has not after that time.
        DependencyUnavailable: Kafka does not answer.
    """
    ends = ends_with_open(settings, DOMAIN_TOPICS)
    wait_until_read(settings, consumer_group(INGEST), ends, timeout_seconds)
    with closing(Cluster(settings)) as cluster:
        checkpoints = PromptCheckpoints(cluster)

        def is_committed() -> bool:
            is_open = open_transactions(settings) > 0
            if is_open:
                checkpoints.ask([INGEST])
            return not is_open

        wait_until(
            is_committed,
            timeout_seconds,
            lambda: StillBehind(f"After {timeout_seconds:g} s ingest has not committed what it wrote."),
            poll_seconds=_LOOK_SECONDS,
        )


def wait_until_settled(
    settings: Settings,
    progress: Callable[[Lag], None],
    timeout_seconds: float,
    sinks: Iterable[SinkDescription] = PROMPT_SINKS,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Wait until every stage has consumed everything, asking for checkpoints of the jobs that are waited for.

    A job that was seen once is waited for, even when the JobManager has lost it since: it will be submitted again.

    Args:
        settings: Where Kafka, Flink and the stores are.
        progress: Told of each look.
        timeout_seconds: How long to wait.
        sinks: Which of them.
        clock: Monotonic seconds.
        sleep: Waits so many seconds.

    Raises:
        StillBehind: A stage is still behind after that time; the message says which, and by how much.
        DependencyUnavailable: A server does not answer, even after that time.
        ConfigurationError: A topic does not exist.
    """
    waited_for = tuple(sinks)
    jobs: dict[str, None] = {}
    problem: ShopError

    def is_settled() -> bool:
        nonlocal problem
        try:
            jobs.update(dict.fromkeys(readers_of_events(cluster)))
            lag = _lag(settings, offsets, jobs, waited_for)
        except DependencyUnavailable as error:
            log.info("Asking again: %s", error)
            problem = error
            return False
        progress(lag)
        checkpoints.ask(lag.jobs_behind)
        problem = StillBehind(f"After {timeout_seconds:g} s {lag}. See './shop status' and './shop jobs'.")
        return lag.settled

    with closing(Cluster(settings)) as cluster, _Offsets(settings) as offsets:
        checkpoints = PromptCheckpoints(cluster, clock)
        wait_until(is_settled, timeout_seconds, lambda: problem, poll_seconds=_LOOK_SECONDS, clock=clock, sleep=sleep)


def wait_until_read(
    settings: Settings,
    group: str,
    ends: Mapping[Partition, int],
    timeout_seconds: float,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Wait until a group has read every record before these ends, whatever comes behind them.

    If it is a job's, checkpoints of that job are asked for.

    Raises:
        StillBehind: It has not after that time.
        DependencyUnavailable: Kafka does not answer.
    """
    left = 0
    jobs = [job for job in known_jobs() if consumer_group(job) == group]

    def has_read_all() -> bool:
        nonlocal left
        left = offsets.left_before(group, ends)
        if left:
            checkpoints.ask(jobs)
        return left == 0

    def too_late() -> StillBehind:
        reasons = [describe(cluster, job) for job in jobs]
        if held := offsets.uncommitted({partition.topic for partition in ends}):
            reasons.append(f"{held:,} records of its topics are in open transactions")
        known = f" ({'; '.join(reasons)})" if reasons else ""
        return StillBehind(
            f"After {timeout_seconds:g} s {group} has {left:,} records left to read{known}. See './shop status'."
        )

    with closing(Cluster(settings)) as cluster, _Offsets(settings) as offsets:
        checkpoints = PromptCheckpoints(cluster, clock)
        wait_until(has_read_all, timeout_seconds, too_late, poll_seconds=_LOOK_SECONDS, clock=clock, sleep=sleep)


def ends_with_open(settings: Settings, topics: Iterable[str]) -> Mapping[Partition, int]:
    """Where the partitions of topics end now, records of open transactions included.

    Raises:
        DependencyUnavailable: Kafka does not answer.
        ConfigurationError: A topic does not exist.
    """
    with _Offsets(settings) as offsets:
        return offsets.high_ends(topics)


def _lag(settings: Settings, offsets: _Offsets, jobs: Iterable[str], sinks: Iterable[SinkDescription]) -> Lag:
    return Lag(
        ingest=offsets.behind(consumer_group(INGEST), DOMAIN_TOPICS),
        open_transactions=offsets.uncommitted(TRANSACTIONAL),
        jobs={job: offsets.behind(consumer_group(job), (EVENTS,)) for job in jobs},
        sinks={sink.title: _behind(settings, offsets, sink) for sink in sinks},
    )


def _behind(settings: Settings, offsets: _Offsets, sink: SinkDescription) -> int:
    if sink.applied is None:
        return offsets.behind(sink.group, sink.topics)
    return offsets.behind_positions(sink.applied(settings), sink.topics)


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

    def behind(self, group: str, topics: Collection[str]) -> int:
        """How many offsets of these topics a group has not read."""
        return self.behind_positions(self._committed(group, self._partitions(topics)), topics)

    def behind_positions(self, positions: Mapping[Partition, int], topics: Collection[str]) -> int:
        """How many offsets of these topics lie behind the positions; all of them where there is no position."""
        partitions = self._partitions(topics)
        ends = self._offsets(partitions, OffsetSpec.latest())
        firsts = self._offsets(partitions, OffsetSpec.earliest())
        return sum(
            self._behind(partition, max(positions.get(partition, 0), firsts[partition]), ends[partition])
            for partition in partitions
        )

    def left_before(self, group: str, ends: Mapping[Partition, int]) -> int:
        """How many offsets before these ends a group has not read, with those that an open transaction holds back."""
        committed = self._committed(group, ends)
        firsts = self._offsets(ends, OffsetSpec.earliest())
        stable = self._offsets(ends, OffsetSpec.latest())
        left = 0
        for partition, end in ends.items():
            position = max(committed[partition], firsts[partition])
            is_open = stable[partition] < end  # nobody knows yet what of it will be committed
            left += max(0, end - position) if is_open else self._behind(partition, position, end)
        return left

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
            read = [message.offset() for message in self._records.read(*partition, start, end)]
            if read or start == position:
                return read[-1] if read else None
            step *= 2

    def _partitions(self, topics: Iterable[str]) -> list[Partition]:
        return [Partition(topic, number) for topic in topics for number in self._records.partitions(topic)]

    def _committed(self, group: str, partitions: Iterable[Partition]) -> Mapping[Partition, int]:
        """What a group has committed; negative for a partition that it has committed nothing for.

        It comes from a consumer of that name that never joins the group: librdkafka's AdminClient crashes the process
        when the group's coordinator is still loading.
        """
        reader = self._readers.get(group)
        if reader is None:
            reader = self._readers[group] = Consumer({**self._client, "group.id": group}, logger=log)
        where = [TopicPartition(*partition) for partition in partitions]
        answer = self._ask(lambda: reader.committed(where, timeout=self._timeout_seconds))
        return {Partition(each.topic, each.partition): each.offset for each in answer}

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
        return {Partition(each.topic, each.partition): future.result().offset for each, future in futures.items()}

    def _ask(self, question: Callable[[], _T]) -> _T:
        return ask_kafka(question, self._servers, self._timeout_seconds)
