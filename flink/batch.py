"""Plans and submits several streaming jobs in one client.

A client is a JVM and a Python interpreter, and the first plan in a JVM takes longer than all that follow. So one client
takes all jobs, and it may be started while the servers still start: it plans at once, and submits when it may.

The two sides share a directory: the jobs to plan, then which of them to submit, and a line for each that was submitted
or refused. The program on the other side is ``jobs/submit_batch.py``.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Final, Self

from coordination.files import write_atomically
from flink.client import FlinkClient, client_arguments
from flink.code import ROOT, write_code_archive
from flink.errors import JobError
from flink.submission import refusal
from schemas.settings import Settings

PROGRAM: Final = ROOT / "jobs" / "submit_batch.py"
POLL_SECONDS: Final = 0.1
PROGRESS_SECONDS: Final = 300.0
"""Within this time of the one before, or of the start, a job must have been submitted or refused."""


@dataclass(frozen=True, slots=True)
class JobRequest:
    """One job of a batch.

    Attributes:
        name: The job.
        parallelism: Its parallelism.
        state_backend: Where it keeps its state.
        kafka_gaps: What it does where Kafka has deleted what it has not read.
        restore_from: The checkpoint that it goes on from, and owns from then on; "" for a fresh start.
    """

    name: str
    parallelism: int
    state_backend: str
    kafka_gaps: str
    restore_from: str = ""

    def settings(self, base: Settings) -> Settings:
        """The settings of this job."""
        return base.model_copy(
            update={
                "job_parallelism": self.parallelism,
                "state_backend": self.state_backend,
                "kafka_gaps": self.kafka_gaps,
            }
        )

    def restore_options(self) -> Mapping[str, str]:
        """Flink's options for what it goes on from."""
        if not self.restore_from:
            return {}
        return {
            "execution.state-recovery.path": self.restore_from,
            "execution.state-recovery.claim-mode": "CLAIM",
        }


@dataclass(frozen=True, slots=True)
class JobResult:
    """What became of one job.

    Attributes:
        name: The job.
        job_id: Flink's id of it; "" if it was refused.
        error: Python's traceback if it was refused.
    """

    name: str
    job_id: str = ""
    error: str = ""


@dataclass(frozen=True, slots=True)
class BatchDirectory:
    """What the two sides of a batch share."""

    path: Path

    def write_requests(self, requests: Sequence[JobRequest]) -> None:
        """Say what is to be planned."""
        write_atomically(self.path / "requests.json", json.dumps([asdict(request) for request in requests]))

    def requests(self) -> list[JobRequest]:
        """What is to be planned."""
        return [JobRequest(**each) for each in json.loads((self.path / "requests.json").read_text(encoding="utf-8"))]

    def release(self, names: Collection[str]) -> None:
        """Say that the servers are there, and which jobs are to be submitted."""
        write_atomically(self.path / "released.json", json.dumps(sorted(names)))

    def released(self) -> frozenset[str] | None:
        """Which jobs are to be submitted; None before that is known."""
        file = self.path / "released.json"
        return frozenset(json.loads(file.read_text(encoding="utf-8"))) if file.exists() else None

    def add_result(self, result: JobResult) -> None:
        """Say what became of a job."""
        with (self.path / "results.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(result)) + "\n")

    def results(self) -> list[JobResult]:
        """What became of jobs so far."""
        file = self.path / "results.jsonl"
        lines = file.read_text(encoding="utf-8").splitlines(keepends=True) if file.exists() else []
        return [JobResult(**json.loads(line)) for line in lines if line.endswith("\n")]


class BatchClient:
    """One run of Flink's client for several jobs; a context manager that ends it.

    Args:
        requests: The jobs, in the order in which they are planned.
        settings: Which cluster.
        client: Flink's client.
        log: Where its output is kept.
    """

    def __init__(self, requests: Sequence[JobRequest], settings: Settings, client: FlinkClient, log: Path) -> None:
        self._requests = requests
        self._settings = settings
        self._client = client
        self._log = log
        self._output: IO[str] | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._files = BatchDirectory(Path())
        self.archive = Path()
        """The code that the jobs run on."""

    def __enter__(self) -> Self:
        self._files = BatchDirectory(Path(tempfile.mkdtemp(prefix="shopstream-submit-")))
        self.archive = write_code_archive(self._files.path / "shopstream.zip")
        self._files.write_requests(self._requests)
        arguments = client_arguments(PROGRAM, self.archive, self._settings, restore_from=None)
        self._output = self._log.open("w", encoding="utf-8")
        self._process = subprocess.Popen(
            self._client.client_command([*arguments, str(self._files.path)], self._files.path),
            env={**os.environ, **self._client.environment()},  # a child needs PATH, HOME, LANG as well
            stdin=subprocess.DEVNULL,
            stdout=self._output,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # the client starts Python: both are ended together
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.end()
        if self._output is not None:
            self._output.close()
        shutil.rmtree(self._files.path, ignore_errors=True)

    def end(self) -> None:
        """End the client; jobs that are not submitted by then are refused."""
        if self._process is not None and self._process.poll() is None:
            with suppress(ProcessLookupError):  # it has ended meanwhile
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    def submit(self, names: Collection[str]) -> Iterator[tuple[str, str | JobError]]:
        """Submit some of the jobs: each one's name with Flink's id of it, or with why it is refused, as it comes.

        The servers must be there. Each job may take PROGRESS_SECONDS.
        """
        self._files.release(names)
        left = set(names)
        deadline = time.monotonic() + PROGRESS_SECONDS
        while left:
            ended = self._has_ended()  # asked first: the results are complete if it has
            results = [result for result in self._files.results() if result.name in left]
            for result in results:
                left.discard(result.name)
                yield result.name, result.job_id or refusal(result.name, result.error, self._log)
            if results:
                deadline = time.monotonic() + PROGRESS_SECONDS
            elif ended or time.monotonic() > deadline:
                for name in sorted(left):
                    yield name, refusal(name, self._log_text(), self._log) if ended else self._too_late(name)
                return
            else:
                time.sleep(POLL_SECONDS)

    def _has_ended(self) -> bool:
        assert self._process is not None
        return self._process.poll() is not None

    def _log_text(self) -> str:
        return self._log.read_text(encoding="utf-8", errors="replace")

    def _too_late(self, name: str) -> JobError:
        return JobError(f"Flink did not take the job {name} within {PROGRESS_SECONDS:.0f} seconds. See {self._log}.")
