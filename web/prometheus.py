"""Prometheus's client library, as every metrics page of ours uses it."""

from __future__ import annotations

import os
from bisect import bisect_left
from typing import Final

from prometheus_client import CollectorRegistry, Histogram, disable_created_metrics, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.multiprocess import MultiProcessCollector

CONTENT_TYPE: Final = CONTENT_TYPE_PLAIN_0_0_4

MULTIPROCESS_DIRECTORY: Final = "PROMETHEUS_MULTIPROC_DIR"
"""The variable that names the directory in which several processes of one service count together.

The library reads it when it is imported: a parent process sets it before it starts its workers.
"""

disable_created_metrics()  # a counter is one series: not also a gauge of the time at which it began


def page(registry: CollectorRegistry) -> bytes:
    """All metrics in the text format: of this process, or of all processes of the service where there are several."""
    if MULTIPROCESS_DIRECTORY not in os.environ:
        return generate_latest(registry)
    all_processes = CollectorRegistry()
    MultiProcessCollector(all_processes)
    return generate_latest(all_processes)


class BufferedHistogram(Histogram):
    """A histogram whose observations are counted in plain integers until ``flush`` hands them to the library.

    For paths on which a microsecond matters: ``add`` takes 0.3 us. The library's ``observe`` takes 0.9 us, or 3 us
    where several processes count together in mapped files.
    """

    def _metric_init(self) -> None:
        super()._metric_init()
        self._waiting = [0] * len(self._upper_bounds)
        self._waiting_sum = 0.0

    def add(self, amount: float) -> None:
        """Count one observation."""
        self._waiting[bisect_left(self._upper_bounds, amount)] += 1
        self._waiting_sum += amount

    def flush(self) -> None:
        """Hand on what was observed since the last call."""
        waiting, self._waiting = self._waiting, [0] * len(self._upper_bounds)
        for bucket, count in zip(self._buckets, waiting, strict=True):
            if count:
                bucket.inc(count)
        self._sum.inc(self._waiting_sum)
        self._waiting_sum = 0.0
