"""Kills parts of a platform and waits until they are back."""

from __future__ import annotations

from local.faults.victims import kill_and_wait, kill_worker, process_of, python_workers
from local.platform import Platform

__all__ = ["PYTHON_WORKER", "kill", "process_of"]

PYTHON_WORKER = "python worker"


def kill(platform: Platform, victim: str) -> None:
    """kill -9 of a part, or of one of Flink's Python workers; returns when it is back (Flink brings its workers)."""
    if victim == PYTHON_WORKER:
        kill_worker(platform, python_workers)
    else:
        kill_and_wait(platform, victim)
