"""Keeps one part running."""

from __future__ import annotations

import logging
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final, Protocol

from local import processes
from local.errors import PlatformError
from local.parts.base import Part
from local.processes import ProcessId
from local.restart import RestartPolicy
from local.state import PartState, PartStatus

logger = logging.getLogger(__name__)

START_SECONDS: Final = 120.0
"""A part that is not ready this long after its start is started again."""

HUNG_SECONDS: Final = 60.0
"""A part that has not answered for this long is started again."""

PROBE_EVERY_SECONDS: Final = 2.0
PROBE_EVERY_SECONDS_AT_START: Final = 0.2
MOST_CHARACTERS: Final = 1_000
"""Length of the last line of a part's log that is reported."""


class Processes(Protocol):
    """What a runner does to processes; the real one is ``SystemProcesses``."""

    def start(self, command: list[str], environment: Mapping[str, str], log: Path) -> ProcessId:
        """Start a program; any failure is an OSError."""
        ...

    def exit_code(self, process: ProcessId) -> int | None:
        """How it ended, None while it runs; what is left of its session is killed when it has ended."""
        ...

    def stop(self, process: ProcessId, grace_seconds: float) -> None:
        """End it and its session."""
        ...


class SystemProcesses:
    """The processes of this machine.

    Args:
        directory: Where they run.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._children: dict[int, subprocess.Popen[bytes]] = {}

    def start(self, command: list[str], environment: Mapping[str, str], log: Path) -> ProcessId:
        """Start a program; any failure is an OSError."""
        child = processes.start(command, environment, self._directory, log)
        self._children[child.pid] = child
        return ProcessId.of(child.pid)

    def exit_code(self, process: ProcessId) -> int | None:
        """How it ended, None while it runs; what is left of its session is killed when it has ended."""
        child = self._children[process.pid]
        if not processes.has_exited(child):
            return None
        processes.end_session(process)
        return child.wait()

    def stop(self, process: ProcessId, grace_seconds: float) -> None:
        """End it and its session."""
        processes.stop(process, grace_seconds)
        self._children[process.pid].wait()


class PartRunner:
    """Starts a part, asks whether it answers, starts it again when it died or hangs.

    Not thread-safe: one thread calls ``tick`` often, and ``stop`` when that thread has ended.

    Args:
        part: The part.
        log: Its log file.
        system: How processes are started and ended.
        clock: Monotonic seconds.
        on_change: Called with every new status.
        policy: How long to wait before another start.
    """

    def __init__(
        self,
        part: Part,
        log: Path,
        system: Processes,
        clock: Callable[[], float],
        on_change: Callable[[str, PartStatus], None],
        policy: RestartPolicy | None = None,
    ) -> None:
        self.part = part
        self._log = log
        self._system = system
        self._clock = clock
        self._on_change = on_change
        self._policy = policy or RestartPolicy()
        self._started_at = 0.0
        self._answered_at = 0.0
        self._probed_at = 0.0
        self._start_at = 0.0
        self.status = PartStatus(PartState.STARTING, port=next(iter(part.ports.values()), None))

    def tick(self) -> None:
        """Do what is due now."""
        if self.status.process is None:
            if self._clock() >= self._start_at:
                self._start()
            return
        code = self._system.exit_code(self.status.process)
        if code is not None:
            self._died(f"it ended with {_in_words(code)}{self._last_words(code)}")
        elif self._clock() - self._probed_at >= self._probe_interval():
            self._probe()

    def restart(self, reason: str) -> None:
        """End the part, if it runs, and start it again."""
        if self.status.process is not None:
            self._system.stop(self.status.process, 0.0)
            self._died(reason)

    def stop(self) -> None:
        """End the part for good."""
        if self.status.process is not None:
            self._system.stop(self.status.process, self.part.stop_grace_seconds)
        self._set(PartState.STOPPED, process=None)

    def _start(self) -> None:
        self._started_at = self._answered_at = self._clock()
        offset = self._log.stat().st_size if self._log.exists() else 0
        try:
            self.part.prepare()
            process = self._system.start(self.part.command(), self.part.environment(), self._log)
        except (OSError, PlatformError, subprocess.TimeoutExpired) as error:
            self._died(f"it cannot be started: {error}")
            return
        self._set(PartState.STARTING, process=process, log_offset=offset, ready_seconds=None)
        logger.info("%s started as process %d", self.part.name, process.pid)

    def _probe(self) -> None:
        ready = self.part.is_ready()
        now = self._probed_at = self._clock()
        if ready:
            self._answered_at = now
            if self.status.state is PartState.STARTING:
                self._set(PartState.READY, ready_seconds=round(now - self._started_at, 2))
                logger.info("%s is ready after %.1f s", self.part.name, now - self._started_at)
            elif self.status.state is PartState.HUNG:
                self._set(PartState.READY)
            return
        silent = now - self._answered_at
        if self.status.state is PartState.READY:
            self._set(PartState.HUNG)
        if silent > (START_SECONDS if self.status.state is PartState.STARTING else HUNG_SECONDS):
            self.restart(f"it did not answer for {silent:.0f} seconds")

    def _probe_interval(self) -> float:
        return PROBE_EVERY_SECONDS if self.status.state is PartState.READY else PROBE_EVERY_SECONDS_AT_START

    def _died(self, reason: str) -> None:
        delay = self._policy.delay_after(self._clock() - self._started_at)
        self._start_at = self._clock() + delay
        self._set(PartState.WAITING, process=None, restarts=self.status.restarts + 1, problem=reason)
        logger.warning("%s: %s; it starts again in %.1f s", self.part.name, reason, delay)

    def _last_words(self, code: int) -> str:
        """The last line in the log of a part that ended by itself."""
        line = processes.tail(self._log, 1, self.status.log_offset) if code > 0 else ""
        return f": {line[:MOST_CHARACTERS]}" if line else ""

    def _set(self, state: PartState, **changes: object) -> None:
        self.status = replace(self.status, state=state, **changes)  # type: ignore[arg-type]
        self._on_change(self.part.name, self.status)


def _in_words(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"exit code {code}"
