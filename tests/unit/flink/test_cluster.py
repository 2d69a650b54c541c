"""What an operator of a job has taken in and given out, as the JobManager says."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest

from flink.cluster import Cluster, OperatorCounts, _root_cause
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


TRACE = """org.apache.flink.runtime.taskmanager.AsynchronousException: Caught exception while processing timer.
\tat org.apache.flink.streaming.runtime.tasks.StreamTask.onFailure(StreamTask.java:1)
Caused by: java.lang.RuntimeException: Error of the SDK harness, instruction 298: Traceback (most recent call last):
  File "worker.py", line 5, in process
    return rules.decide(records)
schemas.errors.RegistryUnavailable: The registry does not answer.

\tat org.apache.beam.runners.fnexecution.control.FnApiControlClient.onNext(FnApiControlClient.java:2)
"""


@pytest.mark.parametrize(
    ("trace", "cause"),
    [
        (TRACE, "schemas.errors.RegistryUnavailable: The registry does not answer."),
        (TRACE.partition("  File")[0], TRACE.splitlines()[2].removeprefix("Caused by: ")),
        ("java.io.IOException: no space\n\tat x\nCaused by: a.B: the disk is full\n\tat y", "a.B: the disk is full"),
        ("java.io.IOException: no space\n\tat x", "java.io.IOException: no space"),
    ],
    ids=["of Python", "of a Python without words", "innermost", "the only one"],
)
def test_a_failure_is_told_by_its_cause(trace: str, cause: str) -> None:
    assert _root_cause(trace) == cause


def test_an_operator_s_records_are_those_of_all_its_tasks(cluster: Cluster) -> None:
    assert cluster.counts("id-of-ingest", "Deduplicate") == OperatorCounts(900, 890, since_ms=1)


def test_an_operator_that_a_job_does_not_have_has_no_counts(cluster: Cluster) -> None:
    assert cluster.counts("id-of-ingest", "Rank") is None
    assert cluster.counts("id-of-ingest", "Dedup") is None


def test_tasks_that_have_not_told_yet_are_no_zero(flink: JobManager, cluster: Cluster) -> None:
    flink.metrics = {DEDUPLICATION: {"Deduplicate[4].numRecordsIn": 3}}
    assert cluster.counts("id-of-ingest", "Deduplicate") is None
