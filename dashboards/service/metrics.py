"""What the dashboard's service counts, for Prometheus."""

from __future__ import annotations

from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from web.prometheus import page

_SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1.0, 2.5, 5.0, 20.0)


class Metrics:
    """The service's metrics; each in words where it is made."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "shop_dashboard_requests", "Requests answered, by status.", ["status"], registry=self.registry
        )
        self.query_seconds = Histogram(
            "shop_dashboard_query_seconds",
            "How long a question took.",
            ["query"],
            registry=self.registry,
            buckets=_SECONDS,
        )
        self.connections = Gauge(
            "shop_dashboard_connections", "Pages that get live changes now.", registry=self.registry
        )
        self.changes = Counter("shop_dashboard_changes", "Rows that changed in the window.", registry=self.registry)
        self.reseeds = Counter(
            "shop_dashboard_reseeds", "Pages that were sent a new seed, by reason.", ["reason"], registry=self.registry
        )
        self.failures = Counter(
            "shop_dashboard_background_failures",
            "Failures of what runs beside the requests.",
            ["task"],
            registry=self.registry,
        )

    def page(self) -> bytes:
        """All metrics in the text format."""
        return page(self.registry)
