"""Checkpoints while somebody waits: a job commits what it has read with its next one, which may be ten seconds away."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable
from typing import Final

from connections.errors import DependencyUnavailable
from flink.cluster import Cluster

logger = logging.getLogger(__name__)

FIRST_PAUSE_SECONDS: Final = 0.5
MOST_PAUSE_SECONDS: Final = 8.0
"""A job that has much to read is not to spend its time on checkpoints, each of which empties its mini-batches."""


class PromptCheckpoints:
    """Asks Flink for checkpoints of jobs that are waited for.

    Args:
        cluster: The cluster that runs them.
        clock: Monotonic seconds.
    """

    def __init__(self, cluster: Cluster, clock: Callable[[], float] = time.monotonic) -> None:
        self._cluster = cluster
        self._clock = clock
        self._not_before: dict[str, float] = {}
        self._pauses: dict[str, float] = {}

    def ask(self, jobs: Iterable[str]) -> None:
        """Ask for a checkpoint of each of these jobs that runs, unless one was asked for a moment ago.

        Where Flink takes none, the job's periodic one is waited for: that is no error.
        """
        now = self._clock()
        due = {job for job in jobs if now >= self._not_before.get(job, now)}
        for job in due:
            pause = self._pauses.get(job, FIRST_PAUSE_SECONDS)
            self._not_before[job] = now + pause
            self._pauses[job] = min(2 * pause, MOST_PAUSE_SECONDS)
        if due:
            self._trigger(due)

    def _trigger(self, names: set[str]) -> None:
        try:
            for job in self._cluster.jobs():
                if job.name in names and job.is_running:
                    self._cluster.trigger_checkpoint(job.id)
        except DependencyUnavailable as error:
            logger.info("No checkpoint is asked for: %s", error)
