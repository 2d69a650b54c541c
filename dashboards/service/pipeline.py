"""How the pipeline fares: lag, jobs, failed and repeated events, how fresh tables and lists are.

Looked at now and then, however many ask.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import asdict
from datetime import UTC, datetime
from itertools import islice
from typing import Any, Final

import psutil

from connections.errors import DependencyUnavailable
from connections.redis import connect, redis_errors
from dashboards.service.answers import Freshness, LateJob, doubtful
from dashboards.service.tables import JOB_OF, TOPIC_OF
from flink.cluster import Cluster, JobStatus
from operations.failed_events import failed_events
from operations.lag import pipeline_lag
from schemas.errors import ShopError
from schemas.list_freshness import MINUTES, freshness_of
from schemas.recommendations import utc_text
from schemas.redis_keys import LIST_FRESHNESS
from schemas.settings import Settings
from schemas.topics import INGEST

KEPT_SECONDS: Final = 5.0
LATE_SECONDS: Final = 30.0
"""From when a job that is behind is late: it says how far it is with each checkpoint, every ten seconds."""

KEPT_FAILURES_SECONDS: Final = 30.0
FAILURES: Final = 5_000
"""Failed events that are looked at; how many there are in all is beside them."""

DEDUPLICATION: Final = "Deduplicate"
"""The operator of ingest that lets the first record of an event through."""

SETTLED_SECONDS: Final = 30.0
"""After tasks have started, Flink answers for a moment with the counters of those before them."""

Looked = tuple[float, Any, str]


class Pipeline:
    """Asks Kafka and Flink, from threads.

    Args:
        settings: Where they are.
        freshness: How fresh tables are.
        clock: Seconds since the epoch.
    """

    def __init__(self, settings: Settings, freshness: Freshness, clock: Callable[[], float] = time.time) -> None:
        self._settings = settings
        self._freshness = freshness
        self._pool = ThreadPoolExecutor(5, "pipeline")
        self._known: dict[str, asyncio.Task[Looked]] = {}
        self._clock = clock
        self._behind: dict[str, tuple[int, float]] = {}

    def late_jobs(self) -> dict[str, LateJob]:
        """The jobs that were behind at every look for a while, ingest among them; an old look is renewed meanwhile."""
        if self._is_old("lag", KEPT_SECONDS):
            self._renew("lag", self._lag)
        now = self._clock()
        return {
            job: LateJob(events, utc_text(datetime.fromtimestamp(since, UTC)))
            for job, (events, since) in self._behind.items()
            if now - since >= LATE_SECONDS
        }

    def close(self) -> None:
        """End the threads."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def report(self, connections: int, arrivals: Mapping[str, Any] | None) -> dict[str, Any]:
        """The answer of ``/api/pipeline``; what a server that is away would say is null.

        Args:
            connections: Pages that get live changes now.
            arrivals: How late events came.
        """
        looks = {
            "lag": self._looked("lag", self._lag, KEPT_SECONDS),
            "jobs": self._looked("jobs", self._jobs, KEPT_SECONDS),
            "failed": self._looked("failed", self._failed, KEPT_FAILURES_SECONDS),
            "duplicates": self._looked("duplicates", self._duplicates, KEPT_SECONDS),
            "lists": self._looked("lists", self._lists, KEPT_SECONDS),
        }
        tables, looked = await asyncio.gather(self._freshness.of(sorted(TOPIC_OF)), asyncio.gather(*looks.values()))
        problems = dict.fromkeys(problem for _, _, problem in looked if problem)
        return {
            "at": utc_text(datetime.now(UTC)),
            **{name: seen for name, (_, seen, _) in zip(looks, looked, strict=True)},
            "arrivals": arrivals,
            "tables": [{"name": each.name, "updated_at": each.updated_at, "behind": each.behind} for each in tables],
            "doubtful": doubtful(self.late_jobs(), {table: JOB_OF.get(table, "") for table in TOPIC_OF}),
            "memory_bytes": psutil.Process(os.getpid()).memory_info().rss,
            "connections": connections,
            "stale": [{"server": name, "reason": reason} for name, _, reason in map(_split, problems)],
        }

    async def lists(self) -> dict[str, Any]:
        """How long after their events users' lists were written, as of the last minutes.

        Raises:
            DependencyUnavailable: Redis does not answer.
        """
        _, seen, problem = await self._looked("lists", self._lists, KEPT_SECONDS)
        if problem:
            raise DependencyUnavailable("Redis", self._settings.redis_url, problem)
        answer: dict[str, Any] = seen
        return answer

    async def _looked(self, name: str, look: Callable[[], Any], kept_seconds: float) -> Looked:
        if self._is_old(name, kept_seconds):
            self._renew(name, look)
        return await asyncio.shield(self._known[name])

    def _is_old(self, name: str, kept_seconds: float) -> bool:
        known = self._known.get(name)
        return known is None or (known.done() and time.monotonic() - known.result()[0] > kept_seconds)

    def _renew(self, name: str, look: Callable[[], Any]) -> None:
        self._known[name] = asyncio.create_task(self._look(look))

    async def _look(self, look: Callable[[], Any]) -> Looked:
        try:
            seen, problem = await asyncio.get_running_loop().run_in_executor(self._pool, look), ""
        except ShopError as error:
            server = error.name if isinstance(error, DependencyUnavailable) else "Kafka"
            seen, problem = None, f"{server}: {error}"
        return time.monotonic(), seen, problem

    def _lag(self) -> dict[str, Any]:
        lag = pipeline_lag(self._settings)
        now = self._clock()
        left = {INGEST: lag.ingest, **lag.jobs}
        behind = {job: (events, self._behind.get(job, (0, now))[1]) for job, events in left.items() if events}
        self._behind = behind
        return {**asdict(lag), "settled": lag.settled, "words": str(lag)}

    def _jobs(self) -> list[dict[str, Any]]:
        with closing(Cluster(self._settings)) as cluster:
            newest = {job.name: job for job in reversed(cluster.jobs()) if not job.has_ended}
            return [_job(cluster, job) for job in newest.values()]

    def _duplicates(self) -> dict[str, Any] | None:
        with closing(Cluster(self._settings)) as cluster:
            ingest = cluster.find(INGEST)
            counts = cluster.counts(ingest.id, DEDUPLICATION) if ingest else None
        if counts is None or self._clock() - counts.since_ms / 1000 < SETTLED_SECONDS:
            return None
        return {
            "since": utc_text(datetime.fromtimestamp(counts.since_ms / 1000, UTC)),
            "events": counts.records_in,
            "duplicates": counts.records_in - counts.records_out,
        }

    def _lists(self) -> dict[str, Any]:
        url = self._settings.redis_url
        with closing(connect(url, self._settings.http_timeout_seconds)) as client, redis_errors(url):
            fields: Any = client.hgetall(LIST_FRESHNESS)
        counts = {name.decode(): int(count) for name, count in fields.items()}
        return {"minutes": MINUTES, **asdict(freshness_of(counts, int(self._clock() // 60)))}

    def _failed(self) -> dict[str, Any]:
        looked_at = [str(each.reason) for each in islice(failed_events(self._settings), FAILURES + 1)]
        reasons = Counter(looked_at[:FAILURES])
        return {
            "total": None if len(looked_at) > FAILURES else len(looked_at),
            "looked_at": min(len(looked_at), FAILURES),
            "reasons": dict(reasons.most_common()),
        }


def _job(cluster: Cluster, job: JobStatus) -> dict[str, Any]:
    health = cluster.health(job.id)
    last = health.last_checkpoint_ms
    return {
        "name": job.name,
        "state": job.state,
        "restarts": health.restarts,
        "checkpoints": health.checkpoints,
        "last_checkpoint": utc_text(datetime.fromtimestamp(last / 1000, UTC)) if last else None,
        "last_failure": health.last_failure,
    }


def _split(problem: str) -> tuple[str, str, str]:
    return problem.partition(": ")
