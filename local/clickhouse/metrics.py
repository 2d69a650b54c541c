"""What ``/metrics`` shows, in Prometheus' text format. A closed set: every name is in this file."""

from __future__ import annotations

from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge

from web.prometheus import page

_PREFIX: Final = "shop_clickhouse_"


class Metrics:
    """The counters of one server, and one gauge.

    Attributes:
        queries: Statements received.
        errors: Statements answered with an exception.
        cancelled: Queries ended because their client had gone.
        inserted_rows: Rows of inserts that were acknowledged.
        received_bytes: Bytes of request bodies, as they came.
        active: Statements running now.
    """

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self.queries = self._counter("queries", "Statements received.")
        self.errors = self._counter("errors", "Statements answered with an exception.")
        self.cancelled = self._counter("cancelled", "Queries ended because their client had gone.")
        self.inserted_rows = self._counter("inserted_rows", "Rows of inserts that were acknowledged.")
        self.received_bytes = self._counter("received_bytes", "Bytes of request bodies, as they came.")
        self.active = Gauge(f"{_PREFIX}active_queries", "Statements running now.", registry=self._registry)

    def page(self) -> bytes:
        """All metrics, with their descriptions."""
        return page(self._registry)

    def _counter(self, name: str, meaning: str) -> Counter:
        return Counter(_PREFIX + name, meaning, registry=self._registry)
