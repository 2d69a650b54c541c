"""What ``/metrics`` shows, in Prometheus' text format. A closed set: every name is in this file."""

from __future__ import annotations

import threading
from enum import Enum


class Metric(Enum):
    """A metric: name, type, and what it counts."""

    QUERIES = ("shop_clickhouse_queries_total", "counter", "Statements received.")
    ERRORS = ("shop_clickhouse_errors_total", "counter", "Statements answered with an exception.")
    CANCELLED = ("shop_clickhouse_cancelled_total", "counter", "Queries ended because their client had gone.")
    INSERTED_ROWS = ("shop_clickhouse_inserted_rows_total", "counter", "Rows of inserts that were acknowledged.")
    RECEIVED_BYTES = ("shop_clickhouse_received_bytes_total", "counter", "Bytes of request bodies, as they came.")
    ACTIVE = ("shop_clickhouse_active_queries", "gauge", "Statements running now.")


class Metrics:
    """The counters of one server."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._values = dict.fromkeys(Metric, 0)

    def add(self, metric: Metric, amount: int = 1) -> None:
        """Add to a counter, or move a gauge."""
        with self._lock:
            self._values[metric] += amount

    def render(self) -> str:
        """All metrics, with their descriptions."""
        with self._lock:
            values = dict(self._values)
        return "".join(
            f"# HELP {name} {description}\n# TYPE {name} {kind}\n{name} {value}\n"
            for (name, kind, description), value in ((metric.value, value) for metric, value in values.items())
        )
