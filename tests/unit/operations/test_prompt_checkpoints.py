"""Which jobs are asked for a checkpoint, and how often."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest

from flink.cluster import Cluster
from operations.prompt_checkpoints import PromptCheckpoints
from schemas.settings import Settings
from tests.support.flink_cluster import JobManager, job_manager


@pytest.fixture
def flink() -> Iterator[JobManager]:
    with job_manager() as manager:
        manager.jobs = {"analytics": "RUNNING", "ingest": "RUNNING", "sessions": "RESTARTING"}
        yield manager


@pytest.fixture
def cluster(flink: JobManager) -> Iterator[Cluster]:
    with closing(Cluster(Settings(flink_url=flink.url))) as cluster:
        yield cluster


def test_a_job_that_runs_is_asked_for_a_checkpoint(flink: JobManager, cluster: Cluster) -> None:
    PromptCheckpoints(cluster).ask(["ingest", "sessions", "feedback"])
    assert flink.checkpoints == ["ingest"]


def test_the_pauses_grow_for_each_job(flink: JobManager, cluster: Cluster) -> None:
    now = 0.0
    checkpoints = PromptCheckpoints(cluster, lambda: now)
    asked_at: dict[str, list[float]] = {"analytics": [], "ingest": []}
    for look in range(32):
        now = look / 2
        flink.checkpoints = []
        checkpoints.ask(["ingest"] if look < 3 else ["ingest", "analytics"])
        for job in flink.checkpoints:
            asked_at[job].append(now)
    assert asked_at == {"ingest": [0.0, 0.5, 1.5, 3.5, 7.5, 15.5], "analytics": [1.5, 2.0, 3.0, 5.0, 9.0]}


def test_a_job_manager_that_is_away_ends_no_waiting(flink: JobManager, cluster: Cluster) -> None:
    flink.is_away = True
    PromptCheckpoints(cluster).ask(["ingest"])
    assert flink.checkpoints == []
