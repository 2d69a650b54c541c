from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from local.errors import PlatformError
from local.parts.base import StopStage
from local.processes import ProcessId
from local.runner import HUNG_SECONDS, START_SECONDS, PartRunner
from local.state import PartState, PartStatus


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Machine:
    """Processes that live until ``codes`` says how they ended."""

    def __init__(self) -> None:
        self.started: list[list[str]] = []
        self.codes: dict[int, int] = {}
        self.stopped: list[tuple[int, float]] = []

    def start(self, command: list[str], environment: Mapping[str, str], log: Path) -> ProcessId:
        self.started.append(command)
        return ProcessId(len(self.started), 0.0)

    def exit_code(self, process: ProcessId) -> int | None:
        return self.codes.get(process.pid)

    def stop(self, process: ProcessId, grace_seconds: float) -> None:
        self.stopped.append((process.pid, grace_seconds))


class Echo:
    name = "echo"
    ports: Mapping[str, int] = {"echo": 7}
    stop_stage = StopStage.STORES
    stop_grace_seconds = 3.0
    restarts_with = None
    answers = False
    error: PlatformError | None = None

    def prepare(self) -> None:
        if self.error:
            raise self.error

    def command(self) -> list[str]:
        return ["echo"]

    def environment(self) -> dict[str, str]:
        return {}

    def is_ready(self) -> bool:
        return self.answers


class Stage:
    """A runner with everything around it."""

    def __init__(self, log: Path) -> None:
        self.part, self.machine, self.clock = Echo(), Machine(), Clock()
        self.seen: list[PartStatus] = []
        self.runner = PartRunner(
            self.part, log, self.machine, self.clock, lambda _name, status: self.seen.append(status)
        )

    def after(self, seconds: float) -> PartStatus:
        self.clock.now += seconds
        self.runner.tick()
        return self.runner.status

    def ready(self) -> PartStatus:
        self.runner.tick()
        self.part.answers = True
        return self.after(1.5)


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path / "echo.log")


def test_a_part_is_ready_when_it_answers(stage: Stage) -> None:
    stage.runner.tick()
    assert stage.after(1.0).state is PartState.STARTING
    stage.part.answers = True
    status = stage.after(0.5)
    assert (status.state, status.ready_seconds, status.port) == (PartState.READY, 1.5, 7)


def test_a_part_that_died_starts_again_after_a_wait_and_is_counted(stage: Stage) -> None:
    stage.ready()
    stage.machine.codes[1] = -9
    died = stage.after(0.1)
    assert (died.state, died.problem, died.process) == (PartState.WAITING, "it ended with signal 9", None)
    assert stage.after(0.4).state is PartState.WAITING
    again = stage.after(0.2)
    assert (again.state, again.restarts, again.process) == (PartState.STARTING, 1, ProcessId(2, 0.0))


def test_what_a_part_said_last_before_it_ended_by_itself_is_told(stage: Stage, tmp_path: Path) -> None:
    (tmp_path / "echo.log").write_text("of an earlier life\n")
    stage.ready()
    with (tmp_path / "echo.log").open("a") as log:
        log.write("of this one\nKafka has deleted it\n")
    stage.machine.codes[1] = 5
    assert stage.after(0.1).problem == "it ended with exit code 5: Kafka has deleted it"


def test_a_part_that_cannot_be_prepared_says_why_and_is_tried_again(stage: Stage) -> None:
    stage.part.error = PlatformError("no room")
    stage.runner.tick()
    assert stage.runner.status.problem == "it cannot be started: no room"
    stage.part.error = None
    assert stage.after(0.5).state is PartState.STARTING


def test_a_part_that_stops_answering_is_started_again(stage: Stage) -> None:
    stage.ready()
    stage.part.answers = False
    assert stage.after(HUNG_SECONDS / 2).state is PartState.HUNG
    assert stage.after(HUNG_SECONDS).state is PartState.WAITING
    assert stage.machine.stopped == [(1, 0.0)]


def test_a_part_that_answers_again_is_ready_again(stage: Stage) -> None:
    stage.ready()
    stage.part.answers = False
    stage.after(HUNG_SECONDS / 2)
    stage.part.answers = True
    assert stage.after(1.0).state is PartState.READY
    assert stage.machine.stopped == []


def test_a_part_that_never_becomes_ready_is_started_again(stage: Stage) -> None:
    stage.runner.tick()
    status = stage.after(START_SECONDS + 1)
    assert (status.state, status.restarts) == (PartState.WAITING, 1)
    assert status.problem == f"it did not answer for {START_SECONDS + 1:.0f} seconds"


def test_a_stopped_part_is_given_its_grace(stage: Stage) -> None:
    stage.ready()
    stage.runner.stop()
    assert stage.machine.stopped == [(1, 3.0)]
    assert stage.seen[-1] == stage.runner.status
    assert (stage.runner.status.state, stage.runner.status.process) == (PartState.STOPPED, None)
