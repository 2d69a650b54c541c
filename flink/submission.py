"""Brings a job to a Flink cluster, and asks the cluster about its jobs.

Any cluster will do: ``Settings.flink_url`` says which. The code of the job travels with it, as one archive of the
PACKAGES.
"""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
import time
import zipfile
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final, Protocol
from urllib.parse import unquote, urlsplit

import httpx

from connections.errors import DependencyUnavailable
from flink.errors import JobError
from schemas.errors import ConfigurationError
from schemas.settings import Settings

PACKAGES: Final = ("jobs", "recommender", "connections", "coordination", "schemas")
DETACHED: Final = "-d"
SHIPPED: Final = frozenset({".py", ".sql", ".avsc"})
SUBMIT_SECONDS: Final = 180
SAVEPOINT_SECONDS: Final = 300
SAVEPOINT_POLL_SECONDS: Final = 0.2
BOUNDED_SECONDS: Final = 6 * 60 * 60
BOUNDED_JOBS: Final = frozenset({"training"})
"""Jobs that end by themselves, given the history that they read: they are run, and not kept running."""

ENDED: Final = frozenset({"FINISHED", "CANCELED", "FAILED"})
ROOT: Final = Path(__file__).resolve().parent.parent

NOT_RESTORABLE_HINT: Final = (
    "The job has changed since its last checkpoint. Run the version of the code that made it, or start anew with "
    "'./shop submit {name} --fresh'.\n"
)
_NOT_RESTORABLE: Final = "Failed to rollback to checkpoint"
_SUBMITTED: Final = re.compile(r"Job has been submitted with JobID ([0-9a-f]{32})")
_CAUSE: Final = re.compile(r"^\s*Caused by: (.*)$", re.MULTILINE)
_PYTHON_ERROR: Final = re.compile(r"^Traceback \(most recent call last\):\n(?:[ \t].*\n)+(\S.*)$", re.MULTILINE)
_EPILOGUE: Final = "Python Process Exited"
"""After this the client only says that Python ended."""

_ECHO: Final = "PythonDriver - "
"""The client logs each line that Python prints, and prints it as well."""


class FlinkClient(Protocol):
    """Flink's command line client, ready to run."""

    def client_command(self, arguments: list[str], temporary: Path) -> list[str]:
        """The command that runs the client with ``arguments``, its temporary files in ``temporary``."""
        ...

    def environment(self) -> dict[str, str]:
        """Variables it needs, the SHOP_ settings of the job among them."""
        ...


@dataclass(frozen=True, slots=True)
class JobStatus:
    """A job as the cluster sees it.

    Attributes:
        id: Flink's id of it.
        name: Its name.
        state: RUNNING, RESTARTING, FAILED, ...
        started_ms: When it started, epoch milliseconds.
        tasks_running: How many of its tasks run.
        tasks: How many it has.
    """

    id: str
    name: str
    state: str
    started_ms: int
    tasks_running: int
    tasks: int

    @property
    def has_ended(self) -> bool:
        """Whether it will never run again."""
        return self.state in ENDED

    @property
    def is_running(self) -> bool:
        """Whether every task runs."""
        return self.state == "RUNNING" and self.tasks_running == self.tasks


@dataclass(frozen=True, slots=True)
class JobHealth:
    """How a job fares.

    Attributes:
        restarts: How often Flink restarted it.
        checkpoints: How many were completed.
        last_checkpoint_ms: When the last one was completed, epoch milliseconds; None before the first.
        last_failure: The innermost cause of the last exception, "" when there was none.
    """

    restarts: int
    checkpoints: int
    last_checkpoint_ms: int | None
    last_failure: str


class Cluster:
    """A Flink cluster's REST interface.

    Args:
        settings: For its address, and how long a call may take.
    """

    def __init__(self, settings: Settings) -> None:
        self._url = settings.flink_url.rstrip("/")
        self._http = httpx.Client(base_url=self._url, timeout=settings.http_timeout_seconds)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def jobs(self) -> list[JobStatus]:
        """Every job that the JobManager knows, the newest first.

        Raises:
            DependencyUnavailable: The JobManager does not answer.
        """
        found = [_job_status(job) for job in self._get("/jobs/overview")["jobs"]]
        return sorted(found, key=lambda job: job.started_ms, reverse=True)

    def find(self, name: str) -> JobStatus | None:
        """The job of that name which has not ended; None when there is none.

        Raises:
            DependencyUnavailable: The JobManager does not answer.
        """
        return next((job for job in self.jobs() if job.name == name and not job.has_ended), None)

    def health(self, job_id: str) -> JobHealth:
        """How one job fares; a bounded one makes no checkpoints.

        Raises:
            DependencyUnavailable: The JobManager does not answer.
        """
        restarts = self._get(f"/jobs/{job_id}/metrics?get=numRestarts")
        answer = self._call("GET", f"/jobs/{job_id}/checkpoints", but_for=HTTPStatus.NOT_FOUND)
        checkpoints = answer.json() if answer.is_success else {}
        last = (checkpoints.get("latest") or {}).get("completed") or {}
        failures = self._get(f"/jobs/{job_id}/exceptions?maxExceptions=1")["exceptionHistory"]["entries"]
        return JobHealth(
            restarts=int(float(restarts[0]["value"])) if restarts else 0,
            checkpoints=checkpoints["counts"]["completed"] if checkpoints else 0,
            last_checkpoint_ms=last.get("latest_ack_timestamp"),
            last_failure=_root_cause(failures[0]["stacktrace"]) if failures else "",
        )

    def cancel(self, job_id: str) -> None:
        """Cancel a job; it has not ended yet when this returns.

        Raises:
            DependencyUnavailable: The JobManager does not answer.
        """
        self._call("PATCH", f"/jobs/{job_id}?mode=cancel")

    def stop_with_savepoint(self, job_id: str, directory: str) -> str:
        """Take a savepoint of a job and end it there: nothing it wrote lies behind the savepoint.

        Args:
            job_id: The job.
            directory: URL of the folder in which the savepoint gets a folder of its own.

        Returns:
            The savepoint's URL.

        Raises:
            DependencyUnavailable: The JobManager does not answer.
            JobError: There is no savepoint; the job goes on.
        """
        asked = self._call("POST", f"/jobs/{job_id}/stop", {"targetDirectory": directory, "drain": False}).json()
        deadline = time.monotonic() + SAVEPOINT_SECONDS
        while time.monotonic() < deadline:
            found = self._get(f"/jobs/{job_id}/savepoints/{asked['request-id']}")
            if found["status"]["id"] == "COMPLETED":
                operation = found["operation"]
                if "location" in operation:
                    return str(operation["location"])
                message = f"Flink takes no savepoint of the job {job_id}: {_innermost(operation['failure-cause'])}."
                raise JobError(message)
            time.sleep(SAVEPOINT_POLL_SECONDS)
        message = f"Flink took no savepoint of the job {job_id} within {SAVEPOINT_SECONDS} seconds."
        raise JobError(message)

    def _get(self, path: str) -> Any:
        return self._call("GET", path).json()

    def _call(
        self, method: str, path: str, body: dict[str, Any] | None = None, but_for: HTTPStatus | None = None
    ) -> httpx.Response:
        """The answer to a request. An error of the status ``but_for`` is the caller's to judge; others are raised."""
        try:
            answer = self._http.request(method, path, json=body)
        except httpx.HTTPError as error:
            raise DependencyUnavailable("Flink", self._url, repr(error)) from error
        if answer.is_error and answer.status_code != but_for:
            raise DependencyUnavailable("Flink", self._url, f"HTTP {answer.status_code} for {path}")
        return answer


def known_jobs() -> list[str]:
    """The names of the jobs that can be submitted."""
    return sorted(path.parent.name for path in (ROOT / "jobs").glob("*/job.py"))


def job_program(name: str) -> Path:
    """The program of a job.

    Raises:
        ConfigurationError: There is no such job.
    """
    program = ROOT / "jobs" / name / "job.py"
    if name not in known_jobs():
        message = f"There is no job {name!r}. There are: {', '.join(known_jobs())}."
        raise ConfigurationError(message)
    return program


def submit_program(
    name: str,
    program: Path,
    settings: Settings,
    client: FlinkClient,
    log: Path,
    restore_from: Path | None = None,
    arguments: tuple[str, ...] = (),
    code: Path | None = None,
) -> str:
    """Submit a program and return Flink's id of its job.

    Args:
        name: What to call it in an error.
        program: The program.
        settings: Which cluster.
        client: Flink's client.
        log: Where everything it says is kept.
        restore_from: A checkpoint to start from, which the job then owns; None to start from nothing.
        arguments: The program's own.
        code: The archive of the packages that it runs on; None for those of today.

    Raises:
        JobError: Flink refuses it; with Flink's own reason.
    """
    with tempfile.TemporaryDirectory(prefix="shopstream-submit-") as directory:
        archive = code or write_code_archive(Path(directory) / "shopstream.zip")
        command = [*client_arguments(program, archive, settings, restore_from), *arguments]
        command = client.client_command(command, Path(directory))
        _, output = _run(name, command, client.environment(), log, SUBMIT_SECONDS)
    found = _SUBMITTED.search(output)
    if found is None:
        hint = NOT_RESTORABLE_HINT.format(name=name) if _NOT_RESTORABLE in output else ""
        message = f"Flink refuses the job {name}: {reason_in(output)}\n{hint}Everything it said is in {log}."
        raise JobError(message)
    return found[1]


def run_to_end(name: str, settings: Settings, client: FlinkClient, log: Path, arguments: tuple[str, ...] = ()) -> None:
    """Run a job that ends by itself, and wait until it has.

    Args:
        name: The job, one of BOUNDED_JOBS.
        settings: Which cluster.
        client: Flink's client, in which the program runs.
        log: Where everything it says is kept.
        arguments: The program's own.

    Raises:
        ConfigurationError: There is no such job.
        JobError: It fails; with its own reason.
    """
    program = job_program(name)
    with tempfile.TemporaryDirectory(prefix="shopstream-submit-") as directory:
        archive = write_code_archive(Path(directory) / "shopstream.zip")
        attached = [word for word in client_arguments(program, archive, settings, None) if word != DETACHED]
        command = client.client_command([*attached, *arguments], Path(directory))
        exit_code, output = _run(name, command, client.environment(), log, BOUNDED_SECONDS)
    if exit_code:
        message = f"The job {name} failed: {reason_in(output)}\nEverything it said is in {log}."
        raise JobError(message)


def client_arguments(program: Path, archive: Path, settings: Settings, restore_from: Path | None) -> list[str]:
    """The arguments of ``flink`` that submit a program."""
    address = urlsplit(settings.flink_url)
    restore = ["-s", restore_from.as_posix(), "-claimMode", "CLAIM"] if restore_from else []
    return [
        "run",
        DETACHED,
        f"-Drest.address={address.hostname}",
        f"-Drest.port={address.port}",
        *restore,
        "-pyfs",
        str(archive),
        "-py",
        str(program),
    ]


def write_code_archive(target: Path) -> Path:
    """Write the packages that a job runs on into one zip file."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for package in PACKAGES:
            for path in sorted((ROOT / package).rglob("*")):
                if path.suffix in SHIPPED:
                    archive.write(path, path.relative_to(ROOT))
    return target


def checkpoint_directory(settings: Settings, name: str) -> Path | None:
    """Where the checkpoints of a job lie; None when they lie in no directory of this machine."""
    url = urlsplit(settings.checkpoint_url)
    return Path(unquote(url.path)) / name if url.scheme == "file" else None


def newest_checkpoint(directory: Path) -> Path | None:
    """The newest completed checkpoint or savepoint below ``<directory>/<job id>/``; None when there is none."""
    found = (path for kind in ("chk", "savepoint") for path in directory.glob(f"*/{kind}-*/_metadata"))
    completed = [(path.stat().st_mtime_ns, path.parent) for path in found]
    return max(completed)[1] if completed else None


def reason_in(output: str) -> str:
    """Why a submission failed: Python's error if it raised one, with the innermost cause that Java names."""
    once = "\n".join(line for line in output.split(_EPILOGUE)[0].splitlines() if _ECHO not in line)
    raised = _PYTHON_ERROR.findall(once)  # the last one ended the program, those before are what it was raised from
    causes = _CAUSE.findall(once)
    said = [found[-1].strip() for found in (raised, causes) if found]
    if any(said):
        return "; ".join(dict.fromkeys(filter(None, said)))
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    return lines[-1] if lines else "it said nothing"


def _run(
    name: str, command: list[str], environment: dict[str, str], log: Path, timeout_seconds: int
) -> tuple[int, str]:
    """Run Flink's client; its exit code, and everything it said."""
    with log.open("w+", encoding="utf-8") as output:
        try:
            done = subprocess.run(
                command,
                env={**os.environ, **environment},  # a child needs PATH, HOME, LANG as well
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                timeout=timeout_seconds,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            message = f"Flink did not take the job {name} within {timeout_seconds} seconds. See {log}."
            raise JobError(message) from error
    return done.returncode, log.read_text(encoding="utf-8", errors="replace")


def _innermost(cause: dict[str, Any]) -> str:
    """The first line of the innermost cause in a stack trace of Flink's REST interface."""
    return _root_cause(str(cause.get("stack-trace", cause)))


def _root_cause(trace: str) -> str:
    """The first line of the innermost cause in a stack trace."""
    causes = _CAUSE.findall(trace)
    return causes[-1].strip() if causes else trace.splitlines()[0]


def _job_status(found: dict[str, Any]) -> JobStatus:
    return JobStatus(
        id=found["jid"],
        name=found["name"],
        state=found["state"],
        started_ms=found["start-time"],
        tasks_running=found["tasks"]["running"],
        tasks=found["tasks"]["total"],
    )
