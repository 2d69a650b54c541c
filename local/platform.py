"""Starts, stops and describes the embedded platform of one data directory."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from coordination.files import locked, try_lock
from local import processes
from local.commands import environment_of, shop_command
from local.downloads import Jars, Progress, default_cache, read_lock
from local.errors import DiskFull, PlatformError
from local.jobs import Jobs
from local.parts import all_parts
from local.paths import DataDirectory
from local.ports import require_free
from local.state import PartState, PartStatus, PlatformState
from local.supervisor import end_orphans
from schemas.settings import Settings

NEEDED_BYTES: Final = 2_000_000_000
UP_SECONDS: Final = 240.0
DOWN_SECONDS: Final = 90.0
ATTEMPTS: Final = 3
"""A part that ended so often without ever being ready has failed to start."""

LOG_LINES: Final = 20
POLL_SECONDS: Final = 0.1


class PartFailed(PlatformError):
    """A part does not start.

    Args:
        name: The part.
        problem: The supervisor's reason.
        log: Where its log is.
        last_lines: The end of its log.
    """

    def __init__(self, name: str, problem: str, log: str, last_lines: str) -> None:
        super().__init__(
            f"{name} does not start: {problem}. The last lines of {log}:\n{last_lines}\n"
            "The other parts run; './shop down' stops them."
        )
        self.name = name


class Platform:
    """One embedded platform.

    Args:
        settings: Where it lives and which ports it takes.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.data = DataDirectory(settings.data_dir)
        self.jars = Jars(read_lock(), default_cache())
        self.jobs = Jobs(settings, self.data, self.jars)
        self._supervisor: subprocess.Popen[bytes] | None = None

    def state(self) -> PlatformState | None:
        """The state that the supervisor wrote; None when none runs."""
        return PlatformState.read(self.data.state_file) if self.is_up() else None

    def is_up(self) -> bool:
        """Whether a supervisor owns the data directory now."""
        if not self.data.supervisor_lock.exists():
            return False
        free = try_lock(self.data.supervisor_lock)
        if free is None:
            return True
        free.close()
        return False

    def fetch(self, on_download: Progress = lambda _name, _done, _total: None) -> float:
        """Bring what is to be downloaded into the cache; the seconds it took.

        Raises:
            DownloadError: A part cannot be fetched.
        """
        started = time.monotonic()
        self.jars.fetch(on_download)
        self.jars.unpacked("registry")
        return time.monotonic() - started

    def up(self, on_state: Callable[[Mapping[str, PartStatus]], None] = lambda _parts: None) -> float:
        """Start what does not run and wait until every part is ready; the seconds it took.

        Raises:
            PortInUse: Another process listens where a part must.
            DiskFull: Too little room is left.
            DownloadError: A part cannot be fetched.
            PartFailed: A part does not start.
            PlatformError: It took too long, or the data directory belongs to a platform on other ports.
        """
        started = time.monotonic()
        self.data.create()
        with self._starting():
            if not self.is_up():
                self._check_disk()
                self.fetch()
                self._launch()
        self._wait(on_state)
        return time.monotonic() - started

    def down(self) -> bool:
        """Stop everything; whether anything ran.

        Raises:
            PlatformError: It does not stop.
        """
        if not self.data.is_ours:
            return False
        with self._starting():
            running = self.is_up()
            if running:
                self._end_supervisor()
            orphans = end_orphans(PlatformState.read(self.data.state_file))
            self.data.state_file.unlink(missing_ok=True)
            return running or bool(orphans)

    def purge(self) -> None:
        """Delete the data directory.

        Raises:
            ConfigurationError: It is not ours.
            PlatformError: The platform runs.
        """
        if self.is_up():
            message = f"The platform on {self.data.root} runs: './shop down' stops it."
            raise PlatformError(message)
        self.data.purge()

    @contextmanager
    def _starting(self) -> Iterator[None]:
        with locked(self.data.start_lock):
            yield

    def _check_disk(self) -> None:
        free = shutil.disk_usage(self.data.root).free
        if free < NEEDED_BYTES:
            raise DiskFull(str(self.data.root), free, NEEDED_BYTES)

    def _launch(self) -> None:
        end_orphans(PlatformState.read(self.data.state_file))
        self.data.state_file.unlink(missing_ok=True)
        for part in all_parts(self.settings, self.data, self.jars):
            require_free(part.ports)
        self._forget_supervisor()
        self._supervisor = processes.start(
            shop_command("supervise"),
            environment_of(self.settings),
            self.data.root,
            self.data.log("supervisor"),
        )
        self._wait_for_supervisor(self._supervisor)

    def _wait_for_supervisor(self, child: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + UP_SECONDS
        while not (self.data.state_file.exists() and self.is_up()):
            if child.poll() is not None or time.monotonic() > deadline:
                log = self.data.log("supervisor")
                raise PartFailed("supervisor", "it ended at once", str(log), processes.tail(log, LOG_LINES))
            time.sleep(POLL_SECONDS)

    def _wait(self, on_state: Callable[[Mapping[str, PartStatus]], None]) -> None:
        deadline = time.monotonic() + UP_SECONDS
        waiting: list[str] = []
        while time.monotonic() < deadline:
            state = self._running_state()
            on_state(state.parts)
            waiting = [name for name, part in state.parts.items() if part.state is not PartState.READY]
            if not waiting:
                return
            self._raise_failed(state)
            time.sleep(POLL_SECONDS)
        message = f"Not ready after {UP_SECONDS:.0f} seconds: {', '.join(waiting)}. See the logs in {self.data.logs}."
        raise PlatformError(message)

    def _running_state(self) -> PlatformState:
        state = self.state()
        if state is None:
            message = f"The platform was stopped while it started. See {self.data.log('supervisor')}."
            raise PlatformError(message)
        self._check_base(state)
        return state

    def _check_base(self, state: PlatformState) -> None:
        if state.port_base != self.settings.port_base:
            message = (
                f"The platform on {self.data.root} runs with --port-base {state.port_base}. "
                "Use that one, or './shop down' first."
            )
            raise PlatformError(message)

    def _raise_failed(self, state: PlatformState) -> None:
        for name, part in state.parts.items():
            if part.restarts >= ATTEMPTS and part.ready_seconds is None:
                log = self.data.log(name)
                raise PartFailed(name, part.problem, str(log), processes.tail(log, LOG_LINES, part.log_offset))

    def _end_supervisor(self) -> None:
        pid = int(self.data.supervisor_lock.read_text(encoding="utf-8"))
        os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + DOWN_SECONDS
        while self.is_up() and time.monotonic() < deadline:
            time.sleep(POLL_SECONDS)
        if self.is_up():
            os.kill(pid, signal.SIGKILL)
            while self.is_up():
                time.sleep(POLL_SECONDS)
        self._forget_supervisor()

    def _forget_supervisor(self) -> None:
        """Reap a supervisor that this very process started and that has ended."""
        if self._supervisor is not None:
            self._supervisor.wait(DOWN_SECONDS)
            self._supervisor = None
