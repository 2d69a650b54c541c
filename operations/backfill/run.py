"""Runs a backfill: events of the lake into a topic, the job's SQL in Flink, and its rows into shadow tables."""

from __future__ import annotations

import logging
import shutil
import time
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Final

from connections.clickhouse import connected
from coordination.files import locked
from coordination.waiting import wait_until
from flink.checkpoints import checkpoint_directory
from flink.client import FlinkClient
from flink.cluster import Cluster
from flink.code import ROOT
from flink.errors import JobError
from flink.submission import submit_program
from jobs.backfill.plan import KIND, BackfillPlan
from operations.backfill.comparison import Comparison, Days, compare, settle
from operations.backfill.cut import Cut, changed_since, newest_version, take_cut
from operations.backfill.shadow import load_shadow_tables, make_shadow_tables
from operations.backfill.swap import drop_impossible_versions, swap
from operations.history.gather import Gathered, Progress, RunTopics, Source, gather
from operations.lag import wait_until_read
from schemas.errors import ConfigurationError
from schemas.offsets import Partition
from schemas.results import RESULTS, Result
from schemas.settings import Settings
from schemas.topics import EVENTS, consumer_group
from sinks.clickhouse.description import CLICKHOUSE

log = logging.getLogger(__name__)

POLL_SECONDS: Final = 0.5
RUN_SECONDS: Final = 3 * 60 * 60.0
PROGRAM: Final = ROOT / "jobs" / "backfill" / "program.py"


@dataclass(frozen=True, slots=True)
class Backfilled:
    """What a backfill computed.

    Attributes:
        run: Its mark.
        cut: Where history ends.
        results: The results computed.
        history: Its events.
        seconds: How long it took.
    """

    run: str
    cut: Cut
    results: tuple[Result, ...]
    history: Gathered
    seconds: float


def chosen_results(names: Iterable[str]) -> tuple[Result, ...]:
    """The results of these names; all of them for none.

    Raises:
        ConfigurationError: There is no such result.
    """
    chosen = set(names)
    known = {result.name for result in RESULTS}
    if unknown := sorted(chosen - known):
        message = f"There is no metric {', '.join(unknown)}. There are: {', '.join(sorted(known))}."
        raise ConfigurationError(message)
    return tuple(result for result in RESULTS if not chosen or result.name in chosen)


@contextmanager
def backfilled(
    settings: Settings, results: tuple[Result, ...], source: Source, client: FlinkClient, progress: Progress
) -> Iterator[Backfilled]:
    """Compute results again, and keep what is needed to compare and to swap them until the block ends.

    Args:
        settings: Where everything is.
        results: What to compute.
        source: Where the events come from.
        client: Brings the programs to the cluster.
        progress: Called with what is being done.

    Raises:
        JobError: Flink refuses or loses the job.
        ContractError: Events are in neither the lake nor Kafka.
        RecordsDeleted: Kafka deleted events while they were read.
        DependencyUnavailable: A server does not answer.
    """
    started = time.monotonic()
    with locked(settings.data_dir / "backfill.lock"), RunTopics(settings, KIND) as topics:
        cut = take_cut(settings, results)
        topics.create([result.topic for result in results])
        history = gather(settings, cut.bounds, source, topics, progress)
        for job in dict.fromkeys(result.job for result in results):
            names = tuple(result.name for result in results if result.job == job)
            _compute(settings, client, BackfillPlan(topics.run, job, names, history.input), progress)
        history.input.check_held(settings, KIND)
        with connected(settings, settings.clickhouse_database) as clickhouse:
            make_shadow_tables(clickhouse, results)
        load_shadow_tables(
            settings, topics.run, results, lambda r, rows: progress(f"Loading {r.name}: {rows:,} rows ...")
        )
        yield Backfilled(topics.run, cut, results, history, time.monotonic() - started)


def comparisons(
    settings: Settings, done: Backfilled, days: Days, wait_seconds: float, progress: Progress
) -> Iterator[Comparison]:
    """Compare every result with what is live, once the live jobs and the sink have read all that the backfill has.

    Raises:
        StillBehind: They did not within ``wait_seconds``.
        DependencyUnavailable: A server does not answer.
    """
    progress("Waiting until the live jobs have read as far ...")
    events = {Partition(EVENTS, partition): end for partition, end in done.history.input.to_offsets.items()}
    for job in dict.fromkeys(result.job for result in done.results):
        wait_until_read(settings, consumer_group(job), events, wait_seconds)
    ends_now = take_cut(settings, done.results).results
    wait_until_read(settings, CLICKHOUSE.group, ends_now, wait_seconds)
    for result in done.results:
        progress(f"Comparing {result.name} ...")
        yield compare_one(settings, done, result, days)


def compare_one(settings: Settings, done: Backfilled, result: Result, days: Days) -> Comparison:
    """Compare one result with what is live now."""
    with connected(settings, settings.clickhouse_database) as client:
        days_compared, differences = compare(client, result, days, settings.time_zone)
    changed = changed_since(settings, done.cut, result) if differences else set()
    return settle(result, days_compared, differences, changed)


def swap_one(settings: Settings, done: Backfilled, result: Result, days: Days) -> int:
    """Put the backfilled rows of one result in the place of live ones that differ; how many rows that were."""
    newest = newest_version(settings, result)
    with connected(settings, settings.clickhouse_database) as client:
        if dropped := drop_impossible_versions(client, result, newest):
            log.warning("%d rows of %s had versions that no record has; they are deleted", dropped, result.name)
    comparison = compare_one(settings, done, result, days)
    with connected(settings, settings.clickhouse_database) as client:
        return swap(client, comparison)


def _compute(settings: Settings, client: FlinkClient, plan: BackfillPlan, progress: Progress) -> None:
    """Run the Flink job of a plan to its end."""
    progress(f"Submitting {plan.name} ...")
    log_file = client.log(f"backfill-{plan.job}")
    with closing(Cluster(settings)) as cluster:
        try:
            job_id = submit_program(plan.name, PROGRAM, settings, client, log_file, arguments=(plan.to_json(),))
            _wait_until_finished(cluster, job_id, plan, progress)
        except BaseException:  # by its name: it may run before Flink's client has printed its id
            if running := cluster.find(plan.name):
                cluster.cancel(running.id)
            raise
        finally:
            if directory := checkpoint_directory(settings, plan.name):
                shutil.rmtree(directory, ignore_errors=True)


def _wait_until_finished(cluster: Cluster, job_id: str, plan: BackfillPlan, progress: Progress) -> None:
    def has_finished() -> bool:
        status = next((job for job in cluster.jobs() if job.id == job_id), None)
        if status is None or status.state in ("FAILED", "CANCELED"):
            reason = cluster.health(job_id).last_failure if status else "the JobManager lost it"
            message = f"The job {plan.name} failed: {reason}."
            raise JobError(message)
        progress(f"Computing {plan.name}: {status.state.lower()}, {status.tasks_running}/{status.tasks} tasks ...")
        return status.has_ended

    def too_late() -> JobError:
        return JobError(f"The job {plan.name} did not end within {RUN_SECONDS:.0f} seconds and is cancelled.")

    wait_until(has_finished, RUN_SECONDS, too_late, poll_seconds=POLL_SECONDS)
