"""Which jobs run, as the cluster itself says: whoever submitted them, from whichever machine."""

from __future__ import annotations

from typing import Final

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
