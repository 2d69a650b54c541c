"""What the collector counts: a closed set, shown at ``/metrics`` in Prometheus's text format."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Final

from producers.collector.violations import Kind

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
ACKNOWLEDGE_BOUNDS_SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)


class Metrics:
    """Counters since the start of the process, two gauges and one histogram."""

    def __init__(self) -> None:
        self.requests: Counter[int] = Counter()  # requests for events, by the status they were answered with
        self.accepted = 0  # events of which Kafka has every record
        self.rejected: Counter[Kind] = Counter()  # events answered with a violation, by the kind of the first
        self.undelivered = 0  # events that Kafka did not take in time
        self.received_bytes = 0  # bodies as they came
        self.waiting_records = 0  # gauge: records that wait for Kafka
        self.held_bytes = 0  # gauge: bodies in hand plus records that wait
        self._acknowledged = [0] * (len(ACKNOWLEDGE_BOUNDS_SECONDS) + 1)  # requests by how long Kafka took
        self._acknowledged_seconds = 0.0

    def acknowledged(self, seconds: float) -> None:
        """Count a request whose records Kafka has, by how long that took."""
        self._acknowledged_seconds += seconds
        for index, bound in enumerate(ACKNOWLEDGE_BOUNDS_SECONDS):
            if seconds <= bound:
                self._acknowledged[index] += 1
                return
        self._acknowledged[-1] += 1

    def text(self) -> str:
        """All of them in Prometheus's text format."""
        return "\n".join(self._lines()) + "\n"

    def _lines(self) -> Iterator[str]:
        yield from _header("requests_total", "counter", "Requests that brought events, by status.")
        for status, count in sorted(self.requests.items()):
            yield f'shop_collector_requests_total{{status="{status}"}} {count}'
        yield from _single("events_accepted_total", "counter", "Events that Kafka has.", self.accepted)
        yield from _header("events_rejected_total", "counter", "Events that break the contract, by kind of violation.")
        for kind in Kind:
            yield f'shop_collector_events_rejected_total{{kind="{kind}"}} {self.rejected[kind]}'
        yield from _single(
            "events_undelivered_total", "counter", "Events that Kafka did not take in time.", self.undelivered
        )
        yield from _single("received_bytes_total", "counter", "Bodies as they came.", self.received_bytes)
        yield from _single("waiting_records", "gauge", "Records that wait for Kafka.", self.waiting_records)
        yield from _single("held_bytes", "gauge", "Bodies in hand plus records that wait.", self.held_bytes)
        yield from self._histogram()

    def _histogram(self) -> Iterator[str]:
        name = "shop_collector_acknowledge_seconds"
        yield from _header("acknowledge_seconds", "histogram", "How long Kafka took to have a request's events.")
        total = 0
        for bound, count in zip((*ACKNOWLEDGE_BOUNDS_SECONDS, "+Inf"), self._acknowledged, strict=True):
            total += count
            yield f'{name}_bucket{{le="{bound}"}} {total}'
        yield f"{name}_sum {self._acknowledged_seconds:.6f}"
        yield f"{name}_count {total}"


def _header(name: str, kind: str, meaning: str) -> tuple[str, str]:
    return f"# HELP shop_collector_{name} {meaning}", f"# TYPE shop_collector_{name} {kind}"


def _single(name: str, kind: str, meaning: str, value: int) -> Iterator[str]:
    yield from _header(name, kind, meaning)
    yield f"shop_collector_{name} {value}"
