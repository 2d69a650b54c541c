"""What the service counts: a closed set, shown at ``/metrics`` in Prometheus's text format."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Final

from web.prometheus import Histogram, header, single

SECONDS_BOUNDS: Final = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0)
_PREFIX: Final = "shop_serving_"


class Metrics:
    """Counters since the start of the process, three gauges and one histogram."""

    def __init__(self) -> None:
        self.requests: Counter[int] = Counter()  # requests below /v1, by the status they were answered with
        self.answers: Counter[str] = Counter()  # recommendations given, by their source
        self.seconds = Histogram(f"{_PREFIX}request_seconds", "How long requests below /v1 took.", SECONDS_BOUNDS)
        self.breaker_openings = 0  # times that Redis was given up
        self.is_redis_there = False  # gauge: whether the breaker is closed
        self.unavailable_products = 0  # gauge: products that are not recommended
        self.lists_in_memory = 0  # gauge: last good lists
        self.rules_refused = 0  # times that a changed rules file could not be used
        self.shown_reported = 0  # recommendations handed to Kafka's client as shown
        self.shown_dropped = 0  # those that were not, because too many waited or Kafka did not take them

    def redis_changed(self, is_there: bool) -> None:
        """Note that the breaker closed or opened."""
        self.is_redis_there = is_there
        self.breaker_openings += not is_there

    def text(self) -> str:
        """All of them in Prometheus's text format."""
        return "\n".join(self._lines()) + "\n"

    def _lines(self) -> Iterator[str]:
        name = f"{_PREFIX}requests_total"
        yield from header(name, "counter", "Requests below /v1, by status.")
        for status, count in sorted(self.requests.items()):
            yield f'{name}{{status="{status}"}} {count}'
        name = f"{_PREFIX}answers_total"
        yield from header(name, "counter", "Recommendations given, by source.")
        for source, count in sorted(self.answers.items()):
            yield f'{name}{{source="{source}"}} {count}'
        yield from self.seconds.lines()
        for name, kind, meaning, value in self._singles():
            yield from single(_PREFIX + name, kind, meaning, value)

    def _singles(self) -> Iterator[tuple[str, str, str, int]]:
        yield "breaker_openings_total", "counter", "Times that Redis was given up.", self.breaker_openings
        yield "redis_is_there", "gauge", "1 while Redis is asked.", int(self.is_redis_there)
        yield "unavailable_products", "gauge", "Products that are not recommended.", self.unavailable_products
        yield "lists_in_memory", "gauge", "Last good lists.", self.lists_in_memory
        yield "rules_refused_total", "counter", "Times that a changed rules file was refused.", self.rules_refused
        yield "shown_reported_total", "counter", "Recommendations reported as shown.", self.shown_reported
        yield "shown_dropped_total", "counter", "Recommendations shown and not reported.", self.shown_dropped
