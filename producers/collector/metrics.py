"""What the collector counts: a closed set, shown at ``/metrics`` in Prometheus's text format."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from producers.collector.violations import Kind
from web.prometheus import page

ACKNOWLEDGE_BOUNDS_SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
_PREFIX: Final = "shop_collector_"


class NotKept(StrEnum):
    """Why there is no copy of a refused event."""

    TOO_MANY = "too_many"  # more was refused than may be kept
    UNWRITABLE = "unwritable"  # nested more deeply than it can be written
    KAFKA = "kafka"  # Kafka did not take it


class Metrics:
    """Counters since the start of the process, two gauges and one histogram.

    Attributes:
        requests: Requests for events, by the status they were answered with.
        accepted: Events of which Kafka has every record.
        rejected: Events answered with a violation, by the kind of the first.
        kept: Refused events of which failed-events has a copy.
        not_kept: Refused events of which there is no copy, by why.
        left_out: Optional fields of accepted events that could not be used.
        undelivered: Events that Kafka did not take in time.
        received_bytes: Bodies as they came.
        waiting_records: Records that wait for Kafka.
        held_bytes: Bodies in hand plus records that wait.
        background_failures: Times that a background task failed and was tried again, by its name.
        acknowledge_seconds: Requests by how long Kafka took to have all their records.
    """

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self.requests = self._counter("requests", "Requests that brought events, by status.", "status")
        self.accepted = self._counter("events_accepted", "Events that Kafka has.")
        self.rejected = self._counter(
            "events_rejected", "Events that break the contract, by kind of violation.", "kind"
        )
        for kind in Kind:
            self.rejected.labels(kind)
        self.kept = self._counter("rejected_kept", "Refused events of which failed-events has a copy.")
        self.not_kept = self._counter("rejected_not_kept", "Refused events without a copy, by why.", "why")
        for why in NotKept:
            self.not_kept.labels(why)
        self.left_out = self._counter("fields_left_out", "Optional fields of accepted events that could not be used.")
        self.undelivered = self._counter("events_undelivered", "Events that Kafka did not take in time.")
        self.received_bytes = self._counter("received_bytes", "Bodies as they came.")
        self.waiting_records = self._gauge("waiting_records", "Records that wait for Kafka.")
        self.held_bytes = self._gauge("held_bytes", "Bodies in hand plus records that wait.")
        self.background_failures = self._counter(
            "background_failures", "Times that a background task failed and was tried again.", "task"
        )
        self.acknowledge_seconds = Histogram(
            f"{_PREFIX}acknowledge_seconds",
            "How long Kafka took to have a request's events.",
            buckets=ACKNOWLEDGE_BOUNDS_SECONDS,
            registry=self._registry,
        )

    def page(self) -> bytes:
        """All of them in Prometheus's text format."""
        return page(self._registry)

    def _counter(self, name: str, meaning: str, *labels: str) -> Counter:
        return Counter(_PREFIX + name, meaning, labels, registry=self._registry)

    def _gauge(self, name: str, meaning: str) -> Gauge:
        return Gauge(_PREFIX + name, meaning, registry=self._registry)
