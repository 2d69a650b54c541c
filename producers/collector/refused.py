"""Copies of the events that the collector refuses, in ``failed-events``: for ``./shop failed``, and to be repaired.

A copy never costs a sender anything. It is sent beside the answer, and left out where too much is refused at once, or
where Kafka does not take it; each one that is left out is counted. What is refused as a whole request (no JSON, no key)
holds no events and is not kept.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from threading import Lock
from typing import Any, Final

import orjson
from confluent_kafka import KafkaError, Message, Producer

from connections.erased_users import ErasedUsers
from connections.errors import DeliveryError
from producers.acknowledgement import wait_for_acknowledgements
from producers.collector.delivery import GRACE_SECONDS
from producers.collector.mapping import Arrival, user_ids_of
from producers.collector.metrics import Metrics, NotKept
from producers.collector.reading import NoNumber
from producers.collector.violations import Violation, reason_of
from producers.publisher import producer_options
from schemas.failures import (
    HEADER_CLASS,
    HEADER_CUT_FROM,
    HEADER_MESSAGE,
    HEADER_REQUEST,
    HEADER_STAGE,
    Reason,
    Stage,
)
from schemas.settings import Settings
from schemas.topics import FAILED_EVENTS, HEADER_RECEIVED_AT
from schemas.validation import MAX_ID_LENGTH

log = logging.getLogger(__name__)

BURST_SECONDS: Final = 512
"""So many seconds' worth may be kept at once; it is also the most that waits in memory."""

MESSAGE_LENGTH: Final = 1_000
CONTEXT_BYTES: Final = 4 << 10
DRAIN_SECONDS: Final = 1.0
_ERASED: Final = "the user was erased; neither key nor bytes are kept"


Headers = list[tuple[str, str | bytes | None]]


@dataclass(frozen=True, slots=True)
class Copy:
    """What is kept of a refused event.

    Attributes:
        user_ids: Every id of a user that it names; the first is the key of its record.
        value: Its JSON, or the beginning of it.
        size_bytes: Of the whole JSON.
        reason: Why it was refused.
        message: The same in words.
        request: What is needed beside it to read it again, as JSON.
        received_ms: When it came, epoch milliseconds.
    """

    user_ids: Sequence[str]
    value: bytes
    size_bytes: int
    reason: Reason
    message: str
    request: bytes
    received_ms: int


class RefusedEvents:
    """Keeps copies; used from one event loop alone.

    Args:
        settings: How much is kept.
        metrics: Counts what is kept and what is not.
        send: Takes the copies that are to go to Kafka.
        clock: Seconds that never go back.
    """

    def __init__(
        self,
        settings: Settings,
        metrics: Metrics,
        send: Callable[[Sequence[Copy]], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._event_bytes = settings.collector_kept_event_bytes
        self._rate = settings.collector_kept_bytes_per_second
        self._metrics = metrics
        self._send = send
        self._clock = clock
        self._allowance = float(self._rate * BURST_SECONDS)
        self._refilled_at = clock()
        self._waiting: list[Copy] = []
        self._arrived = asyncio.Event()
        self._written_context: tuple[Arrival | None, bytes] = (None, b"{}")

    def keep(self, body: Any, event_id: str, call: str, arrival: Arrival, violations: Sequence[Violation]) -> None:
        """Keep a copy of one event, if there is room for it.

        Args:
            body: The event as it came.
            event_id: The id that its sender was answered with.
            call: The kind of Segment's call where the body does not say.
            arrival: How it came.
            violations: What is wrong with it, at least one thing.
        """
        try:
            copy = self._copy(body, event_id, call, arrival, violations)
        except TypeError:  # nested more deeply than it can be written
            self._metrics.not_kept.labels(NotKept.UNWRITABLE).inc()
            return
        if not self._take(len(copy.value) + len(copy.request)):
            self._metrics.not_kept.labels(NotKept.TOO_MANY).inc()
            return
        self._waiting.append(copy)
        self._arrived.set()

    @property
    def waits(self) -> bool:
        """Whether there are copies that were not brought to Kafka yet."""
        return bool(self._waiting)

    async def send_next(self) -> None:
        """Wait until there are copies, and bring them to Kafka."""
        await self._arrived.wait()
        await self._send_waiting()

    async def drain(self) -> None:
        """Bring what still waits to Kafka, as far as that is quick."""
        with suppress(TimeoutError):
            async with asyncio.timeout(DRAIN_SECONDS):
                await self._send_waiting()

    async def _send_waiting(self) -> None:
        self._arrived.clear()
        copies, self._waiting = self._waiting, []
        if not copies:
            return
        try:
            await asyncio.to_thread(self._send, copies)
        except Exception as error:  # the next ones are tried again
            log.warning("%d refused events are not kept: %s", len(copies), error)
            self._metrics.not_kept.labels(NotKept.KAFKA).inc(len(copies))
        else:
            self._metrics.kept.inc(len(copies))

    def _copy(self, body: Any, event_id: str, call: str, arrival: Arrival, violations: Sequence[Violation]) -> Copy:
        written = orjson.dumps(body, default=_as_written)
        request = {
            "event_id": event_id[:MAX_ID_LENGTH],
            "call": call,
            "sent_at_ms": arrival.sent_at_ms,
            "device": arrival.device,
            "country": arrival.country,
            "forwarded_ms": arrival.forwarded_ms,
            "context": self._context_of(arrival),
        }
        return Copy(
            user_ids_of(body),
            written[: self._event_bytes],
            len(written),
            reason_of(violations[0].kind),
            "; ".join(f"{each.field}: {each.message}" if each.field else each.message for each in violations)[
                :MESSAGE_LENGTH
            ],
            orjson.dumps(request),
            arrival.received_ms,
        )

    def _context_of(self, arrival: Arrival) -> orjson.Fragment:
        """The context of a request, which is written once for all its events; a long one is left out."""
        if self._written_context[0] is not arrival:
            written = orjson.dumps(arrival.context, default=_as_written)
            self._written_context = (arrival, written if len(written) <= CONTEXT_BYTES else b"{}")
        return orjson.Fragment(self._written_context[1])

    def _take(self, size_bytes: int) -> bool:
        now = self._clock()
        refill = (now - self._refilled_at) * self._rate
        self._allowance = min(self._rate * BURST_SECONDS, self._allowance + refill)
        self._refilled_at = now
        if size_bytes > self._allowance:
            return False
        self._allowance -= size_bytes
        return True


class FailedEventsTopic:
    """The topic, by a producer of its own: what waits for it takes no room from events that count.

    Args:
        settings: Where Kafka is.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._erased = ErasedUsers(settings)
        self._producer: Producer | None = None
        self._problems: list[str] = []
        self._one_at_a_time = Lock()

    def send(self, copies: Sequence[Copy]) -> None:
        """Write copies, and wait until Kafka has them.

        Raises:
            DependencyUnavailable: Kafka does not answer.
            DeliveryError: Kafka did not take one.
        """
        with self._one_at_a_time:  # the last ones, at the end, are sent while those before may be on their way
            self._write(copies)

    def _write(self, copies: Sequence[Copy]) -> None:
        if self._producer is None:
            self._producer = Producer(_options(self._settings), logger=log)
        self._problems.clear()
        for copy, is_erased in zip(copies, self._of_erased_users(copies), strict=True):
            key, value, headers = record_of(copy, is_erased=is_erased)
            self._producer.produce(FAILED_EVENTS, value, key, headers=headers, on_delivery=self._on_delivery)
        seconds = self._settings.collector_acknowledge_ms / 1000 + GRACE_SECONDS
        servers = self._settings.kafka_bootstrap_servers
        wait_for_acknowledgements(self._producer, servers, "refused events", self._raise_problem, seconds)

    def _of_erased_users(self, copies: Sequence[Copy]) -> list[bool]:
        owners = [(index, user_id) for index, copy in enumerate(copies) for user_id in copy.user_ids]
        erased = {owners[place][0] for place in self._erased.among([user_id for _, user_id in owners])}
        return [index in erased for index in range(len(copies))]

    def _on_delivery(self, problem: KafkaError | None, _message: Message) -> None:
        if problem is not None:
            self._problems.append(f"{problem.name()}: {problem.str()}")

    def _raise_problem(self) -> None:
        if self._problems:
            raise DeliveryError(FAILED_EVENTS, "refused by the collector", self._problems[0])


def record_of(copy: Copy, *, is_erased: bool) -> tuple[str | None, bytes | None, Headers]:
    """Key, value and headers of a copy's record; of an erased user they say no more than that.

    Args:
        copy: What is kept.
        is_erased: Whether the event names a user who was erased.
    """
    reason = Reason.ERASED_USER if is_erased else copy.reason
    headers: Headers = [
        (HEADER_STAGE, Stage.COLLECTOR.value),
        (HEADER_CLASS, reason.value),
        (HEADER_MESSAGE, _ERASED if is_erased else copy.message),
        (HEADER_RECEIVED_AT, str(copy.received_ms)),
    ]
    if is_erased:
        return None, None, headers
    headers.append((HEADER_REQUEST, copy.request))
    if copy.size_bytes > len(copy.value):
        headers.append((HEADER_CUT_FROM, str(copy.size_bytes)))
    return next(iter(copy.user_ids), None), copy.value, headers


def _options(settings: Settings) -> dict[str, Any]:
    return {
        **producer_options(settings),
        "client.id": "shopstream-collector-refused",
        "delivery.timeout.ms": settings.collector_acknowledge_ms,
        "socket.timeout.ms": max(10_000, settings.collector_acknowledge_ms),
    }


def _as_written(value: Any) -> str:
    """A number that is none, as its sender wrote it.

    Raises:
        TypeError: It is something else.
    """
    if isinstance(value, NoNumber):
        return value.written
    raise TypeError
