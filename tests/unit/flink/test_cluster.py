"""What an operator of a job has taken in and given out, as the JobManager says."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest

from flink.cluster import Cluster, OperatorCounts
from schemas.settings import Settings
from tests.support.flink_cluster import JobManager, job_manager

SOURCE = "Source: domain_events[1] -> Calc[2] -> (Calc[3], Calc[6] -> failed_events[7]: Writer)"
DEDUPLICATION = "Deduplicate[4] -> Calc[5] -> trusted_events[5]: Writer -> trusted_events[5]: Committer"
METRICS = {"Deduplicate[4].numRecordsIn": 900, "Deduplicate[4].numRecordsOut": 890, "Calc[5].numRecordsIn": 890}


@pytest.fixture
def flink() -> Iterator[JobManager]:
    with job_manager() as manager:
        manager.jobs = {"ingest": "RUNNING"}
        manager.metrics = {SOURCE: {"Calc[2].numRecordsOut": 950}, DEDUPLICATION: METRICS}
        yield manager


@pytest.fixture
def cluster(flink: JobManager) -> Iterator[Cluster]:
    with closing(Cluster(Settings(flink_url=flink.url))) as cluster:
        yield cluster


def test_an_operator_s_records_are_those_of_all_its_tasks(cluster: Cluster) -> None:
    assert cluster.counts("id-of-ingest", "Deduplicate") == OperatorCounts(900, 890, since_ms=1)


def test_an_operator_that_a_job_does_not_have_has_no_counts(cluster: Cluster) -> None:
    assert cluster.counts("id-of-ingest", "Rank") is None
    assert cluster.counts("id-of-ingest", "Dedup") is None


def test_tasks_that_have_not_told_yet_are_no_zero(flink: JobManager, cluster: Cluster) -> None:
    flink.metrics = {DEDUPLICATION: {"Deduplicate[4].numRecordsIn": 3}}
    assert cluster.counts("id-of-ingest", "Deduplicate") is None
