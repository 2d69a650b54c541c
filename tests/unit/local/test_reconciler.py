from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from connections.errors import DependencyUnavailable
from flink.cluster import Cluster, JobStatus
from flink.errors import JobError
from local.desired_jobs import DesiredJobs
from local.jobs import OnOutcome, Submission
from local.paths import DataDirectory
from local.reconciler import JobReconciler
from schemas.settings import Settings


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


class Submitter:
    """Submits to nowhere; refuses as long as ``refusal`` is set."""

    def __init__(self, desired: DesiredJobs) -> None:
        self.desired = desired
        self.batches: list[list[str]] = []
        self.ended = 0
        self.refusal: JobError | None = None

    @contextmanager
    def planned(self, names: list[str]) -> Iterator[Submitter]:
        self.batches.append(names)
        yield self

    def submit(self, on_outcome: OnOutcome) -> None:
        for name in self.batches[-1]:
            on_outcome(name, self.refusal or Submission("a1"))

    def end(self) -> None:
        self.ended += 1

    def cancel(self, name: str) -> bool:
        raise DependencyUnavailable("Flink", "http://nowhere", "gone")


class Stage:
    def __init__(self, root: Path) -> None:
        data = DataDirectory(root)
        data.create()
        self.submitter = Submitter(DesiredJobs(data))
        self.clock = Clock()
        nowhere = Settings(data_dir=root, flink_url="http://127.0.0.1:9")
        self.reconciler = JobReconciler(nowhere, self.submitter, self.clock)  # type: ignore[arg-type]


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    made = Stage(tmp_path)
    yield made
    made.reconciler.close()


@pytest.fixture
def running(monkeypatch: pytest.MonkeyPatch) -> list[JobStatus]:
    statuses: list[JobStatus] = []
    monkeypatch.setattr(Cluster, "jobs", lambda _self: statuses)
    return statuses


def test_a_desired_job_that_does_not_run_is_submitted(stage: Stage, running: list[JobStatus]) -> None:
    stage.submitter.desired.add("ingest")
    stage.reconciler.tick()
    assert stage.submitter.batches == [["ingest"]]


def test_all_that_is_missing_is_submitted_at_once(stage: Stage, running: list[JobStatus]) -> None:
    for name in ("ingest", "analytics"):
        stage.submitter.desired.add(name)
    stage.reconciler.tick()
    assert stage.submitter.batches == [["ingest", "analytics"]]


def test_what_holds_up_all_jobs_is_a_problem_of_each(
    stage: Stage, running: list[JobStatus], monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreachable(on_outcome: OnOutcome) -> None:
        raise DependencyUnavailable("Flink", "http://nowhere", "gone")

    monkeypatch.setattr(stage.submitter, "submit", unreachable)
    for name in ("ingest", "analytics"):
        stage.submitter.desired.add(name)
    stage.reconciler.tick()
    assert set(stage.reconciler.problems) == {"ingest", "analytics"}


def test_a_job_that_runs_is_left_alone_and_one_that_failed_is_not(stage: Stage, running: list[JobStatus]) -> None:
    running += [JobStatus("a", "ingest", "RESTARTING", 1, 0, 4), JobStatus("b", "analytics", "FAILED", 1, 0, 4)]
    for name in ("ingest", "analytics"):
        stage.submitter.desired.add(name)
    stage.reconciler.tick()
    assert stage.submitter.batches == [["analytics"]]


def test_a_job_that_nobody_wants_any_more_is_not_submitted(stage: Stage, running: list[JobStatus]) -> None:
    stage.submitter.desired.add("ingest")
    stage.submitter.desired.remove("ingest")
    stage.reconciler.tick()
    assert stage.submitter.batches == []


def test_a_refused_job_is_tried_again_later_and_its_problem_told(stage: Stage, running: list[JobStatus]) -> None:
    stage.submitter.desired.add("ingest")
    stage.submitter.refusal = JobError("no slots")
    for now in (0.0, 0.5, 1.0, 2.0, 3.0):
        stage.clock.now = now
        stage.reconciler.tick()
    assert len(stage.submitter.batches) == 3  # at 0, 1 and 3 seconds
    assert stage.reconciler.problems == {"ingest": "no slots"}
    stage.submitter.refusal = None
    stage.clock.now = 100.0
    stage.reconciler.tick()
    assert stage.reconciler.problems == {}


def test_while_the_jobmanager_is_silent_nothing_is_submitted(stage: Stage) -> None:
    stage.submitter.desired.add("ingest")
    stage.reconciler.tick()
    assert stage.submitter.batches == []


def test_a_job_that_cannot_be_cancelled_does_not_hold_up_the_stop(stage: Stage) -> None:
    stage.submitter.desired.add("ingest")
    stage.reconciler.cancel_all()
    assert stage.submitter.desired.names() == ["ingest"]


def test_a_submission_under_way_is_ended_when_the_platform_stops(stage: Stage, running: list[JobStatus]) -> None:
    stage.reconciler.stop_submitting()
    stage.submitter.desired.add("ingest")
    stage.reconciler.tick()
    stage.reconciler.stop_submitting()
    assert stage.submitter.ended == 1
