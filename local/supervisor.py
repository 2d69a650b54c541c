"""The daemon that keeps the parts of one platform running, and its jobs on the cluster.

One supervisor owns a data directory. It starts the parts at once, starts again what dies or hangs, writes what it
knows to the state file, and ends everything in order on SIGTERM.
"""

from __future__ import annotations

import logging
import os
import shutil
import signal
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final, TextIO

from coordination.files import try_lock
from local import processes
from local.downloads import Jars, default_cache, read_lock
from local.errors import PlatformError
from local.jobs import Jobs
from local.parts import all_parts
from local.parts.base import Part, StopStage
from local.paths import DataDirectory
from local.processes import ProcessId
from local.reconciler import JobReconciler
from local.runner import PartRunner, SystemProcesses
from local.state import PartState, PartStatus, PlatformState
from schemas.settings import Settings

logger = logging.getLogger(__name__)

TICK_SECONDS: Final = 0.1
RECONCILE_SECONDS: Final = 1.0
LOG_LIMIT_BYTES: Final = 16 << 20
NEEDED_BY_JOBS: Final = ("kafka", "registry", "jobmanager", "taskmanager")


class AlreadySupervised(PlatformError):
    """Another supervisor owns the data directory."""

    def __init__(self, directory: Path, pid: str) -> None:
        super().__init__(f"A platform runs on {directory} already (process {pid}). './shop down' stops it.")


def take_lock(data: DataDirectory) -> TextIO:
    """Become the owner of a data directory, until the returned file is closed.

    Raises:
        AlreadySupervised: Another process is.
    """
    file = try_lock(data.supervisor_lock)
    if file is None:
        raise AlreadySupervised(data.root, data.supervisor_lock.read_text(encoding="utf-8").strip())
    file.truncate(0)
    file.write(f"{os.getpid()}\n")
    file.flush()
    return file


def end_orphans(state: PlatformState | None) -> list[str]:
    """Kill the parts that a supervisor which was killed left behind.

    Returns:
        The names of those that still ran.
    """
    if state is None:
        return []
    recorded = {name: part.process for name, part in state.parts.items() if part.process}
    living = {name: process for name, process in recorded.items() if process.session()}
    for process in living.values():
        processes.end_session(process)
    return list(living)


class Supervisor:
    """Runs the parts until SIGTERM.

    Args:
        settings: The platform's settings.
        parts: What to run; every part of the platform unless given.
    """

    def __init__(self, settings: Settings, parts: Iterable[Part] | None = None) -> None:
        self._settings = settings
        self._data = DataDirectory(settings.data_dir)
        jars = Jars(read_lock(), default_cache())
        self._stopping = threading.Event()
        self._changed = threading.Event()
        self._system = SystemProcesses(self._data.root)
        chosen = all_parts(settings, self._data, jars) if parts is None else parts
        self._runners = {part.name: self._runner(part) for part in chosen}
        self._reconciler = JobReconciler(settings, Jobs(settings, self._data, jars))
        self._state_lock = threading.Lock()
        self._statuses = {name: runner.status for name, runner in self._runners.items()}
        self._me = ProcessId.of(os.getpid())

    def run(self) -> None:
        """Run until SIGTERM or SIGINT.

        Raises:
            AlreadySupervised: Another supervisor owns the data directory.
        """
        self._data.create()
        with take_lock(self._data):
            for name in end_orphans(PlatformState.read(self._data.state_file)):
                logger.warning("%s was left behind by a supervisor that was killed; it is ended", name)
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, lambda *_: self._stopping.set())
            self._supervise()

    def _supervise(self) -> None:
        self._write_state()
        threads = [threading.Thread(target=self._keep, args=(r,), name=n) for n, r in self._runners.items()]
        reconciler = threading.Thread(target=self._reconcile_jobs, name="jobs")
        for thread in (*threads, reconciler):
            thread.start()
        try:
            self._watch()
        finally:
            self._stopping.set()
            self._reconciler.stop_submitting()
            reconciler.join()
            self._reconciler.cancel_all()
            self._reconciler.close()
            for thread in threads:
                thread.join()
            self._stop_parts()
            shutil.rmtree(self._data.scratch, ignore_errors=True)
            logger.info("everything is stopped")

    def _watch(self) -> None:
        while not self._stopping.wait(TICK_SECONDS * 5):
            for log in self._data.logs.glob("*.log"):
                cut_log(log, LOG_LIMIT_BYTES)

    def _keep(self, runner: PartRunner) -> None:
        leader = runner.part.restarts_with
        leader_restarts = 0
        while not self._stopping.wait(TICK_SECONDS):
            if leader and self._statuses[leader].restarts != leader_restarts:
                leader_restarts = self._statuses[leader].restarts
                runner.restart(f"{leader} was started again")
            runner.tick()

    def _reconcile_jobs(self) -> None:
        while not self._stopping.wait(RECONCILE_SECONDS):
            if all(self._is_ready(name) for name in NEEDED_BY_JOBS):
                self._reconciler.tick()
                self._write_state()

    def _is_ready(self, name: str) -> bool:
        return name in self._statuses and self._statuses[name].state is PartState.READY

    def _stop_parts(self) -> None:
        for stage in StopStage:
            stopping = [
                threading.Thread(target=runner.stop, name=name)
                for name, runner in self._runners.items()
                if runner.part.stop_stage is stage
            ]
            for thread in stopping:
                thread.start()
            for thread in stopping:
                thread.join()

    def _runner(self, part: Part) -> PartRunner:
        return PartRunner(part, self._data.log(part.name), self._system, time.monotonic, self._on_change)

    def _on_change(self, name: str, status: PartStatus) -> None:
        self._statuses[name] = status
        self._write_state()

    def _write_state(self) -> None:
        with self._state_lock:
            state = PlatformState(
                self._me, self._settings.port_base, dict(self._statuses), dict(self._reconciler.problems)
            )
            state.write(self._data.state_file)


def cut_log(log: Path, limit_bytes: int) -> None:
    """Move a log beyond the limit to ``<log>.1``; its writers append, so they go on in the empty one."""
    if log.stat().st_size > limit_bytes:
        shutil.copyfile(log, log.with_name(log.name + ".1"))
        os.truncate(log, 0)


def supervise(settings: Settings, main: Callable[[Supervisor], None] = Supervisor.run) -> None:
    """What the hidden command ``./shop supervise`` does."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    main(Supervisor(settings))
