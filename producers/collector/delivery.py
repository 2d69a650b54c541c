"""Sends records to Kafka, and completes a request's future when Kafka has them.

The event loop itself polls for Kafka's answers, every few milliseconds while a request waits. So there is no thread, no
lock and no switch between threads for each event, and one call into the client for all records of a topic.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from connections.errors import DependencyUnavailable
from producers.collector.metrics import Metrics
from producers.publisher import producer_options
from schemas.settings import Settings

log = logging.getLogger(__name__)

Record = dict[str, Any]
"""``key`` and ``value`` of one record."""

POLL_SECONDS: Final = 0.002
IDLE_POLL_SECONDS: Final = 0.5
GRACE_SECONDS: Final = 1.0
"""How long after its own time-out the client may take to say so."""

PROBE_SECONDS: Final = 1.5
OVERHEAD_BYTES: Final = 200
"""What a record that waits costs beside its value: its key, and what two libraries keep of it."""


class Request:
    """The records of one request on their way.

    Args:
        records: How many they are.
        deadline: When to stop waiting, by the loop's clock.
        answered: Completed when Kafka has answered for all of them: with None, or with a problem.
    """

    __slots__ = ("_problem", "_unanswered", "answered", "deadline")

    def __init__(self, records: int, deadline: float, answered: asyncio.Future[str | None]) -> None:
        self._unanswered = records
        self.deadline = deadline
        self.answered = answered
        self._problem: str | None = None

    def on_delivery(self, problem: KafkaError | None, _message: Message | None) -> None:
        """Take Kafka's answer for one record."""
        if problem is not None:
            self._problem = f"{problem.name()}: {problem.str()}"
        self._unanswered -= 1
        if not self._unanswered and not self.answered.done():
            self.answered.set_result(self._problem)

    def give_up(self, reason: str) -> None:
        """Stop waiting."""
        if not self.answered.done():
            self.answered.set_result(reason)


class Delivery:
    """The way to Kafka; used from one event loop alone.

    Args:
        settings: Where Kafka is, how much may wait and for how long.
        metrics: Shows how much waits.
        on_fatal: Called with the reason when the client can never send again; the process should end.
        overrides: Options of librdkafka that win over ours.
    """

    def __init__(
        self,
        settings: Settings,
        metrics: Metrics,
        on_fatal: Callable[[str], None],
        overrides: Mapping[str, Any] | None = None,
    ) -> None:
        self._servers = settings.kafka_bootstrap_servers
        self._max_records = settings.collector_queue_events
        self._max_bytes = settings.collector_queue_bytes
        self._timeout_seconds = settings.collector_acknowledge_ms / 1000
        self._on_fatal = on_fatal
        self._waiting: deque[Request] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._closed = False
        self._waiting_records = 0
        self._held_bytes = 0
        metrics.waiting_records.set_function(lambda: self._waiting_records)
        metrics.held_bytes.set_function(lambda: self._held_bytes)
        self._producer = Producer({**_options(settings, self._on_error), **(overrides or {})}, logger=log)

    def start(self) -> None:
        """Begin to poll for Kafka's answers; called in the loop."""
        self._tick()

    def has_room(self, records: int) -> bool:
        """Whether that many records more may wait."""
        return self._waiting_records + records <= self._max_records and self._held_bytes < self._max_bytes

    def hold(self, records: int, size_bytes: int) -> None:
        """Add to what waits and to the memory that it takes, or subtract."""
        self._waiting_records += records
        self._held_bytes += size_bytes

    def send(self, topics: Mapping[str, list[Record]]) -> asyncio.Future[str | None]:
        """Send records.

        Args:
            topics: The records of each topic, at least one in all.

        Returns:
            None when Kafka has every record. When it did not take one, or did not answer in time: the reason; it may
            have the other records then.
        """
        count = sum(map(len, topics.values()))
        size = sum(len(record["value"]) for records in topics.values() for record in records) + count * OVERHEAD_BYTES
        request = self._request(count, size)
        for topic, records in topics.items():
            self._produce(topic, records, request)
        self._wake(POLL_SECONDS)
        return request.answered

    async def close(self, timeout_seconds: float) -> None:
        """Wait until every request is answered, then let go of Kafka."""
        if unanswered := [request.answered for request in self._waiting if not request.answered.done()]:
            await asyncio.wait(unanswered, timeout=timeout_seconds)
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
        if undelivered := len(self._producer):
            log.warning("Leaving %d records that Kafka did not take; their senders got a 503", undelivered)
            self._producer.purge()
            self._producer.flush(GRACE_SECONDS)

    def check(self) -> None:
        """Check that Kafka answers; blocks for PROBE_SECONDS at the most.

        Raises:
            DependencyUnavailable: It is not.
        """
        try:
            self._producer.list_topics("user-events", timeout=PROBE_SECONDS)
        except KafkaException as error:
            raise DependencyUnavailable("Kafka", self._servers, str(error.args[0])) from error

    def _request(self, records: int, size_bytes: int) -> Request:
        loop = asyncio.get_running_loop()
        request = Request(records, loop.time() + self._timeout_seconds + GRACE_SECONDS, loop.create_future())
        request.answered.add_done_callback(lambda _: self.hold(-records, -size_bytes))
        self.hold(records, size_bytes)
        self._waiting.append(request)
        return request

    def _produce(self, topic: str, records: list[Record], request: Request) -> None:
        try:
            self._producer.produce_batch(topic, records, on_delivery=request.on_delivery)
        except (KafkaException, BufferError) as error:
            self._fail(len(records), error.args[0], request)
            return
        for failed in _failed(records):
            self._fail(1, failed, request)

    def _fail(self, records: int, problem: Any, request: Request) -> None:
        log.warning("Kafka's client does not take %d records: %s", records, problem)
        answer = problem if isinstance(problem, KafkaError) else KafkaError(KafkaError._QUEUE_FULL)
        for _ in range(records):
            request.on_delivery(answer, None)

    def _wake(self, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        if self._timer is not None:
            if self._timer.when() <= loop.time() + seconds:
                return
            self._timer.cancel()
        self._timer = loop.call_later(seconds, self._tick)

    def _tick(self) -> None:
        self._timer = None
        self._producer.poll(0)
        now = asyncio.get_running_loop().time()
        while self._waiting and (self._waiting[0].answered.done() or self._waiting[0].deadline <= now):
            self._waiting.popleft().give_up("no answer in time")
        if not self._closed:
            self._wake(POLL_SECONDS if self._waiting else IDLE_POLL_SECONDS)

    def _on_error(self, error: KafkaError) -> None:
        if error.fatal():
            self._on_fatal(f"{error.name()}: {error.str()}")
        else:
            log.warning("Kafka: %s", error.str())


def _failed(records: Iterable[Record]) -> list[Any]:
    return [record["_error"] for record in records if "_error" in record]


def _options(settings: Settings, on_error: Callable[[KafkaError], None]) -> dict[str, Any]:
    return {
        **producer_options(settings),
        "client.id": "shopstream-collector",
        "linger.ms": 5,
        "delivery.timeout.ms": settings.collector_acknowledge_ms,
        "socket.timeout.ms": max(10_000, settings.collector_acknowledge_ms),
        "queue.buffering.max.messages": 2 * settings.collector_queue_events,
        "queue.buffering.max.kbytes": max(16, settings.collector_queue_bytes // 512),
        "delivery.report.only.error": False,
        "error_cb": on_error,
    }
