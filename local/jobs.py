"""The jobs of one platform: which are to run, and how one that does not is brought back."""

from __future__ import annotations

import json
import logging
import shutil
import tempfile
import time
import zipfile
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from connections.errors import DependencyUnavailable
from connections.kafka import CommittedRecords
from coordination.files import locked, write_atomically
from flink.errors import JobError
from flink.submission import (
    Cluster,
    JobStatus,
    checkpoint_directory,
    job_program,
    newest_checkpoint,
    run_to_end,
    submit_program,
    write_code_archive,
)
from local.downloads import Jars
from local.flink import FlinkDistribution, as_flink_url
from local.paths import DataDirectory
from local.sentences import with_sentence_model
from operations.deleted_records import only_markers_are_gone
from operations.history.events import check_lake_reaches_kafka
from operations.history.gather import Gathered, Progress, RunTopics, Source, accept_deleted, event_bounds, gather
from schemas.settings import Settings

logger = logging.getLogger(__name__)

POLL_SECONDS: Final = 0.2
CANCEL_SECONDS: Final = 15.0
CODE_FILE: Final = "code.zip"
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


@dataclass(frozen=True, slots=True)
class Upgrade:
    """What an upgrade did.

    Attributes:
        job_id: Flink's id of the new job.
        savepoint: What it went on from.
        parallelism: Its parallelism.
        stopped_seconds: How long no version ran.
    """

    job_id: str
    savepoint: Path
    parallelism: int
    stopped_seconds: float


class DesiredJobs:
    """The jobs that are to run and the parallelism of those that have one of their own, in a file.

    Args:
        data: Whose data directory.
    """

    def __init__(self, data: DataDirectory) -> None:
        self._file = data.jobs_file
        self._lock = data.root / "jobs.lock"

    def names(self) -> list[str]:
        """The names, in the order in which they were first wanted."""
        names: list[str] = self._read()["desired"]
        return names

    def parallelism_of(self, name: str) -> int | None:
        """The parallelism that an upgrade gave a job; None for that of the settings."""
        found: int | None = self._read().get("parallelism", {}).get(name)
        return found

    def set_parallelism(self, name: str, parallelism: int) -> None:
        """From now on ``name`` is to run with this parallelism."""
        with locked(self._lock):
            content = self._read()
            self._write(content | {"parallelism": {**content.get("parallelism", {}), name: parallelism}})

    def add(self, name: str) -> None:
        """From now on ``name`` is to run."""
        with locked(self._lock):
            names = self.names()
            self._write(self._read() | {"desired": names if name in names else [*names, name]})

    def remove(self, name: str) -> None:
        """From now on ``name`` is not to run."""
        with locked(self._lock):
            self._write(self._read() | {"desired": [each for each in self.names() if each != name]})

    def _read(self) -> dict[str, Any]:
        if not self._file.exists():
            return {"desired": []}
        content: dict[str, Any] = json.loads(self._file.read_text(encoding="utf-8"))
        return content

    def _write(self, content: dict[str, Any]) -> None:
        write_atomically(self._file, json.dumps(content))


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

    def keep_running(self, name: str) -> None:
        """Submit a job unless it runs, wait until it does, and have the platform bring it back from now on.

        Raises:
            ConfigurationError: There is no such job.
            DependencyUnavailable: The JobManager does not answer.
            DownloadError: The connectors cannot be had.
            JobError: Flink refuses the job, or it ends.
        """
        self.ensure(name)
        self.desired.add(name)
        self.wait_until_running(name)

    def upgrade(self, name: str, parallelism: int | None = None) -> Upgrade:
        """Stop a job with a savepoint and go on from it with the code of today, perhaps at another parallelism.

        Args:
            name: The job; it must run.
            parallelism: Its new parallelism; None for the one that it has.

        Raises:
            ConfigurationError: There is no such job.
            JobError: It does not run, or the new version cannot go on from the savepoint; the old one then does.
            DependencyUnavailable: The JobManager does not answer.
        """
        job_program(name)
        self._jars.fetch()
        with locked(self._data.root / f"submit-{name}.lock"), closing(Cluster(self._settings)) as cluster:
            running, old_code = self._upgradable(cluster, name)
            before = self._parallelism(name)
            directory = f"{as_flink_url(self._settings.checkpoint_url)}/{name}/{running.id}"
            started = time.monotonic()
            savepoint = Path(unquote(urlsplit(cluster.stop_with_savepoint(running.id, directory)).path))
            try:
                job_id = self._go_on(name, savepoint, parallelism or before)
                self._wait_for_checkpoint(cluster, name, job_id)
            except JobError as refusal:
                self._end(cluster, name)
                old = self._start(name, self._code(name, old_code), savepoint, before)
                message = f"{refusal}\nThe version before goes on from the savepoint, as job {old}."
                raise JobError(message) from refusal
            if parallelism is not None:
                self.desired.set_parallelism(name, parallelism)
            return Upgrade(job_id, savepoint, parallelism or before, time.monotonic() - started)

    def run(self, name: str, source: Source, progress: Progress) -> Gathered:
        """Run a job that ends by itself over all events there are, and wait until it has; one at a time.

        Who stops waiting stops it.

        Args:
            name: The job, one of BOUNDED_JOBS.
            source: Where its events come from.
            progress: Told what is being done.

        Raises:
            ConfigurationError: There is no such job.
            ContractError: Events are in neither the lake nor Kafka, which SHOP_KAFKA_GAPS may accept.
            DependencyUnavailable: A server does not answer.
            DownloadError: The connectors cannot be had.
            JobError: It fails.
        """
        job_program(name)
        self._jars.fetch()
        settings = with_sentence_model(self._settings, self._jars)
        with locked(self._data.root / f"submit-{name}.lock"), RunTopics(self._settings, name) as topics:
            with CommittedRecords(self._settings) as records:
                bounds = event_bounds(records)
            check_reach = accept_deleted if self._settings.kafka_gaps == "accept" else check_lake_reaches_kafka
            history = gather(self._settings, bounds, source, topics, progress, check_reach)
            progress(f"Running {name} ...")
            self._run_to_end(name, settings, (history.input.to_json(),))
        return history

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
        with closing(Cluster(self._settings)) as cluster:
            return self._end(cluster, name)

    def url(self, _name: str) -> str:
        """The page of Flink's web interface to look at."""
        return self._settings.flink_url

    def _run_to_end(self, name: str, settings: Settings, arguments: tuple[str, ...]) -> None:
        client = FlinkDistribution(settings, self._data, self._jars)
        client.write_configuration()
        with closing(Cluster(settings)) as cluster:
            try:
                run_to_end(name, settings, client, self._data.log(f"submit-{name}"), arguments)
            except BaseException:
                self._end(cluster, name)
                raise

    def _submit(self, name: str) -> Submission:
        directory = checkpoint_directory(self._settings, name)
        checkpoint = newest_checkpoint(directory) if directory else None
        job_id = self._go_on(name, checkpoint, self._parallelism(name))
        logger.info("job %s submitted as %s from %s", name, job_id, checkpoint or "nothing")
        if directory and checkpoint:
            _drop_empty(directory, keep={job_id, checkpoint.parent.name})
        return Submission(job_id, restored_from=checkpoint)

    def _upgradable(self, cluster: Cluster, name: str) -> tuple[JobStatus, bytes]:
        """The job that runs, and the code that it runs on."""
        running = cluster.find(name)
        if running is None:
            message = f"The job {name} does not run: './shop submit {name}' starts it, from its newest checkpoint."
            raise JobError(message)
        archive = self._archive(name)
        if not archive.exists():
            message = (
                f"The code that the job {name} runs on is not in {archive}, so nothing could go on should the new "
                f"version be refused. './shop cancel {name}' and './shop submit {name}' do the same without that."
            )
            raise JobError(message)
        return running, archive.read_bytes()

    def _archive(self, name: str) -> Path:
        """Where the code lies that a job runs on: with its checkpoints, as both are needed together."""
        directory = checkpoint_directory(self._settings, name) or self._data.of("code") / name
        return directory / CODE_FILE

    def _parallelism(self, name: str) -> int:
        return self.desired.parallelism_of(name) or self._settings.job_parallelism

    def _go_on(self, name: str, checkpoint: Path | None, parallelism: int) -> str:
        """Start today's version of a job."""
        with tempfile.TemporaryDirectory(prefix="shopstream-code-") as directory:
            code = write_code_archive(Path(directory) / CODE_FILE).read_bytes()
        return self._start(name, self._code(name, code), checkpoint, parallelism)

    def _code(self, name: str, code: bytes) -> Path:
        """Put the code of a job in its place."""
        archive = self._archive(name)
        archive.parent.mkdir(parents=True, exist_ok=True)
        temporary = archive.with_suffix(".new")
        temporary.write_bytes(code)
        return temporary.replace(archive)

    def _start(self, name: str, code: Path, checkpoint: Path | None, parallelism: int) -> str:
        """Submit a job as its archived code has it."""
        at_gaps = self._at_gaps(name, checkpoint)
        settings = self._settings.model_copy(update={"job_parallelism": parallelism, "kafka_gaps": at_gaps})
        client = FlinkDistribution(settings, self._data, self._jars)
        client.write_configuration()
        log = self._data.log(f"submit-{name}")
        with tempfile.TemporaryDirectory(prefix="shopstream-program-") as directory:
            with zipfile.ZipFile(code) as archive:
                program = Path(archive.extract(f"jobs/{name}/job.py", directory))
            return submit_program(name, program, settings, client, log, checkpoint, code=code)

    def _at_gaps(self, name: str, checkpoint: Path | None) -> str:
        """What a job is to do where Kafka has deleted what it goes on with: it may pass over markers of transactions.

        Raises:
            RecordsDeleted: Events are gone, or may be.
        """
        if checkpoint and self._settings.kafka_gaps == "stop" and only_markers_are_gone(self._settings, name):
            return "accept"
        return self._settings.kafka_gaps

    def _wait_for_checkpoint(self, cluster: Cluster, name: str, job_id: str) -> None:
        """Wait until a job that was restored has made a checkpoint of its own: only then it surely goes on.

        Raises:
            JobError: It failed before that.
        """
        deadline = time.monotonic() + RUNNING_SECONDS
        while time.monotonic() < deadline:
            health = cluster.health(job_id)
            if health.checkpoints:
                return
            if health.last_failure:
                message = f"The new version of {name} cannot go on from the savepoint: {health.last_failure}"
                raise JobError(message)
            time.sleep(POLL_SECONDS)
        message = f"The new version of {name} made no checkpoint within {RUNNING_SECONDS:.0f} seconds."
        raise JobError(message)

    def _end(self, cluster: Cluster, name: str) -> bool:
        """Cancel a job and wait until it has ended; whether it ran."""
        deadline = time.monotonic() + CANCEL_SECONDS
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


def _drop_empty(directory: Path, keep: set[str]) -> None:
    """Delete what earlier runs of a job left in its checkpoint directory and no checkpoint needs."""
    for run in directory.iterdir():
        if run.is_dir() and run.name not in keep:
            shutil.rmtree(run, ignore_errors=True)


def running_jobs(settings: Settings) -> list[JobStatus]:
    """The jobs that the cluster runs now; none when it does not answer."""
    with closing(Cluster(settings)) as cluster:
        try:
            return [job for job in cluster.jobs() if not job.has_ended]
        except DependencyUnavailable:
            return []
