"""Which jobs run, as the cluster itself says: whoever submitted them, from whichever machine."""

from __future__ import annotations

import time
from typing import Final

from connections.errors import DependencyUnavailable
from flink.cluster import Cluster
from flink.code import BOUNDED_JOBS, known_jobs
from schemas.results import ANALYTICS, RESULTS
from schemas.topics import INGEST

METRICS_JOBS: Final = frozenset(result.job for result in RESULTS)
"""The jobs that compute what ClickHouse's result tables hold."""


def running_jobs(cluster: Cluster) -> tuple[str, ...]:
    """The streaming jobs of ours that the cluster has and that have not ended, in alphabetical order.

    Raises:
        DependencyUnavailable: The JobManager does not answer.
    """
    names = {job.name for job in cluster.jobs() if not job.has_ended}
    return tuple(name for name in known_jobs() if name in names and name not in BOUNDED_JOBS)


def readers_of_events(cluster: Cluster) -> tuple[str, ...]:
    """The running jobs that read ``events``; ``analytics`` among them where none runs that computes metrics.

    Raises:
        DependencyUnavailable: The JobManager does not answer.
    """
    readers = tuple(job for job in running_jobs(cluster) if job != INGEST)
    return readers if METRICS_JOBS.intersection(readers) else (ANALYTICS, *readers)


def describe(cluster: Cluster, name: str) -> str:
    """How a job fares, for the message of an error: its state, restarts, last checkpoint and last failure."""
    try:
        job = cluster.find(name)
        health = cluster.health(job.id) if job else None
    except DependencyUnavailable as error:
        return str(error)
    if job is None or health is None:
        return f"the job {name} does not run"
    last = health.last_checkpoint_ms
    checkpoint = f"its last checkpoint {time.time() - last / 1000:,.0f} s ago" if last else "no checkpoint yet"
    failure = f", last failure: {health.last_failure}" if health.last_failure else ""
    tasks = f"{job.tasks_running} of {job.tasks} tasks"
    return f"the job {name} is {job.state.lower()} with {tasks}, {health.restarts} restarts, {checkpoint}{failure}"
