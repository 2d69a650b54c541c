"""Brings the jobs of the cluster to what is desired: submits again what a lost JobManager or a ``down`` took away."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from connections.errors import DependencyUnavailable
from flink.cluster import Cluster
from local.jobs import Jobs, Outcome, PlannedJobs
from local.restart import RestartPolicy
from schemas.errors import ShopError
from schemas.settings import Settings

logger = logging.getLogger(__name__)


class JobReconciler:
    """Submits a desired job that the JobManager does not run.

    Attributes:
        problems: Why a desired job does not run, by its name.

    Args:
        settings: Which cluster.
        jobs: Submits and cancels.
        clock: Monotonic seconds.
    """

    def __init__(self, settings: Settings, jobs: Jobs, clock: Callable[[], float] = time.monotonic) -> None:
        self._cluster = Cluster(settings)
        self._jobs = jobs
        self._clock = clock
        self._policies: dict[str, RestartPolicy] = {}
        self._not_before: dict[str, float] = {}
        self._batch: PlannedJobs | None = None
        self.problems: dict[str, str] = {}

    def tick(self) -> None:
        """Submit what is missing and due."""
        desired = self._jobs.desired.names()
        running = self._running() if desired else set()
        missing = [name for name in desired if name not in running]
        due = [name for name in missing if self._clock() >= self._not_before.get(name, 0.0)]
        if due:
            self._submit(due)

    def close(self) -> None:
        """Close the connections."""
        self._cluster.close()

    def stop_submitting(self) -> None:
        """Let a ``tick`` that submits jobs end soon; another thread may call this."""
        if self._batch is not None:
            self._batch.end()

    def cancel_all(self) -> None:
        """Cancel every desired job that runs; each keeps its newest checkpoint."""
        for name in self._jobs.desired.names():
            try:
                self._jobs.cancel(name)
            except ShopError as error:
                logger.warning("job %s is not cancelled: %s", name, error)

    def _running(self) -> set[str]:
        try:
            return {job.name for job in self._cluster.jobs() if not job.has_ended}
        except DependencyUnavailable as error:
            logger.info("the jobs are not looked after now: %s", error)
            return set(self._jobs.desired.names())

    def _submit(self, names: list[str]) -> None:
        """Submit jobs through one client; what holds up all of them is a problem of each."""
        waiting = set(names)

        def note(name: str, outcome: Outcome) -> None:
            waiting.discard(name)
            self._note(name, outcome)

        try:
            with self._jobs.planned(names) as self._batch:
                self._batch.submit(note)
        except ShopError as error:
            for name in waiting:
                self._failed(name, str(error))

    def _note(self, name: str, outcome: Outcome) -> None:
        if isinstance(outcome, ShopError):
            self._failed(name, str(outcome))
        else:
            self.problems.pop(name, None)
            self._policies.pop(name, None)

    def _failed(self, name: str, reason: str) -> None:
        policy = self._policies.setdefault(name, RestartPolicy(first_delay_seconds=1.0))
        delay = policy.delay_after(0.0)
        self._not_before[name] = self._clock() + delay
        self.problems[name] = reason
        logger.warning("job %s cannot be submitted, next attempt in %.0f s: %s", name, delay, reason)
