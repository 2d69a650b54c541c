"""The parts of a platform, started and stopped one by one, and the CPU that they have used."""

from __future__ import annotations

import os
import random
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import Popen
from typing import Final

import psutil

from coordination.waiting import wait_until
from local import processes
from local.downloads import Jars, default_cache, read_lock
from local.flink import FlinkDistribution
from local.parts.base import Part
from local.parts.clickhouse import ClickHouse
from local.parts.flink import JobManager, TaskManager
from local.parts.kafka import Kafka
from local.parts.registry import Registry
from local.parts.sink import Sink
from local.paths import DataDirectory
from local.ports import free_base
from local.processes import ProcessId
from operations.migrate import migrate, migrate_schemas, migrate_topics
from schemas.settings import Settings
from sinks.clickhouse.description import CLICKHOUSE

START_SECONDS: Final = 180.0
POLL_SECONDS: Final = 0.1


@dataclass
class Machine:
    """A platform without its supervisor.

    Attributes:
        settings: Where it lives.
        data: Its directory.
        jars: The connectors.
        flink: Flink's distribution.
    """

    settings: Settings
    data: DataDirectory
    jars: Jars
    flink: FlinkDistribution
    _running: dict[str, tuple[Popen[bytes], ProcessId, Part]] = field(default_factory=dict)

    def start(self, part: Part) -> None:
        part.prepare()
        log = self.data.log(part.name)
        child = processes.start(part.command(), part.environment(), self.data.root, log)
        self._running[part.name] = child, ProcessId.of(child.pid), part

        def failure() -> RuntimeError:
            return RuntimeError(f"{part.name} does not start:\n{processes.tail(log, 20)}")

        def is_ready() -> bool:
            if processes.has_exited(child):
                raise failure()
            return part.is_ready()

        wait_until(is_ready, START_SECONDS, failure, poll_seconds=POLL_SECONDS)

    def start_flink(self) -> None:
        self.start(JobManager(self.settings, self.flink))
        self.start(TaskManager(self.settings, self.flink))

    def stop(self, name: str) -> None:
        child, process, part = self._running.pop(name)
        processes.stop(process, part.stop_grace_seconds)
        child.wait()

    def stop_all(self) -> None:
        for name in reversed(list(self._running)):
            self.stop(name)

    def processes_of(self, names: tuple[str, ...]) -> list[psutil.Process]:
        """Every process of these parts, workers included."""
        return [process for name in names for process in self._running[name][1].session()]

    def cpu_seconds(self, names: tuple[str, ...]) -> float:
        return cpu_seconds(self.processes_of(names))


def cpu_seconds(running: list[psutil.Process]) -> float:
    """User and system time of all threads."""
    times = [process.cpu_times() for process in running]
    return sum(each.user + each.system for each in times)


@contextmanager
def paused(running: list[psutil.Process]) -> Iterator[None]:
    """Stops processes while their input is written, so that none of it is processed before the clock runs."""
    for process in running:
        os.kill(process.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for process in running:
            os.kill(process.pid, signal.SIGCONT)


@contextmanager
def machine(directory: Path) -> Iterator[Machine]:
    """Everything but the sink, running and migrated."""
    with log_alone(directory) as parts:
        parts.start(ClickHouse(parts.settings, parts.data))
        migrate(parts.settings)
        parts.start_flink()
        yield parts


@contextmanager
def log_and_flink(directory: Path) -> Iterator[Machine]:
    """Kafka with its topics, the registry with its schemas, and Flink; no store."""
    with log_alone(directory) as parts:
        migrate_topics(parts.settings, START_SECONDS)
        migrate_schemas(parts.settings, START_SECONDS)
        parts.start_flink()
        yield parts


@contextmanager
def log_alone(directory: Path) -> Iterator[Machine]:
    """Kafka and the registry; whatever was started is stopped at the end."""
    settings = Settings(data_dir=directory, port_base=free_base(random.Random()), kafka_gaps="accept")
    data = DataDirectory(directory)
    data.create()
    jars = Jars(read_lock(), default_cache())
    jars.fetch()
    jars.unpacked("registry")
    flink = FlinkDistribution(settings, data, jars)
    parts = Machine(settings, data, jars, flink)
    try:
        parts.start(Kafka(settings, data, jars))
        parts.start(Registry(settings, data, jars))
        yield parts
    finally:
        parts.stop_all()


def sink(parts: Machine) -> Part:
    return Sink(parts.settings, CLICKHOUSE)
