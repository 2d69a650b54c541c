"""The jobs of one platform: which are to run, and how one that does not is brought back."""

from __future__ import annotations

import json
import logging
import shutil
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from jobs.submission import Cluster, JobStatus, checkpoint_directory, job_program, newest_checkpoint, submit
from local.downloads import Jars
from local.files import locked, write_atomically
from local.flink import FlinkDistribution
from local.paths import DataDirectory
from schemas.errors import DependencyUnavailable, JobError
from schemas.settings import Settings

logger = logging.getLogger(__name__)

POLL_SECONDS: Final = 0.2
CANCEL_SECONDS: Final = 15.0
RUNNING_SECONDS: Final = 120.0


@dataclass(frozen=True, slots=True)
class Submission:
    """What became of a request to run a job.

    Attributes:
        job_id: Flink's id of it.
        already_ran: Whether it ran before.
        restored_from: The checkpoint it started from; None for a fresh start.
    """

    job_id: str
    already_ran: bool = False
    restored_from: Path | None = None


class DesiredJobs:
    """The names of the jobs that are to run, in a file.

    Args:
        data: Whose data directory.
    """

    def __init__(self, data: DataDirectory) -> None:
        self._file = data.jobs_file
        self._lock = data.root / "jobs.lock"

    def names(self) -> list[str]:
        """The names, in the order in which they were first wanted."""
        if not self._file.exists():
            return []
        names: list[str] = json.loads(self._file.read_text(encoding="utf-8"))["desired"]
        return names

    def add(self, name: str) -> None:
        """From now on ``name`` is to run."""
        with locked(self._lock):
            self._write([*self.names(), name] if name not in self.names() else self.names())

    def remove(self, name: str) -> None:
        """From now on ``name`` is not to run."""
        with locked(self._lock):
            self._write([each for each in self.names() if each != name])

    def _write(self, names: list[str]) -> None:
        write_atomically(self._file, json.dumps({"desired": names}))


class Jobs:
    """Submits and cancels the jobs of one platform, or of the cluster that its settings name.

    Args:
        settings: Which cluster.
        data: Where the configuration of the client, its logs and the locks are.
        jars: Where the connectors are.
    """

    def __init__(self, settings: Settings, data: DataDirectory, jars: Jars) -> None:
        self._settings = settings
        self._data = data
        self._jars = jars
        self.desired = DesiredJobs(data)

    def ensure(self, name: str) -> Submission:
        """Submit a job unless it runs, from its newest checkpoint if it has one.

        Raises:
            ConfigurationError: There is no such job.
            DependencyUnavailable: The JobManager does not answer.
            DownloadError: The connectors cannot be had.
            JobError: Flink refuses the job.
        """
        job_program(name)
        self._jars.fetch()
        with locked(self._data.root / f"submit-{name}.lock"), closing(Cluster(self._settings)) as cluster:
            running = cluster.find(name)
            if running is not None:
                return Submission(running.id, already_ran=True)
            return self._submit(name)

    def forget_checkpoints(self, name: str) -> None:
        """Delete the checkpoints of a job that does not run: its next start is a fresh one.

        Raises:
            JobError: It runs.
            DependencyUnavailable: The JobManager does not answer.
        """
        with locked(self._data.root / f"submit-{name}.lock"), closing(Cluster(self._settings)) as cluster:
            if cluster.find(name) is not None:
                message = f"The job {name} runs: './shop cancel {name}' first."
                raise JobError(message)
            directory = checkpoint_directory(self._settings, name)
            if directory and directory.exists():
                shutil.rmtree(directory)

    def wait_until_running(self, name: str) -> JobStatus:
        """Wait until every task of a job runs.

        Raises:
            JobError: It ends, or its tasks do not start in time; with Flink's reason.
            DependencyUnavailable: The JobManager does not answer.
        """
        deadline = time.monotonic() + RUNNING_SECONDS
        with closing(Cluster(self._settings)) as cluster:
            while time.monotonic() < deadline:
                found = next((job for job in cluster.jobs() if job.name == name), None)
                if found is None or found.has_ended:
                    reason = cluster.health(found.id).last_failure if found else "the JobManager lost it"
                    message = f"The job {name} ended right after its start: {reason}. See its page at {self.url(name)}."
                    raise JobError(message)
                if found.is_running:
                    return found
                time.sleep(POLL_SECONDS)
            message = (
                f"The tasks of the job {name} do not run after {RUNNING_SECONDS:.0f} seconds. See {self.url(name)}."
            )
            raise JobError(message)

    def cancel(self, name: str) -> bool:
        """Cancel a job, keeping its newest checkpoint, and wait until it has ended; whether it ran.

        Raises:
            DependencyUnavailable: The JobManager does not answer.
            JobError: It does not end in time.
        """
        deadline = time.monotonic() + CANCEL_SECONDS
        with closing(Cluster(self._settings)) as cluster:
            running = cluster.find(name)
            if running is None:
                return False
            cluster.cancel(running.id)
            while cluster.find(name) is not None:
                if time.monotonic() > deadline:
                    message = f"The job {name} does not end. See {self.url(name)}."
                    raise JobError(message)
                time.sleep(POLL_SECONDS)
        return True

    def url(self, _name: str) -> str:
        """The page of Flink's web interface to look at."""
        return self._settings.flink_url

    def _submit(self, name: str) -> Submission:
        client = FlinkDistribution(self._settings, self._data, self._jars)
        client.write_configuration()
        directory = checkpoint_directory(self._settings, name)
        checkpoint = newest_checkpoint(directory) if directory else None
        job_id = submit(name, self._settings, client, self._data.log(f"submit-{name}"), checkpoint)
        logger.info("job %s submitted as %s from %s", name, job_id, checkpoint or "nothing")
        if directory and checkpoint:
            _drop_empty(directory, keep={job_id, checkpoint.parent.name})
        return Submission(job_id, restored_from=checkpoint)


def _drop_empty(directory: Path, keep: set[str]) -> None:
    """Delete what earlier runs of a job left in its checkpoint directory and no checkpoint needs."""
    for run in directory.iterdir():
        if run.name not in keep:
            shutil.rmtree(run, ignore_errors=True)


def running_jobs(settings: Settings) -> list[JobStatus]:
    """The jobs that the cluster runs now; none when it does not answer."""
    with closing(Cluster(settings)) as cluster:
        try:
            return [job for job in cluster.jobs() if not job.has_ended]
        except DependencyUnavailable:
            return []
