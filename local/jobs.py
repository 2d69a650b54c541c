"""The jobs of one platform: which are to run, and how one that does not is brought back."""

from __future__ import annotations

import logging
import shutil
import tempfile
import time
import zipfile
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Self
from urllib.parse import unquote, urlsplit

from connections.errors import DependencyUnavailable
from coordination.files import locked, write_atomically
from coordination.waiting import wait_until
from flink.batch import BatchClient, JobRequest
from flink.checkpoints import checkpoint_directory, newest_checkpoint
from flink.cluster import Cluster, JobStatus
from flink.code import job_program, streaming_jobs, write_code_archive
from flink.errors import JobError
from flink.submission import submit_program
from local.desired_jobs import DesiredJobs
from local.downloads import Jars
from local.flink import FlinkDistribution, as_flink_url
from local.paths import DataDirectory
from operations.deleted_records import only_markers_are_gone
from operations.prompt_checkpoints import PromptCheckpoints
from schemas.errors import ConfigurationError, ShopError
from schemas.settings import ALL_JOBS, Settings

logger = logging.getLogger(__name__)

CANCEL_SECONDS: Final = 15.0
CODE_FILE: Final = "code.zip"
STATE_BACKEND_FILE: Final = "state-backend"
STATE_BACKEND_BEFORE_RECORDS: Final = "hashmap"
"""What made checkpoints that lie beside no STATE_BACKEND_FILE: versions before it had no other."""

RUNNING_SECONDS: Final = 300.0


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


Outcome = Submission | ShopError
"""What became of one of several jobs."""


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


OnOutcome = Callable[[str, Outcome], None]


def ignore_outcome(_name: str, _outcome: Outcome) -> None:
    """Nobody waits for what became of each job."""


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
            DependencyUnavailable: A server does not answer.
            DownloadError: The connectors cannot be had.
            JobError: Flink refuses the job.
            RecordsDeleted: Kafka has deleted events that the job was to read next, or may have.
        """
        outcome = self.ensure_all([name])[name]
        if isinstance(outcome, ShopError):
            raise outcome
        return outcome

    def ensure_all(self, names: Sequence[str], on_outcome: OnOutcome = ignore_outcome) -> dict[str, Outcome]:
        """Submit those of several jobs that do not run; one that is refused does not hold up the others.

        Raises:
            ConfigurationError: There is no such job.
            DependencyUnavailable: The JobManager does not answer.
            DownloadError: The connectors cannot be had.
        """
        with self.planned(names) as batch:
            return batch.submit(on_outcome)

    @contextmanager
    def planned(self, names: Sequence[str]) -> Iterator[PlannedJobs]:
        """Plan those of several jobs that do not run, which needs no server; nobody else submits them meanwhile.

        Raises:
            ConfigurationError: There is no such job.
            DownloadError: The connectors cannot be had.
        """
        for name in names:
            job_program(name)
        self._jars.fetch()
        with ExitStack() as stack:
            for name in sorted(names):
                stack.enter_context(locked(self._data.root / f"submit-{name}.lock"))
            yield stack.enter_context(PlannedJobs(self, names))

    def keep_running(self, *names: str) -> None:
        """Submit jobs unless they run, wait until they do, and have the platform bring them back from now on.

        Raises:
            ConfigurationError: There is no such job.
            DependencyUnavailable: The JobManager does not answer.
            DownloadError: The connectors cannot be had.
            JobError: Flink refuses a job, or it ends.
        """
        outcomes = self.ensure_all(names)
        for outcome in outcomes.values():
            if isinstance(outcome, ShopError):
                raise outcome
        for name in names:
            self.desired.add(name)
        self.wait_until_all_run(names)

    def upgrade(self, name: str, parallelism: int | None = None) -> Upgrade:
        """Stop a job with a savepoint and go on from it with today's code and state backend.

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
            backend_before = self._recorded_state_backend(name)
            directory = f"{as_flink_url(self._settings.checkpoint_url)}/{name}/{running.id}"
            started = time.monotonic()
            savepoint = Path(unquote(urlsplit(cluster.stop_with_savepoint(running.id, directory)).path))
            try:
                request = self._request(name, savepoint, parallelism or before, self._settings.state_backend)
                job_id = self._start(request, todays_code())
                self._wait_for_checkpoint(cluster, name, job_id)
            except JobError as refusal:
                self._end(cluster, name)
                old = self._start(self._request(name, savepoint, before, backend_before), old_code)
                message = f"{refusal}\nThe version before goes on from the savepoint, as job {old}."
                raise JobError(message) from refusal
            if parallelism is not None:
                self.desired.set_parallelism(name, parallelism)
            return Upgrade(job_id, savepoint, parallelism or before, time.monotonic() - started)

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
        with closing(Cluster(self._settings)) as cluster:
            return wait_until(
                lambda: self._status_if_running(cluster, name),
                RUNNING_SECONDS,
                lambda: JobError(
                    f"The tasks of the job {name} do not run after {RUNNING_SECONDS:.0f} seconds. See {self.url}."
                ),
            )

    def wait_until_all_run(self, names: Iterable[str]) -> None:
        """Wait until every task of several jobs runs.

        Raises:
            JobError: One ends, or its tasks do not start in time; with Flink's reason.
            DependencyUnavailable: The JobManager does not answer.
        """
        for name in names:
            self.wait_until_running(name)

    def _status_if_running(self, cluster: Cluster, name: str) -> JobStatus | None:
        status = next((job for job in cluster.jobs() if job.name == name), None)
        if status is None or status.has_ended:
            reason = cluster.health(status.id).last_failure if status else "the JobManager lost it"
            message = f"The job {name} ended right after its start: {reason}. See its page at {self.url}."
            raise JobError(message)
        return status if status.is_running else None

    def cancel(self, name: str) -> bool:
        """Cancel a job, keeping its newest checkpoint, and wait until it has ended; whether it ran.

        Raises:
            DependencyUnavailable: The JobManager does not answer.
            JobError: It does not end in time.
        """
        with closing(Cluster(self._settings)) as cluster:
            return self._end(cluster, name)

    @property
    def url(self) -> str:
        """Flink's web interface."""
        return self._settings.flink_url

    def request(self, name: str) -> JobRequest:
        """How a job is to be started as things stand, if it does not run."""
        directory = checkpoint_directory(self._settings, name)
        checkpoint = newest_checkpoint(directory) if directory else None
        return self._request(name, checkpoint, self._parallelism(name), self._state_backend(name, checkpoint))

    def start_client(self, requests: Sequence[JobRequest]) -> BatchClient:
        """A client for several jobs; a context manager that starts and ends it."""
        client = self.client(self._settings)
        return BatchClient(requests, self._settings, client, self._data.log(f"submit-{requests[0].name}"))

    def checked(self, request: JobRequest) -> JobRequest:
        """The request, that may pass over markers of transactions which Kafka has deleted; needs Kafka.

        Raises:
            RecordsDeleted: Kafka has deleted events that the job was to read next, or may have.
            DependencyUnavailable: Kafka does not answer.
        """
        stops = bool(request.restore_from) and request.kafka_gaps == "stop"
        if stops and only_markers_are_gone(self._settings, request.name):
            return replace(request, kafka_gaps="accept")
        return request

    def keep_code(self, request: JobRequest, code: bytes) -> Path:
        """Put the code that a job runs on, and what it keeps its state in, with its checkpoints."""
        archive = self._archive(request.name)
        archive.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(archive.with_name(STATE_BACKEND_FILE), request.state_backend)
        temporary = archive.with_suffix(".new")
        temporary.write_bytes(code)
        return temporary.replace(archive)

    def submitted(self, request: JobRequest, job_id: str) -> Submission:
        """Clean up after a job was submitted."""
        directory = checkpoint_directory(self._settings, request.name)
        checkpoint = Path(request.restore_from) if request.restore_from else None
        logger.info("job %s submitted as %s from %s", request.name, job_id, checkpoint or "nothing")
        if directory and checkpoint:
            _drop_empty(directory, keep={job_id, checkpoint.parent.name})
        return Submission(job_id, restored_from=checkpoint)

    def running(self) -> dict[str, JobStatus]:
        """The jobs that the cluster runs, by their names.

        Raises:
            DependencyUnavailable: The JobManager does not answer.
        """
        with closing(Cluster(self._settings)) as cluster:
            return {job.name: job for job in cluster.jobs() if not job.has_ended}

    def client(self, settings: Settings) -> FlinkDistribution:
        """Flink's client, configured for this platform."""
        client = FlinkDistribution(settings, self._data, self._jars)
        client.write_configuration()
        return client

    def _request(self, name: str, checkpoint: Path | None, parallelism: int, state_backend: str) -> JobRequest:
        restore_from = checkpoint.as_posix() if checkpoint else ""
        return JobRequest(name, parallelism, state_backend, self._settings.kafka_gaps, restore_from)

    def _state_backend(self, name: str, checkpoint: Path | None) -> str:
        """That of the settings; where there is a checkpoint, the one that made it, as no other can read it."""
        return self._recorded_state_backend(name) if checkpoint else self._settings.state_backend

    def _recorded_state_backend(self, name: str) -> str:
        """The state backend that made the checkpoints of a job."""
        record = self._archive(name).with_name(STATE_BACKEND_FILE)
        return record.read_text(encoding="utf-8") if record.exists() else STATE_BACKEND_BEFORE_RECORDS

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

    def _start(self, request: JobRequest, code: bytes) -> str:
        """Submit a job as its code has it."""
        request = self.checked(request)
        archive = self.keep_code(request, code)
        settings = request.settings(self._settings)
        log = self._data.log(f"submit-{request.name}")
        checkpoint = Path(request.restore_from) if request.restore_from else None
        with tempfile.TemporaryDirectory(prefix="shopstream-program-") as directory:
            with zipfile.ZipFile(archive) as packages:
                program = Path(packages.extract(f"jobs/{request.name}/job.py", directory))
            return submit_program(request.name, program, settings, self.client(settings), log, checkpoint, code=archive)

    def _wait_for_checkpoint(self, cluster: Cluster, name: str, job_id: str) -> None:
        """Wait until a job that was restored has made a checkpoint of its own: only then it surely goes on.

        Raises:
            JobError: It failed before that.
        """
        checkpoints = PromptCheckpoints(cluster)

        def has_checkpoint() -> bool:
            checkpoints.ask([name])
            health = cluster.health(job_id)
            if health.last_failure and not health.checkpoints:
                message = f"The new version of {name} cannot go on from the savepoint: {health.last_failure}"
                raise JobError(message)
            return health.checkpoints > 0

        late = f"The new version of {name} made no checkpoint within {RUNNING_SECONDS:.0f} seconds."
        wait_until(has_checkpoint, RUNNING_SECONDS, lambda: JobError(late))

    def _end(self, cluster: Cluster, name: str) -> bool:
        """Cancel a job and wait until it has ended; whether it ran."""
        running = cluster.find(name)
        if running is None:
            return False
        cluster.cancel(running.id)
        late = f"The job {name} does not end. See {self.url}."
        wait_until(lambda: cluster.find(name) is None, CANCEL_SECONDS, lambda: JobError(late))
        return True


class PlannedJobs:
    """Jobs of one platform that one client plans; a context manager that ends the client.

    Args:
        jobs: Those of the platform.
        names: Which of them are to run.
    """

    def __init__(self, jobs: Jobs, names: Sequence[str]) -> None:
        self._jobs = jobs
        self._names = names
        self._requests: dict[str, JobRequest] = {}
        self._client: BatchClient | None = None
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        running = self._running_if_up()
        requests = [self._jobs.request(name) for name in self._names if name not in running]
        if requests:
            self._requests = {request.name: request for request in requests}
            self._client = self._stack.enter_context(self._jobs.start_client(requests))
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.close()

    def end(self) -> None:
        """End the client; jobs that are not submitted by then are refused. Another thread may call this."""
        if self._client is not None:
            self._client.end()

    def submit(self, on_outcome: OnOutcome = ignore_outcome) -> dict[str, Outcome]:
        """Submit those that do not run; the servers must be there, and what Kafka and the registry are to hold.

        Args:
            on_outcome: Called with each job and what became of it.

        Returns:
            What became of each job.

        Raises:
            DependencyUnavailable: The JobManager does not answer.
        """
        outcomes: dict[str, Outcome] = {}
        for name, outcome in self._submit():
            outcomes[name] = outcome
            on_outcome(name, outcome)
        return outcomes

    def _submit(self) -> Iterator[tuple[str, Outcome]]:
        running = self._jobs.running()
        requests: list[JobRequest] = []
        for name in self._names:
            if name in running:
                yield name, Submission(running[name].id, already_ran=True)
                continue
            try:
                requests.append(self._jobs.checked(self._jobs.request(name)))
            except ShopError as error:
                yield name, error
        as_planned = [request for request in requests if self._requests.get(request.name) == request]
        if self._client is not None:
            yield from self._through(self._client, as_planned)
        if others := [request for request in requests if request not in as_planned]:
            with self._jobs.start_client(others) as self._client:
                yield from self._through(self._client, others)

    def _through(self, client: BatchClient, requests: Sequence[JobRequest]) -> Iterator[tuple[str, Outcome]]:
        by_name = {request.name: request for request in requests}
        for request in requests:
            self._jobs.keep_code(request, client.archive.read_bytes())
        for name, result in client.submit(by_name):
            yield name, result if isinstance(result, JobError) else self._jobs.submitted(by_name[name], result)

    def _running_if_up(self) -> Collection[str]:
        try:
            return self._jobs.running()
        except DependencyUnavailable:  # the platform starts only now
            return ()


def chosen_jobs(settings: Settings) -> list[str]:
    """The jobs that ``up`` starts.

    Raises:
        ConfigurationError: One of them does not exist, or ends by itself.
    """
    if settings.jobs == ALL_JOBS:
        return streaming_jobs()
    names = [name for name in map(str.strip, settings.jobs.split(",")) if name]
    if unknown := [name for name in names if name not in streaming_jobs()]:
        message = f"SHOP_JOBS names {', '.join(unknown)}. Jobs that run for good: {', '.join(streaming_jobs())}."
        raise ConfigurationError(message)
    return names


def todays_code() -> bytes:
    """The archive of the packages that a job runs on."""
    with tempfile.TemporaryDirectory(prefix="shopstream-code-") as directory:
        return write_code_archive(Path(directory) / CODE_FILE).read_bytes()


def _drop_empty(directory: Path, keep: set[str]) -> None:
    """Delete what earlier runs of a job left in its checkpoint directory and no checkpoint needs."""
    for run in directory.iterdir():
        if run.is_dir() and run.name not in keep:
            shutil.rmtree(run, ignore_errors=True)
