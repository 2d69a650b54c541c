"""Processes that outlive the code that started them: each has a session of its own, by which it is found and ended."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psutil

from coordination.waiting import wait_until

SAME_START_SECONDS: Final = 1.0
"""How far two readings of one process's start time may differ."""

KILL_SECONDS: Final = 10.0
"""A killed process is gone well before this, unless the system is stuck."""


@dataclass(frozen=True, slots=True)
class ProcessId:
    """A process, distinguished from a later one with the same number.

    Attributes:
        pid: Its number, which is its session's and process group's as well.
        started: When it started, in epoch seconds.
    """

    pid: int
    started: float

    @classmethod
    def of(cls, pid: int) -> ProcessId:
        """The process that has this number now.

        Raises:
            psutil.NoSuchProcess: There is none.
        """
        return cls(pid, psutil.Process(pid).create_time())

    @property
    def is_alive(self) -> bool:
        """Whether this very process runs."""
        try:
            process = psutil.Process(self.pid)
            return abs(process.create_time() - self.started) < SAME_START_SECONDS and _runs(process)
        except psutil.NoSuchProcess:
            return False

    def session(self) -> list[psutil.Process]:
        """The living processes of its session, itself among them if it lives.

        None when the number has been given away: the session of that number is then another's.
        """
        if self._is_given_away():
            return []
        return [process for process in psutil.process_iter() if self._has(process)]

    def _is_given_away(self) -> bool:
        """Whether a later process has its number, which no process can have as long as its session has members."""
        try:
            return psutil.Process(self.pid).create_time() > self.started + SAME_START_SECONDS
        except psutil.NoSuchProcess:
            return False

    def _has(self, process: psutil.Process) -> bool:
        try:
            return (
                os.getsid(process.pid) == self.pid
                and process.create_time() > self.started - SAME_START_SECONDS
                and _runs(process)
            )
        except (ProcessLookupError, PermissionError, psutil.NoSuchProcess):
            return False


def start(
    command: Sequence[str], environment: Mapping[str, str], directory: Path, log: Path
) -> subprocess.Popen[bytes]:
    """Start a program in a session of its own, its output appended to ``log``.

    Raises:
        OSError: It cannot be started.
    """
    with log.open("ab") as output:
        return subprocess.Popen(
            command,
            cwd=directory,
            env={**os.environ, **environment},  # a child needs PATH, HOME, LANG, proxies as well
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def has_exited(process: subprocess.Popen[bytes]) -> bool:
    """Whether the process has ended, without reaping it: its number is not given away before ``end_session``."""
    if process.returncode is not None:
        return True
    try:
        return os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
    except ChildProcessError:
        return True


def end_session(process: ProcessId) -> None:
    """Kill what is left of a process's session, its children in it too, and wait until it is gone."""
    with suppress(TimeoutError):
        wait_until(lambda: _kill_members(process), KILL_SECONDS, TimeoutError, poll_seconds=0.02)


def stop(process: ProcessId, grace_seconds: float) -> None:
    """Ask a process to end, wait, then kill what is left of its session."""
    if process.is_alive:
        with suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGTERM)
    with suppress(TimeoutError):
        wait_until(lambda: not process.is_alive, grace_seconds, TimeoutError, poll_seconds=0.05)
    end_session(process)


def _runs(process: psutil.Process) -> bool:
    """Whether a process runs: a zombie does not, unless threads outlive its first; they hold its ports until they end.

    Raises:
        psutil.NoSuchProcess: There is no such process.
    """
    return process.status() != psutil.STATUS_ZOMBIE or process.num_threads() > 1


def _kill_members(process: ProcessId) -> bool:
    """Kill the living processes of a session; whether there were none."""
    members = process.session()
    for member in members:
        with suppress(psutil.NoSuchProcess):
            member.kill()
    return not members


def tail(log: Path, lines: int, start_offset: int = 0) -> str:
    """The last lines of a log, none from before ``start_offset``."""
    if not log.is_file():
        return ""
    with log.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(min(start_offset, size), size - 64 * 1024))
        return "\n".join(file.read().decode(errors="replace").splitlines()[-lines:])
