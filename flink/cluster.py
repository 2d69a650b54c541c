"""Asks a Flink cluster about its jobs, cancels and stops them: the REST interface at ``Settings.flink_url``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

import httpx

from connections.errors import DependencyUnavailable
from coordination.waiting import wait_until
from flink.errors import JobError
from schemas.settings import Settings

SAVEPOINT_SECONDS: Final = 300
ENDED: Final = frozenset({"FINISHED", "CANCELED", "FAILED"})
_IN, _OUT = "numRecordsIn", "numRecordsOut"
_TRACEBACK: Final = "Traceback (most recent call last):"
_CAUSE: Final = re.compile(r"^\s*Caused by: (.*)$", re.MULTILINE)


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


@dataclass(frozen=True, slots=True)
class OperatorCounts:
    """What an operator of a job took in and gave out since its tasks started.

    Attributes:
        records_in: Records that it took in.
        records_out: Records that it gave out.
        since_ms: When its tasks started, epoch milliseconds: a restart begins to count anew.
    """

    records_in: int
    records_out: int
    since_ms: int


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
        jobs = [_job_status(job) for job in self._get("/jobs/overview")["jobs"]]
        return sorted(jobs, key=lambda job: job.started_ms, reverse=True)

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
        checkpoints = self.checkpoints(job_id)
        last = (checkpoints.get("latest") or {}).get("completed") or {}
        failures = self._get(f"/jobs/{job_id}/exceptions?maxExceptions=1")["exceptionHistory"]["entries"]
        return JobHealth(
            restarts=self.restarts(job_id),
            checkpoints=checkpoints["counts"]["completed"] if checkpoints else 0,
            last_checkpoint_ms=last.get("latest_ack_timestamp"),
            last_failure=_root_cause(failures[0]["stacktrace"]) if failures else "",
        )

    def restarts(self, job_id: str) -> int:
        """How often Flink has restarted a job.

        Raises:
            DependencyUnavailable: The JobManager does not answer.
        """
        restarts = self._get(f"/jobs/{job_id}/metrics?get=numRestarts")
        return int(float(restarts[0]["value"])) if restarts else 0

    def counts(self, job_id: str, operator: str) -> OperatorCounts | None:
        """What the operator that is the first of its task took in and gave out; None where a job has none of that name.

        Args:
            job_id: The job.
            operator: Its name in the plan, without its number: Deduplicate, for example.

        Raises:
            DependencyUnavailable: The JobManager does not answer.
        """
        vertices = self._get(f"/jobs/{job_id}")["vertices"]
        vertex = next((each for each in vertices if each["name"].startswith(f"{operator}[")), None)
        if vertex is None:
            return None
        name = vertex["name"].partition(" -> ")[0]
        metric_names = [f"{name}.{counter}" for counter in (_IN, _OUT)]
        path = f"/jobs/{job_id}/vertices/{vertex['id']}/subtasks/metrics"
        answer = self._call("GET", path, parameters={"get": ",".join(metric_names), "agg": "sum"}).json()
        sums = {each["id"]: int(each["sum"]) for each in answer}
        if set(sums) != set(metric_names):
            return None  # its tasks have not told yet
        records_in, records_out = (sums[each] for each in metric_names)
        return OperatorCounts(records_in, records_out, vertex["start-time"])

    def checkpoints(self, job_id: str) -> dict[str, Any]:
        """Flink's statistics of a job's checkpoints, as its REST interface has them; empty for a bounded job.

        Raises:
            DependencyUnavailable: The JobManager does not answer.
        """
        answer = self._call("GET", f"/jobs/{job_id}/checkpoints", but_for=HTTPStatus.NOT_FOUND)
        statistics: dict[str, Any] = answer.json() if answer.is_success else {}
        return statistics

    def trigger_checkpoint(self, job_id: str) -> None:
        """Ask for a checkpoint of a job now; it is not yet taken when this returns.

        Raises:
            DependencyUnavailable: The JobManager does not answer, or the job has ended.
        """
        self._call("POST", f"/jobs/{job_id}/checkpoints", {"checkpointType": "CONFIGURED"})

    def cancel(self, job_id: str) -> None:
        """Cancel a job; it has not ended yet when this returns.

        Raises:
            DependencyUnavailable: The JobManager does not answer.
        """
        self._call("PATCH", f"/jobs/{job_id}?mode=cancel")

    def stop_with_savepoint(self, job_id: str, directory: str) -> str:
        """Take a savepoint of a job and end it there: nothing it wrote lies behind the savepoint.

        Its format is the canonical one, from which the job may go on with another state backend.

        Args:
            job_id: The job.
            directory: URL of the folder in which the savepoint gets a folder of its own.

        Returns:
            The savepoint's URL.

        Raises:
            DependencyUnavailable: The JobManager does not answer.
            JobError: There is no savepoint; the job goes on.
        """
        body = {"targetDirectory": directory, "drain": False, "formatType": "CANONICAL"}
        request = self._call("POST", f"/jobs/{job_id}/stop", body).json()["request-id"]
        operation = wait_until(
            lambda: self._completed(f"/jobs/{job_id}/savepoints/{request}"),
            SAVEPOINT_SECONDS,
            lambda: JobError(f"Flink took no savepoint of the job {job_id} within {SAVEPOINT_SECONDS} seconds."),
        )
        if "location" in operation:
            return str(operation["location"])
        message = f"Flink takes no savepoint of the job {job_id}: {_innermost(operation['failure-cause'])}."
        raise JobError(message)

    def _completed(self, path: str) -> dict[str, Any] | None:
        """What an asynchronous operation came to; None as long as it goes on."""
        answer = self._get(path)
        return answer["operation"] if answer["status"]["id"] == "COMPLETED" else None

    def _get(self, path: str) -> Any:
        return self._call("GET", path).json()

    def _call(
        self,
        method: str,
        path: str,
        body: dict[str, Any] | None = None,
        but_for: HTTPStatus | None = None,
        parameters: dict[str, str] | None = None,
    ) -> httpx.Response:
        """The answer to a request. An error of the status ``but_for`` is the caller's to judge; others are raised."""
        try:
            answer = self._http.request(method, path, json=body, params=parameters)
        except httpx.HTTPError as error:
            raise DependencyUnavailable("Flink", self._url, repr(error)) from error
        if answer.is_error and answer.status_code != but_for:
            raise DependencyUnavailable("Flink", self._url, f"HTTP {answer.status_code} for {path}")
        return answer


def _innermost(cause: dict[str, Any]) -> str:
    """The first line of the innermost cause in a stack trace of Flink's REST interface."""
    return _root_cause(str(cause.get("stack-trace", cause)))


def _root_cause(trace: str) -> str:
    """The first line of the innermost cause in a stack trace."""
    causes = _CAUSE.findall(trace)
    cause = causes[-1].strip() if causes else trace.splitlines()[0]
    return _of_python(trace, cause) if cause.endswith(_TRACEBACK) else cause


def _of_python(trace: str, cause: str) -> str:
    """What a Python traceback within a stack trace ends with: behind lines of code, the error itself."""
    lines = trace[trace.rindex(cause) :].splitlines()[1:]
    return next((line for line in lines if line and not line[0].isspace()), cause)


def _job_status(job: dict[str, Any]) -> JobStatus:
    return JobStatus(
        id=job["jid"],
        name=job["name"],
        state=job["state"],
        started_ms=job["start-time"],
        tasks_running=job["tasks"]["running"],
        tasks=job["tasks"]["total"],
    )
