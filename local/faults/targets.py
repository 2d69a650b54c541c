"""Finds, kills, stops and continues the processes of a platform."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import psutil

from local.faults.expectation import ExpectationFailed, expect
from local.memory import PYTHON_WORKER
from local.platform import Platform
from local.processes import ProcessId
from local.state import PartStatus, PlatformState


def running_state(platform: Platform) -> PlatformState:
    """The state that the supervisor has written.

    Raises:
        ExpectationFailed: No supervisor runs.
    """
    state = platform.state()
    if state is None:
        message = f"The supervisor of {platform.data.root} is gone."
        raise ExpectationFailed(message)
    return state


def part(platform: Platform, name: str) -> PartStatus:
    """The supervisor's status of a part."""
    return running_state(platform).parts[name]


def process_of(platform: Platform, name: str) -> psutil.Process:
    """A part's process."""
    return psutil.Process(_identity(platform, name).pid)


def python_workers(platform: Platform) -> list[psutil.Process]:
    """Flink's Python workers."""
    children = process_of(platform, "taskmanager").children(recursive=True)
    return [child for child in children if PYTHON_WORKER in _command(child)]


def workers_connected_to(platform: Platform, name: str) -> list[psutil.Process]:
    """Flink's Python workers that hold a connection to a part."""
    port = platform.settings.port(name)
    return [worker for worker in python_workers(platform) if port in _remote_ports(worker)]


def kill(platform: Platform, name: str) -> None:
    """Kill -9 of a part; returns at once."""
    os.kill(_identity(platform, name).pid, signal.SIGKILL)


def kill_worker(platform: Platform, workers_of: Callable[[Platform], list[psutil.Process]]) -> None:
    """Kill -9 of one of Flink's Python workers as soon as there is one; Flink starts it again."""
    expect("Flink has started its Python workers", lambda: bool(workers_of(platform)))
    workers_of(platform)[0].send_signal(signal.SIGKILL)


@contextmanager
def stopped(platform: Platform, name: str) -> Iterator[None]:
    """SIGSTOP to a part and its children while the block runs, then SIGCONT."""
    members = _identity(platform, name).session()
    _signal(members, signal.SIGSTOP)
    try:
        yield
    finally:
        _signal(members, signal.SIGCONT)


@contextmanager
def supervisor_stopped(platform: Platform) -> Iterator[None]:
    """SIGSTOP to the supervisor while the block runs: a part that dies stays down."""
    supervisor = psutil.Process(running_state(platform).supervisor.pid)
    supervisor.suspend()
    try:
        yield
    finally:
        supervisor.resume()


def _identity(platform: Platform, name: str) -> ProcessId:
    status = part(platform, name)
    if status.process is None:
        message = f"{name} has no process: {status}."
        raise ExpectationFailed(message)
    return status.process


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
