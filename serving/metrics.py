"""What the service counts: a closed set, shown at ``/metrics`` in Prometheus's text format."""

from __future__ import annotations

import math
from collections import Counter as Counts
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge

from web.prometheus import BufferedHistogram, page

SECONDS_BOUNDS: Final = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0)
_PREFIX: Final = "shop_serving_"


class Metrics:
    """Counters since the start of the service, six gauges and one histogram.

    Where several processes serve, counters are summed over all of them. A gauge is that of the process that is worst
    off.

    What every request counts is kept in plain integers until ``flush``, which is called several times a second: the
    library's own counters would cost 2 us a request in one process and 6 us in several.

    Attributes:
        breaker_openings: Times that Redis was given up.
        redis_is_there: Whether the breaker is closed.
        unavailable_products: Products that are not recommended.
        lists_in_memory: Last good lists.
        unread_models: Served models that products cannot be ranked by, because the model store does not give them.
        active_model_age_seconds: Since the active model was made, NaN where that is not known.
        arms_models_absent: Models of the experiment whose lists are gone.
        rules_refused: Times that a changed rules file could not be used.
        shown_reported: Recommendations handed to Kafka's client as shown.
        shown_dropped: Those that were not, because too many waited or Kafka did not take them.
    """

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._requests = self._counter("requests", "Requests below /v1, by status.", "status")
        self._answers = self._counter("answers", "Recommendations given, by source.", "source")
        self._seconds = BufferedHistogram(
            f"{_PREFIX}request_seconds",
            "How long requests below /v1 took.",
            buckets=SECONDS_BOUNDS,
            registry=self._registry,
        )
        self._waiting_requests: Counts[int] = Counts()
        self._waiting_answers: Counts[str] = Counts()
        self.breaker_openings = self._counter("breaker_openings", "Times that Redis was given up.")
        self.redis_is_there = self._gauge("redis_is_there", "1 while Redis is asked.", "livemin")
        self.unavailable_products = self._gauge("unavailable_products", "Products that are not recommended.", "livemax")
        self.lists_in_memory = self._gauge("lists_in_memory", "Last good lists.", "livemin")
        self.unread_models = self._gauge("unread_models", "Served models that the store does not give.", "livemax")
        self.active_model_age_seconds = self._gauge(
            "active_model_age_seconds", "Since the active model was made; NaN where that is not known.", "livemax"
        )
        self.active_model_age_seconds.set(math.nan)
        self.arms_models_absent = self._gauge(
            "arms_models_absent", "Models of the experiment whose lists are gone.", "livemax"
        )
        self._background_failures = self._counter(
            "background_failures", "Times that a background task failed and was tried again.", "task"
        )
        self.rules_refused = self._counter("rules_refused", "Times that a changed rules file was refused.")
        self.shown_reported = self._counter("shown_reported", "Recommendations reported as shown.")
        self.shown_dropped = self._counter("shown_dropped", "Recommendations shown and not reported.")

    def request_answered(self, status: int, seconds: float) -> None:
        """Count a request below /v1: the status it was answered with, and how long that took."""
        self._waiting_requests[status] += 1
        self._seconds.add(seconds)

    def recommendation_given(self, source: str) -> None:
        """Count an answer with recommendations."""
        self._waiting_answers[source] += 1

    def redis_changed(self, is_there: bool) -> None:
        """Note that the breaker closed or opened."""
        self.redis_is_there.set(is_there)
        if not is_there:
            self.breaker_openings.inc()

    def background_failed(self, task: str) -> None:
        """Count a failure of a background task."""
        self._background_failures.labels(task).inc()

    def flush(self) -> None:
        """Hand on to the library what requests have counted since the last call."""
        for status, count in self._waiting_requests.items():
            self._requests.labels(status).inc(count)
        for source, count in self._waiting_answers.items():
            self._answers.labels(source).inc(count)
        self._waiting_requests.clear()
        self._waiting_answers.clear()
        self._seconds.flush()

    def page(self) -> bytes:
        """All of them in Prometheus's text format."""
        self.flush()
        return page(self._registry)

    def _counter(self, name: str, meaning: str, *labels: str) -> Counter:
        return Counter(_PREFIX + name, meaning, labels, registry=self._registry)

    def _gauge(self, name: str, meaning: str, over_processes: str) -> Gauge:
        return Gauge(_PREFIX + name, meaning, registry=self._registry, multiprocess_mode=over_processes)  # type: ignore[arg-type]
