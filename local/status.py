"""What ``./shop status`` tells: parts, memory, jobs, addresses."""

from __future__ import annotations

import time
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime

from connections.errors import DependencyUnavailable
from connections.redis import connect, redis_errors
from flink.cluster import Cluster, JobHealth, JobStatus
from local.desired_jobs import DesiredJobs
from local.memory import PartMemory, memory_of
from local.paths import DataDirectory
from local.platform import Platform
from local.state import PartState, PartStatus, PlatformState
from operations.deleted_records import OUT_OF_RANGE, remedy
from recommender.publishing.active import ActiveModel, active_model
from schemas.model_age import age_warning
from schemas.settings import Settings


@dataclass(frozen=True, slots=True)
class PartReport:
    """One part: what the supervisor knows of it, and its memory."""

    status: PartStatus
    memory: PartMemory
    uptime_seconds: float | None


@dataclass(frozen=True, slots=True)
class JobReport:
    """One job: what Flink knows of it, and what keeps it from running."""

    name: str
    status: JobStatus | None
    health: JobHealth | None
    problem: str


@dataclass(frozen=True, slots=True)
class PlatformReport:
    """The whole platform.

    Attributes:
        is_up: Whether a supervisor runs.
        addresses: Where each server is reached.
        parts: Each part by its name.
        jobs: The desired jobs and any other that runs.
        total_bytes: Memory of everything, the supervisor as well.
        model: The model that is served; None for none, or while Redis does not answer.
        warnings: What somebody should look at, though everything runs.
    """

    is_up: bool
    addresses: dict[str, str]
    parts: dict[str, PartReport] = field(default_factory=dict)
    jobs: list[JobReport] = field(default_factory=list)
    total_bytes: int = 0
    model: ActiveModel | None = None
    warnings: tuple[str, ...] = ()

    @property
    def is_well(self) -> bool:
        """Whether every part is ready and every job runs."""
        return (
            self.is_up
            and all(part.status.state is PartState.READY for part in self.parts.values())
            and all(job.status is not None and job.status.state == "RUNNING" and not job.problem for job in self.jobs)
        )


def addresses(settings: Settings) -> dict[str, str]:
    """Where each server is reached."""
    return {
        "kafka": settings.kafka_bootstrap_servers,
        "registry": settings.registry_url,
        "flink": settings.flink_url,
        "clickhouse": settings.clickhouse_url,
        "redis": settings.redis_url,
        "collector": f"http://127.0.0.1:{settings.port('collector')}",
        "serving": f"http://127.0.0.1:{settings.port('serving')}",
        "dashboard": f"http://127.0.0.1:{settings.port('dashboard')}",
    }


def report(settings: Settings) -> PlatformReport:
    """The platform of these settings as it is now."""
    state = Platform(settings).state()
    if state is None:
        return PlatformReport(is_up=False, addresses=addresses(settings))
    parts = {name: _part(part) for name, part in state.parts.items()}
    model = _active_model(settings)
    memory = [part.memory for part in parts.values()] + [memory_of(state.supervisor)]
    return PlatformReport(
        is_up=True,
        addresses=addresses(settings),
        parts=parts,
        jobs=_jobs(settings, state),
        total_bytes=sum(each.own_bytes + each.worker_bytes for each in memory),
        model=model,
        warnings=warnings_of(model, settings, datetime.now(UTC)),
    )


def _active_model(settings: Settings) -> ActiveModel | None:
    client = connect(settings.redis_url, settings.http_timeout_seconds)
    try:
        with closing(client), redis_errors(settings.redis_url):
            return active_model(client)
    except DependencyUnavailable:  # the parts say how Redis is
        return None


def warnings_of(model: ActiveModel | None, settings: Settings, now: datetime) -> tuple[str, ...]:
    """What somebody should look at, though everything runs: a model that is old."""
    if model is None:
        return ()
    warning = age_warning(model.version, model.made_at, now, settings.recommendation_model_max_age_seconds)
    return (warning,) if warning else ()


def _part(part: PartStatus) -> PartReport:
    if part.process is None:
        return PartReport(part, PartMemory(0, 0, 0), None)
    return PartReport(part, memory_of(part.process), time.time() - part.process.started)


def _jobs(settings: Settings, state: PlatformState) -> list[JobReport]:
    desired = DesiredJobs(DataDirectory(settings.data_dir)).names()
    with closing(Cluster(settings)) as cluster:
        try:
            newest = {job.name: job for job in reversed(cluster.jobs())}
            names = [*desired, *(name for name, job in newest.items() if name not in desired and not job.has_ended)]
            health = {name: cluster.health(newest[name].id) for name in names if name in newest}
        except DependencyUnavailable as error:
            return [JobReport(name, None, None, str(error)) for name in desired]
    return [JobReport(n, newest.get(n), health.get(n), problem_of(n, state, health.get(n))) for n in names]


def problem_of(job: str, state: PlatformState, health: JobHealth | None) -> str:
    """Why a job does not run, or runs in vain."""
    if health is not None and OUT_OF_RANGE in health.last_failure:
        return f"Kafka has deleted what it was to read next: {health.last_failure} {remedy(job)}"
    return state.job_problems.get(job, "")
