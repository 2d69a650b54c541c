"""What the collector counts: a closed set, shown at ``/metrics`` in Prometheus's text format."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Final

from producers.collector.violations import Kind
from web.prometheus import Histogram, header, single

ACKNOWLEDGE_BOUNDS_SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
_PREFIX: Final = "shop_collector_"


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
        self._acknowledged = Histogram(  # requests by how long Kafka took
            f"{_PREFIX}acknowledge_seconds",
            "How long Kafka took to have a request's events.",
            ACKNOWLEDGE_BOUNDS_SECONDS,
        )

    def acknowledged(self, seconds: float) -> None:
        """Count a request whose records Kafka has, by how long that took."""
        self._acknowledged.add(seconds)

    def text(self) -> str:
        """All of them in Prometheus's text format."""
        return "\n".join(self._lines()) + "\n"

    def _lines(self) -> Iterator[str]:
        yield from header(f"{_PREFIX}requests_total", "counter", "Requests that brought events, by status.")
        for status, count in sorted(self.requests.items()):
            yield f'{_PREFIX}requests_total{{status="{status}"}} {count}'
        yield from single(f"{_PREFIX}events_accepted_total", "counter", "Events that Kafka has.", self.accepted)
        name = f"{_PREFIX}events_rejected_total"
        yield from header(name, "counter", "Events that break the contract, by kind of violation.")
        for kind in Kind:
            yield f'{name}{{kind="{kind}"}} {self.rejected[kind]}'
        name = f"{_PREFIX}events_undelivered_total"
        yield from single(name, "counter", "Events that Kafka did not take in time.", self.undelivered)
        name = f"{_PREFIX}received_bytes_total"
        yield from single(name, "counter", "Bodies as they came.", self.received_bytes)
        name = f"{_PREFIX}waiting_records"
        yield from single(name, "gauge", "Records that wait for Kafka.", self.waiting_records)
        name = f"{_PREFIX}held_bytes"
        yield from single(name, "gauge", "Bodies in hand plus records that wait.", self.held_bytes)
        yield from self._acknowledged.lines()
