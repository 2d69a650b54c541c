"""Kills parts of a platform and waits until they are back."""

from __future__ import annotations

import os
import signal
import time

import psutil

from local.platform import Platform
from local.state import PartState, PartStatus

BACK_SECONDS = 180.0
PYTHON_WORKER = "python worker"


def kill(platform: Platform, victim: str) -> None:
    """kill -9 of a part, or of one of Flink's Python workers; returns when it is back (Flink brings its workers)."""
    deadline = time.monotonic() + BACK_SECONDS
    if victim == PYTHON_WORKER:
        while not (workers := python_workers(platform)):
            assert time.monotonic() < deadline, "Flink has not started its Python workers again"
            time.sleep(0.2)
        workers[0].send_signal(signal.SIGKILL)
        return
    before = part(platform, victim)
    assert before.process is not None
    os.kill(before.process.pid, signal.SIGKILL)
    while (now := part(platform, victim)).restarts == before.restarts or now.state is not PartState.READY:
        assert time.monotonic() < deadline, f"{victim} is not back: {now}"
        time.sleep(0.2)


def part(platform: Platform, name: str) -> PartStatus:
    """What the supervisor knows of a part."""
    state = platform.state()
    assert state is not None
    return state.parts[name]


def process_of(platform: Platform, name: str) -> psutil.Process:
    """A part's process."""
    process = part(platform, name).process
    assert process is not None
    return psutil.Process(process.pid)


def python_workers(platform: Platform) -> list[psutil.Process]:
    """Flink's Python workers."""
    children = process_of(platform, "taskmanager").children(recursive=True)
    return [child for child in children if "pyflink.fn_execution" in " ".join(child.cmdline())]
