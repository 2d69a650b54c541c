"""Which jobs a cluster runs, whoever submitted them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest

from connections.errors import DependencyUnavailable
from flink.cluster import Cluster
from operations.running_jobs import readers_of_events, running_jobs
from schemas.settings import Settings
from tests.support.flink_cluster import JobManager, job_manager


@pytest.fixture
def flink() -> Iterator[JobManager]:
    with job_manager() as manager:
        yield manager


@pytest.fixture
def cluster(flink: JobManager) -> Iterator[Cluster]:
    with closing(Cluster(Settings(flink_url=flink.url))) as cluster:
        yield cluster


def test_every_job_of_ours_counts_that_has_not_ended_and_reads_on(flink: JobManager, cluster: Cluster) -> None:
    flink.jobs = {
        "ingest": "RUNNING",
        "trending": "RESTARTING",
        "analytics": "CREATED",
        "sessions": "CANCELED",
        "feedback": "FAILED",
        "training": "RUNNING",
        "backfill-analytics-1": "RUNNING",
        "of-somebody-else": "RUNNING",
    }
    assert running_jobs(cluster) == ("analytics", "ingest", "trending")
    assert readers_of_events(cluster) == ("analytics", "trending")


def test_analytics_is_waited_for_where_no_job_computes_metrics(flink: JobManager, cluster: Cluster) -> None:
    flink.jobs = {"ingest": "RUNNING", "personalise": "RUNNING"}
    assert readers_of_events(cluster) == ("analytics", "personalise")


def test_a_job_manager_that_does_not_answer_is_told(flink: JobManager, cluster: Cluster) -> None:
    flink.is_away = True
    with pytest.raises(DependencyUnavailable, match="Flink at"):
        running_jobs(cluster)
