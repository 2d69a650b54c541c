"""The systems under test. Each gets the same records: some to warm up on, and the rest while the clock runs."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import psutil

from bench.pipeline import flink_job, tables
from bench.pipeline.machine import Machine, cpu_seconds, paused, sink
from bench.pipeline.records import Broker, Record
from bench.pipeline.tables import Tables
from flink.code import job_program
from flink.errors import JobError
from flink.submission import submit_program
from local.jobs import Jobs
from local.paths import ROOT
from operations.lag import wait_until_settled
from schemas.results import ANALYTICS, Result, results_of
from schemas.topics import DOMAIN_TOPICS, EVENTS, FAILED_EVENTS, INGEST, consumer_group
from sinks.clickhouse.description import CLICKHOUSE

FLINK: Final = ("jobmanager", "taskmanager")
SERVERS: Final = ("kafka", "clickhouse")
SETTLE_SECONDS: Final = 900.0
END_SECONDS: Final = 60.0
START_TRIES: Final = 4


@dataclass(frozen=True)
class Input:
    """The records that a system warms up on, and those that are measured."""

    warm_up: Sequence[Record]
    measured: Sequence[Record]


@dataclass(frozen=True)
class Running:
    """A system that runs.

    Attributes:
        processes: Those whose CPU counts.
        settle: Waits until all records are processed, and returns when that was, in epoch seconds.
    """

    processes: Callable[[], list[psutil.Process]]
    settle: Callable[[], float]


@dataclass(frozen=True)
class Sample:
    """One measurement.

    Attributes:
        events: How many were measured.
        seconds: From the moment when they may be read until their last result is written.
        cpu_seconds: Of all processes that do the work.
        servers_cpu_seconds: Of Kafka and ClickHouse meanwhile.
        tables: The daily tables that the system made; None if it makes none.
    """

    events: int
    seconds: float
    cpu_seconds: float
    servers_cpu_seconds: float
    tables: Tables | None = None


class Bench:
    """Measures systems on one machine.

    Args:
        machine: The parts.
        broker: Its Kafka.
        python: The peers' interpreter.
    """

    def __init__(self, machine: Machine, broker: Broker, python: Path) -> None:
        self._machine = machine
        self._broker = broker
        self._python = python
        self._jobs = Jobs(machine.settings, machine.data, machine.jars)

    def ingest(self, records: Input) -> Sample:
        with self._job(INGEST, job_program(INGEST)):
            return self._measure(records, self._flink(INGEST, DOMAIN_TOPICS, (EVENTS, FAILED_EVENTS)))

    def trusted(self, records: Input) -> list[Record]:
        """What ingest makes of records."""
        self.ingest(records)
        return self._broker.read(dict.fromkeys(self._broker.ends((EVENTS,)), 0))

    def floor(self, records: Input) -> Sample:
        with self._job("bench-floor", Path(flink_job.__file__), "floor"):
            return self._measure(records, self._flink("bench-floor", (EVENTS,)))

    def analytics(self, records: Input) -> Sample:
        with self._job(ANALYTICS, job_program(ANALYTICS)):
            return self._measure_tables(records, ANALYTICS, results_of(ANALYTICS))

    def daily(self, records: Input) -> Sample:
        with self._job("bench-daily", Path(flink_job.__file__), "daily"):
            return self._measure_tables(records, "bench-daily", tables.DAILY)

    def sink(self, records: Input) -> Sample:
        with self._sink():
            return self._measure(records, Running(lambda: self._machine.processes_of(("sink",)), self._when_stored))

    def all_together(self, records: Input) -> Sample:
        with self._job(INGEST, job_program(INGEST)), self._job(ANALYTICS, job_program(ANALYTICS)), self._sink():
            return self._measure(
                records, Running(lambda: self._machine.processes_of((*FLINK, "sink")), self._when_settled)
            )

    def peer(self, name: str, records: Input) -> Sample:
        """One of the programs in ``peers``."""
        file = self._machine.data.root / f"{name}-{time.time_ns()}.json"
        with self._peer(name, records, file) as process:

            def settle() -> float:
                assert process.stdout is not None
                fields = process.stdout.readline().split()
                if not fields:
                    message = f"{name} ended: see {self._machine.data.log(name)}"
                    raise RuntimeError(message)
                return float(fields[2])

            sample = self._measure(records, Running(lambda: [psutil.Process(process.pid)], settle))
            process.communicate("\n", timeout=END_SECONDS)
        return replace(sample, tables=tables.of_peer(file))

    def _measure(self, records: Input, running: Running) -> Sample:
        self._broker.write(records.warm_up)
        running.settle()
        counted = running.processes()
        with paused(counted):
            self._broker.write(records.measured)
            cpu, servers = cpu_seconds(counted), self._machine.cpu_seconds(SERVERS)
            began = time.time()
        ended = running.settle()
        return Sample(
            events=len(records.measured),
            seconds=ended - began,
            cpu_seconds=cpu_seconds(counted) - cpu,
            servers_cpu_seconds=self._machine.cpu_seconds(SERVERS) - servers,
        )

    def _measure_tables(self, records: Input, group: str, results: Sequence[Result]) -> Sample:
        topics = tuple(result.topic for result in results)
        start = self._broker.ends(topics)
        sample = self._measure(records, self._flink(group, (EVENTS,), topics))
        return replace(sample, tables=tables.of_topics(self._broker.read(start)))

    def _flink(self, job: str, inputs: Sequence[str], outputs: Sequence[str] = ()) -> Running:
        """A job; it has processed all records when a checkpoint covers them."""

        def settle() -> float:
            self._broker.wait_until_read(consumer_group(job), inputs)
            if not outputs:
                return time.time()
            self._broker.wait_until_committed(outputs)
            return self._broker.last_written(outputs)

        return Running(lambda: self._machine.processes_of(FLINK), settle)

    def _when_stored(self) -> float:
        self._broker.wait_until_read(CLICKHOUSE.group, (EVENTS,))
        return time.time()

    def _when_settled(self) -> float:
        wait_until_settled(self._machine.settings, lambda _lag: None, SETTLE_SECONDS)
        return time.time()

    @contextmanager
    def _job(self, name: str, program: Path, *arguments: str) -> Iterator[None]:
        self._broker.clear()
        log = self._machine.data.log(f"submit-{name}")
        submit_program(name, program, self._machine.settings, self._machine.flink, log, arguments=arguments)
        self._wait_until_running(name)
        try:
            yield
        finally:
            self._jobs.cancel(name)

    def _wait_until_running(self, name: str) -> None:
        """Wait several times: on a loaded machine it takes longer than the time-out."""
        for _ in range(START_TRIES):
            try:
                self._jobs.wait_until_running(name)
            except JobError as error:
                log(str(error))
            else:
                return
        sys.exit(f"{name} does not start")

    @contextmanager
    def _sink(self) -> Iterator[None]:
        self._broker.clear()
        self._machine.start(sink(self._machine))
        try:
            yield
        finally:
            self._machine.stop("sink")

    @contextmanager
    def _peer(self, name: str, records: Input, file: Path) -> Iterator[subprocess.Popen[str]]:
        self._broker.clear()
        settings = self._machine.settings
        marks = len(records.warm_up), len(records.warm_up) + len(records.measured)
        options = {
            "--servers": settings.kafka_bootstrap_servers,
            "--registry": settings.registry_url,
            "--topic": EVENTS,
            "--partitions": str(settings.topic_partitions),
            "--tables": str(file),
        }
        command = [
            str(self._python),
            "-m",
            f"bench.pipeline.peers.{name}",
            *(argument for option in options.items() for argument in option),
        ]
        with self._machine.data.log(name).open("w") as log:
            process = subprocess.Popen(
                [*command, "--marks", *map(str, marks)],
                cwd=ROOT,
                env={"PYTHONPATH": str(ROOT), "PATH": "", "TZ": "UTC"},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        try:
            yield process
        finally:
            process.kill()
            process.wait()


def log(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
