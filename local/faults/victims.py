"""Finds, kills, stops and continues the processes of a platform."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Final

import psutil

from local.faults.fault import NotAsPromised
from local.memory import PYTHON_WORKER
from local.platform import Platform
from local.processes import ProcessId
from local.state import PartState, PartStatus, PlatformState

BACK_SECONDS: Final = 240.0
POLL_SECONDS: Final = 0.2


def wait_until(what: str, condition: Callable[[], bool], seconds: float = BACK_SECONDS) -> None:
    """Wait until a condition holds.

    Raises:
        NotAsPromised: It does not in time; ``what`` says what was waited for.
    """
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            message = f"Not so after {seconds:.0f} s: {what}."
            raise NotAsPromised(message)
        time.sleep(POLL_SECONDS)


def running_state(platform: Platform) -> PlatformState:
    """What the supervisor knows.

    Raises:
        NotAsPromised: There is none.
    """
    state = platform.state()
    if state is None:
        message = f"The supervisor of {platform.data.root} is gone."
        raise NotAsPromised(message)
    return state


def part(platform: Platform, name: str) -> PartStatus:
    """What the supervisor knows of a part."""
    return running_state(platform).parts[name]


def process_of(platform: Platform, name: str) -> psutil.Process:
    """A part's process."""
    return psutil.Process(_identity(platform, name).pid)


def python_workers(platform: Platform) -> list[psutil.Process]:
    """Flink's Python workers."""
    children = process_of(platform, "taskmanager").children(recursive=True)
    return [child for child in children if PYTHON_WORKER in _command(child)]


def workers_that_know(platform: Platform, port_of: str) -> list[psutil.Process]:
    """Flink's Python workers that hold a connection to a part."""
    port = platform.settings.port(port_of)
    return [worker for worker in python_workers(platform) if port in _remote_ports(worker)]


def kill(platform: Platform, name: str) -> None:
    """Kill -9 of a part; returns at once."""
    os.kill(_identity(platform, name).pid, signal.SIGKILL)


def kill_and_wait(platform: Platform, name: str) -> None:
    """Kill -9 of a part; returns when it answers again."""
    before = part(platform, name)
    kill(platform, name)
    wait_until(f"{name} is back", lambda: _is_back(part(platform, name), before.restarts))


def kill_worker(platform: Platform, find: Callable[[Platform], list[psutil.Process]]) -> None:
    """Kill -9 of one of Flink's Python workers as soon as there is one; Flink brings its workers back."""
    wait_until("Flink has started its Python workers", lambda: bool(find(platform)))
    find(platform)[0].send_signal(signal.SIGKILL)


@contextmanager
def stopped(platform: Platform, name: str) -> Iterator[None]:
    """SIGSTOP to a part and its children while the block runs, then SIGCONT."""
    identity = _identity(platform, name)
    members = identity.session()
    _signal(members, signal.SIGSTOP)
    try:
        yield
    finally:
        _signal(members, signal.SIGCONT)


@contextmanager
def nobody_restarts(platform: Platform) -> Iterator[None]:
    """The supervisor itself is stopped while the block runs: what dies stays away."""
    supervisor = psutil.Process(running_state(platform).supervisor.pid)
    supervisor.suspend()
    try:
        yield
    finally:
        supervisor.resume()


def _identity(platform: Platform, name: str) -> ProcessId:
    found = part(platform, name).process
    if found is None:
        message = f"{name} has no process: {part(platform, name)}."
        raise NotAsPromised(message)
    return found


def _is_back(now: PartStatus, restarts_before: int) -> bool:
    return now.restarts > restarts_before and now.state is PartState.READY


def _signal(members: list[psutil.Process], number: int) -> None:
    for member in members:
        with suppress(psutil.NoSuchProcess):
            member.send_signal(number)


def _command(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.NoSuchProcess:
        return ""


def _remote_ports(process: psutil.Process) -> set[int]:
    try:
        return {connection.raddr.port for connection in process.net_connections("tcp") if connection.raddr}
    except psutil.NoSuchProcess:
        return set()
