"""Publishes which recommendations were shown to ``recommendation-events``: after the answer, from another thread."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

import orjson

from producers.publisher import Publisher
from schemas.errors import ShopError
from schemas.settings import Settings
from serving.metrics import Metrics
from web.background import BackgroundTask

log = logging.getLogger(__name__)

BATCH_SECONDS: Final = 0.2
MAX_WAITING: Final = 20_000
FLUSH_SECONDS: Final = 5.0
_NOTHING: Final = Decimal(0)


@dataclass(frozen=True, slots=True)
class ShownAnswer:
    """One answer that was shown.

    Attributes:
        user_id: Who was shown it.
        scenario: Where.
        at_ms: When, in epoch milliseconds.
        answer: Its bytes.
    """

    user_id: str
    scenario: str
    at_ms: int
    answer: bytes


def event_of(shown: ShownAnswer) -> dict[str, Any]:
    """The ShopEvent of a shown answer; the same answer gives the same event."""
    answer = orjson.loads(shown.answer)
    return {
        "event_id": f"{answer['recommendation_id']}-shown",
        "event_type": "recommendation_shown",
        "event_time": shown.at_ms,
        "user_id": shown.user_id,
        "source": "serving",
        "list_id": shown.scenario or None,
        "recommendation_id": answer["recommendation_id"],
        "recommendation_source": answer["source"],
        "model_version": answer["model_version"] or None,
        "experiment_arm": answer.get("experiment_arm"),
        "items": [{"product_id": item["item_id"], "quantity": 1, "price": _NOTHING} for item in answer["items"]],
    }


class Reporter:
    """Collects what was shown and publishes it in batches.

    Args:
        settings: Where Kafka is, and whether anything is reported at all.
        metrics: What to count.
        now_ms: The time, in epoch milliseconds.
    """

    def __init__(self, settings: Settings, metrics: Metrics, now_ms: Callable[[], int]) -> None:
        self.is_on = settings.serving_reports_shown
        self._settings = settings
        self._metrics = metrics
        self._now_ms = now_ms
        self._waiting: deque[ShownAnswer] = deque()
        self._publisher: Publisher | None = None
        self.task = BackgroundTask("reporter", self._publish_later, metrics.background_failed)

    def start(self) -> None:
        """Begin to publish."""
        if self.is_on:
            self.task.start()

    async def close(self) -> None:
        """Publish what waits, then let go."""
        if not self.is_on:
            return
        await self.task.close()
        await asyncio.to_thread(self._publish_waiting)
        if self._publisher is not None:
            await asyncio.to_thread(self._flush, self._publisher)

    def report(self, user_id: str, scenario: str, answer: bytes) -> None:
        """Note that an answer went out; returns at once."""
        if len(self._waiting) >= MAX_WAITING:
            self._metrics.shown_dropped.inc()
            return
        self._waiting.append(ShownAnswer(user_id, scenario, self._now_ms(), answer))

    async def _publish_later(self) -> None:
        await asyncio.sleep(BATCH_SECONDS)
        if self._waiting:
            await asyncio.to_thread(self._publish_waiting)

    def _publish_waiting(self) -> None:
        try:
            if self._publisher is None:
                self._publisher = Publisher(self._settings, {"client.id": "shopstream-serving"})
        except ShopError as error:
            log.warning("What was shown waits to be reported: %s", error)
            return
        while self._waiting:
            self._publish(self._publisher, self._waiting.popleft())

    def _publish(self, publisher: Publisher, shown: ShownAnswer) -> None:
        try:
            publisher.publish(event_of(shown))
            self._metrics.shown_reported.inc()
        except ShopError as error:
            self._metrics.shown_dropped.inc()
            log.warning("A recommendation that was shown is not reported: %s", error)

    def _flush(self, publisher: Publisher) -> None:
        try:
            publisher.flush(FLUSH_SECONDS)
        except ShopError as error:
            log.warning("What was shown last may not be reported: %s", error)
