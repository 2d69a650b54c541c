"""Runs a backfill: events of the lake into a topic, the job's SQL in Flink, and its rows into shadow tables."""

from __future__ import annotations

import logging
import shutil
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import closing, contextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from jobs.backfill.plan import TOPIC_PREFIX, BackfillPlan, history_topic, shadow_topic
from jobs.submission import ROOT, Cluster, checkpoint_directory, submit_program
from lake.columns import to_events
from lake.history import check_no_gap, lake_part
from lake.manifest import ends, read_manifest
from lake.storage import lake_storage
from local.backfill.comparison import Comparison, Days, compare, settle
from local.backfill.cut import Cut, changed_since, newest_version, take_cut
from local.backfill.shadow import load_shadow_tables, make_shadow_tables
from local.backfill.swap import drop_impossible_versions, swap
from local.downloads import Jars, default_cache, read_lock
from local.files import locked
from local.flink import FlinkDistribution
from local.lag import wait_until_read
from local.paths import DataDirectory
from producers.publisher import Publisher
from schemas.errors import ConfigurationError, DependencyUnavailable, JobError
from schemas.results import RESULTS, Result
from schemas.settings import Settings
from schemas.topics import EVENTS, consumer_group
from schemas.warehouse import connected
from sinks.clickhouse.source import GROUP

log = logging.getLogger(__name__)

POLL_SECONDS: Final = 0.5
RUN_SECONDS: Final = 3 * 60 * 60.0
PROGRAM: Final = ROOT / "jobs" / "backfill" / "program.py"

Progress = Callable[[str], None]


class Source(StrEnum):
    """Where the events come from.

    AUTO takes from the lake only what Kafka no longer holds; LAKE takes from it all that it has.
    """

    AUTO = "auto"
    LAKE = "lake"


@dataclass(frozen=True, slots=True)
class Backfilled:
    """What a backfill computed.

    Attributes:
        run: Its mark.
        cut: Its stretch of history.
        results: The results computed.
        events: How many events were read.
        from_lake: How many of them came from the lake.
        seconds: How long it took.
    """

    run: str
    cut: Cut
    results: tuple[Result, ...]
    events: int
    from_lake: int
    seconds: float


def chosen_results(names: Iterable[str]) -> tuple[Result, ...]:
    """The results of these names; all of them for none.

    Raises:
        ConfigurationError: There is no such result.
    """
    wanted = set(names)
    known = {result.name for result in RESULTS}
    if unknown := sorted(wanted - known):
        message = f"There is no metric {', '.join(unknown)}. There are: {', '.join(sorted(known))}."
        raise ConfigurationError(message)
    return tuple(result for result in RESULTS if not wanted or result.name in wanted)


@contextmanager
def backfilled(
    settings: Settings, results: tuple[Result, ...], source: Source, progress: Progress
) -> Iterator[Backfilled]:
    """Compute results again, and keep what is needed to compare and to swap them until the block ends.

    Raises:
        JobError: Flink refuses or loses the job.
        ContractError: Events are in neither the lake nor Kafka.
        DependencyUnavailable: A server does not answer.
    """
    started = time.monotonic()
    data = DataDirectory(settings.data_dir)
    data.create()
    with locked(data.root / "backfill.lock"), _Topics(settings) as topics:
        topics.drop_leftovers()
        cut = take_cut(settings, results)
        run = format(time.time_ns() // 1_000_000, "x")
        topics.create([shadow_topic(run, result) for result in results])
        starts, from_lake = _publish_lake(settings, cut, source, run, topics, progress)
        for job in dict.fromkeys(result.job for result in results):
            names = tuple(result.name for result in results if result.job == job)
            plan = BackfillPlan(run, job, names, history_topic(run) if from_lake else "", starts, cut.events)
            _compute(settings, data, plan, progress)
        with connected(settings, settings.clickhouse_database) as client:
            make_shadow_tables(client, results)
        load_shadow_tables(settings, run, results, lambda r, rows: progress(f"Loading {r.name}: {rows:,} rows ..."))
        count = from_lake + sum(max(0, end - starts[partition]) for partition, end in cut.events.items())
        yield Backfilled(run, cut, results, count, from_lake, time.monotonic() - started)


def comparisons(
    settings: Settings, done: Backfilled, days: Days, wait_seconds: float, progress: Progress
) -> Iterator[Comparison]:
    """Compare every result with what is live, once the live jobs and the sink have read all that the backfill has.

    Raises:
        PlatformError: They did not within ``wait_seconds``.
        DependencyUnavailable: A server does not answer.
    """
    progress("Waiting until the live jobs have read as far ...")
    events = {(EVENTS, partition): end for partition, end in done.cut.events.items()}
    for job in dict.fromkeys(result.job for result in done.results):
        wait_until_read(settings, consumer_group(job), events, wait_seconds)
    ends_now = take_cut(settings, done.results).results
    wait_until_read(settings, GROUP, ends_now, wait_seconds)
    for result in done.results:
        progress(f"Comparing {result.name} ...")
        yield compare_one(settings, done, result, days)


def compare_one(settings: Settings, done: Backfilled, result: Result, days: Days) -> Comparison:
    """Compare one result with what is live now."""
    with connected(settings, settings.clickhouse_database) as client:
        found, differences = compare(client, result, days, settings.time_zone)
    changed = changed_since(settings, done.cut, result) if differences else set()
    return settle(result, found, differences, changed)


def swap_one(settings: Settings, done: Backfilled, result: Result, days: Days) -> int:
    """Put the backfilled rows of one result in the place of live ones that differ; how many rows that were."""
    newest = newest_version(settings, result)
    with connected(settings, settings.clickhouse_database) as client:
        if dropped := drop_impossible_versions(client, result, newest):
            log.warning("%d rows of %s had versions that no record has; they are deleted", dropped, result.name)
    comparison = compare_one(settings, done, result, days)
    with connected(settings, settings.clickhouse_database) as client:
        return swap(client, comparison)


def _publish_lake(
    settings: Settings, cut: Cut, source: Source, run: str, topics: _Topics, progress: Progress
) -> tuple[dict[int, int], int]:
    """Bring the events that come from the lake into a topic; where Kafka goes on, and how many they are."""
    storage = lake_storage(settings)
    entries = read_manifest(storage)
    in_lake = {partition: end for (topic, partition), end in ends(entries).items() if topic == EVENTS}
    for partition, low in cut.kept.items():
        check_no_gap(partition, in_lake.get(partition, 0), low)
    starts = {
        partition: min(in_lake.get(partition, 0), cut.events[partition]) if source is Source.LAKE else low
        for partition, low in cut.kept.items()
    }
    if not any(starts.values()):
        return starts, 0
    topics.create([history_topic(run)])
    published = 0
    with Publisher(settings) as publisher:
        for _, table in lake_part(storage, entries, starts):
            for event in to_events(table):
                publisher.publish_again(history_topic(run), event)
            published += len(table)
            progress(f"Reading the lake: {published:,} events ...")
    return starts, published


def _compute(settings: Settings, data: DataDirectory, plan: BackfillPlan, progress: Progress) -> None:
    """Run the Flink job of a plan to its end."""
    progress(f"Submitting {plan.name} ...")
    jars = Jars(read_lock(), default_cache())
    jars.fetch()
    client = FlinkDistribution(settings, data, jars)
    client.write_configuration()
    log_file = data.log(f"backfill-{plan.job}")
    with closing(Cluster(settings)) as cluster:
        try:
            job_id = submit_program(plan.name, PROGRAM, settings, client, log_file, arguments=(plan.to_json(),))
            _wait_until_finished(cluster, job_id, plan, progress)
        except BaseException:  # by its name: it may run before Flink's client has told its id
            if running := cluster.find(plan.name):
                cluster.cancel(running.id)
            raise
        finally:
            if directory := checkpoint_directory(settings, plan.name):
                shutil.rmtree(directory, ignore_errors=True)


def _wait_until_finished(cluster: Cluster, job_id: str, plan: BackfillPlan, progress: Progress) -> None:
    deadline = time.monotonic() + RUN_SECONDS
    while time.monotonic() < deadline:
        status = next((job for job in cluster.jobs() if job.id == job_id), None)
        if status is None or status.state in ("FAILED", "CANCELED"):
            reason = cluster.health(job_id).last_failure if status else "the JobManager lost it"
            message = f"The job {plan.name} failed: {reason}."
            raise JobError(message)
        if status.has_ended:
            return
        progress(f"Computing {plan.name}: {status.state.lower()}, {status.tasks_running}/{status.tasks} tasks ...")
        time.sleep(POLL_SECONDS)
    message = f"The job {plan.name} did not end within {RUN_SECONDS:.0f} seconds and is cancelled."
    raise JobError(message)


class _Topics:
    """The topics of a run, which are deleted when it ends."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._admin = AdminClient({"bootstrap.servers": settings.kafka_bootstrap_servers}, logger=log)
        self._made: list[str] = []

    def __enter__(self) -> _Topics:
        return self

    def __exit__(self, *_: object) -> None:
        self._drop(self._made)

    def create(self, names: list[str]) -> None:
        """Make topics that keep everything until they are deleted."""
        new = [
            NewTopic(
                name,
                num_partitions=self._settings.topic_partitions,
                replication_factor=self._settings.topic_replication,
                config={"retention.ms": "-1", "cleanup.policy": "delete"},
            )
            for name in names
        ]
        self._made += names
        self._wait(self._admin.create_topics(new, request_timeout=self._settings.http_timeout_seconds))

    def drop_leftovers(self) -> None:
        """Delete what a run left that was killed."""
        found = self._admin.list_topics(timeout=self._settings.http_timeout_seconds).topics
        self._drop([name for name in found if name.startswith(TOPIC_PREFIX)])

    def _drop(self, names: list[str]) -> None:
        if names:
            self._wait(self._admin.delete_topics(names, request_timeout=self._settings.http_timeout_seconds))

    def _wait(self, futures: Mapping[str, Future[Any]]) -> None:
        try:
            for future in futures.values():
                future.result()
        except KafkaException as error:
            servers = self._settings.kafka_bootstrap_servers
            raise DependencyUnavailable("Kafka", servers, str(error.args[0])) from error
