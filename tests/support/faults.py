"""Kills parts of a platform and waits until they are back."""

from __future__ import annotations

from local.faults import targets
from local.faults.expectation import expect
from local.faults.targets import kill_worker, process_of, python_workers
from local.platform import Platform
from local.state import PartState

__all__ = ["PYTHON_WORKER", "kill", "process_of"]

PYTHON_WORKER = "python worker"


def kill(platform: Platform, target: str) -> None:
    """kill -9 of a part, or of one of Flink's Python workers; returns when it is back (Flink brings its workers)."""
    if target == PYTHON_WORKER:
        kill_worker(platform, python_workers)
    else:
        _kill_and_wait(platform, target)


def _kill_and_wait(platform: Platform, name: str) -> None:
    restarts = targets.part(platform, name).restarts
    targets.kill(platform, name)
    expect(f"{name} is back", lambda: _has_restarted(platform, name, restarts))


def _has_restarted(platform: Platform, name: str, restarts_before: int) -> bool:
    status = targets.part(platform, name)
    return status.restarts > restarts_before and status.state is PartState.READY
