"""When a platform has recovered: every part answers, every job runs, and all that had arrived by then is counted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import closing
from typing import Final, TypeVar

from connections.errors import DependencyUnavailable
from coordination.waiting import wait_until
from flink.cluster import Cluster
from local.faults.expectation import ExpectationFailed, expect
from local.faults.targets import running_state
from local.platform import Platform
from local.state import PartState
from operations.lag import ends_with_open, wait_until_read
from operations.running_jobs import METRICS_JOBS, readers_of_events
from schemas.offsets import Partition
from schemas.settings import Settings
from schemas.topics import DOMAIN_TOPICS, EVENTS, INGEST, consumer_group
from sinks.clickhouse.description import CLICKHOUSE

RECOVERY_SECONDS: Final = 600.0

_T = TypeVar("_T")


def wait_until_recovered(platform: Platform, seconds: float = RECOVERY_SECONDS) -> None:
    """Wait until every record that has arrived by now is counted in ClickHouse, every part answers and every job runs.

    Raises:
        ExpectationFailed: A part or a job is not back in time.
        PlatformError: A record is not counted in time.
    """
    settings = platform.settings
    arrived = _once_available(lambda: ends_with_open(settings, DOMAIN_TOPICS), seconds)
    expect("every part answers", lambda: _parts_answer(platform), seconds)
    expect("every job runs", lambda: _jobs_run(platform), seconds)
    _wait_until_read(settings, consumer_group(INGEST), arrived, seconds)
    events = _once_available(lambda: ends_with_open(settings, (EVENTS,)), seconds)
    with closing(Cluster(settings)) as cluster:
        jobs = METRICS_JOBS.intersection(readers_of_events(cluster))
    for job in jobs:
        _wait_until_read(settings, consumer_group(job), events, seconds)
    results = _once_available(lambda: ends_with_open(settings, CLICKHOUSE.topics), seconds)
    _wait_until_read(settings, CLICKHOUSE.group, results, seconds)


def _jobs_run(platform: Platform) -> bool:
    """Whether every desired job runs, with all its tasks."""
    with closing(Cluster(platform.settings)) as cluster:
        try:
            running = {job.name for job in cluster.jobs() if job.is_running}
        except DependencyUnavailable:
            return False
    return running >= set(platform.jobs.desired.names())


def _parts_answer(platform: Platform) -> bool:
    return all(part.state is PartState.READY for part in running_state(platform).parts.values())


def _wait_until_read(settings: Settings, group: str, ends: Mapping[Partition, int], seconds: float) -> None:
    _once_available(lambda: wait_until_read(settings, group, ends, seconds), seconds)


def _once_available(request: Callable[[], _T], seconds: float) -> _T:
    """The result of a request to Kafka, which may be down for a while."""
    errors: list[DependencyUnavailable] = []

    def attempt() -> tuple[_T] | None:
        try:
            return (request(),)
        except DependencyUnavailable as error:
            errors.append(error)
            return None

    return wait_until(attempt, seconds, lambda: ExpectationFailed(f"Kafka does not answer again: {errors[-1]}"))[0]
