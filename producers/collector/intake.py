"""Requests that bring events: read, checked event by event, sent to Kafka, answered when Kafka has them.

An ASGI application, and the only part of the collector that runs for each event's sake.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from producers.collector.access import RateLimit, WriteKeys
from producers.collector.delivery import Delivery, Record
from producers.collector.devices import device_class
from producers.collector.envelope import Envelope, envelope_of
from producers.collector.mapping import Arrival, Event, Mapper
from producers.collector.metrics import Metrics
from producers.collector.problems import UNAVAILABLE
from producers.collector.reading import read_json
from producers.collector.refused import RefusedEvents
from producers.collector.sessions import Sessions
from producers.collector.violations import Kind, Rejected, Violation
from producers.publisher import Route
from schemas.settings import Settings
from web.body import ClientGone, Headers, Receive, check_headers, inflated, read_body
from web.problems import TIMED_OUT, TOO_LARGE, Problem

CALL_OF_PATH: Final = {
    "/v1/track": "track",
    "/v1/t": "track",
    "/v1/page": "page",
    "/v1/p": "page",
    "/v1/screen": "screen",
    "/v1/s": "screen",
    "/v1/identify": "identify",
    "/v1/i": "identify",
    "/v1/alias": "alias",
    "/v1/a": "alias",
    "/v1/group": "group",
    "/v1/g": "group",
    "/v1/batch": "track",
    "/v1/b": "track",
    "/v1/import": "track",
}
"""The paths that bring events, and the kind of Segment's call where the body does not say; the short ones are those
of Segment's library for browsers."""

TYPES_OF_GZIP: Final = frozenset(
    {b"application/x-www-form-urlencoded", b"application/octet-stream", b"application/gzip"}
)
"""What client libraries call a body of JSON that they have compressed."""

READ_SECONDS: Final = 30
"""How long a client may take to send a body."""

_COUNTRY: Final = re.compile(r"[A-Z]{2}\Z")
_NO_COUNTRY: Final = frozenset({"XX", "ZZ"})
_JSON_HEADERS: Final = [(b"content-type", b"application/json")]

Send = Callable[[Any], Any]
Scope = Any


@dataclass(slots=True)
class _Outcome:
    """The accepted events of a request, what was left out of them, the violations of the others, the records."""

    accepted: list[str] = field(default_factory=list)
    violations: list[dict[str, Any]] = field(default_factory=list)
    warnings: list[dict[str, Any]] = field(default_factory=list)
    topics: dict[str, list[Record]] = field(default_factory=dict)

    @property
    def status(self) -> int:
        """202 when all were accepted, 422 when none was, else 207."""
        if not self.violations:
            return 202
        return 207 if self.accepted else 422

    def body(self) -> bytes:
        """The JSON of the answer; it has warnings only where there are any."""
        answer = {"accepted": self.accepted, "violations": self.violations}
        return orjson.dumps({**answer, "warnings": self.warnings} if self.warnings else answer)


class Intake:
    """Takes events.

    Args:
        settings: Limits.
        keys: Who may send.
        delivery: The way to Kafka.
        metrics: What to count.
        mapper: Turns bodies into events.
        refused: Keeps copies of the events that are refused.
        now_ms: The time, in epoch milliseconds.
    """

    def __init__(
        self,
        settings: Settings,
        keys: WriteKeys,
        delivery: Delivery,
        metrics: Metrics,
        mapper: Mapper,
        refused: RefusedEvents,
        now_ms: Callable[[], int],
    ) -> None:
        self._settings = settings
        self._keys = keys
        self._delivery = delivery
        self._metrics = metrics
        self._mapper = mapper
        self._refused = refused
        self._now_ms = now_ms
        self._rates = RateLimit(
            settings.collector_rate_events_per_second, settings.collector_burst_events, time.monotonic
        )
        self._sessions = Sessions(settings.collector_session_seconds * 1000, settings.collector_session_users)
        self._country_header = settings.collector_country_header.lower().encode("latin-1")
        self.routes: dict[str, Route] = {}
        """Where each event type goes; none until the registry has answered."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request (ASGI)."""
        try:
            status, headers, body = await self._answer(scope, receive)
        except ClientGone:
            return
        except Problem as problem:
            status, headers, body = problem.type.status, problem.answer_headers(), problem.body()
        self._metrics.requests.labels(status).inc()
        start = {
            "type": "http.response.start",
            "status": status,
            "headers": [*headers, (b"content-length", b"%d" % len(body))],
        }
        await send(start)
        await send({"type": "http.response.body", "body": body})

    async def _answer(self, scope: Scope, receive: Receive) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
        headers: Headers = dict(scope["headers"])
        key = self._keys.key_in_headers(headers)
        max_bytes = self._settings.collector_request_bytes
        is_compressed = check_headers(headers, max_bytes, TYPES_OF_GZIP)
        self._require_room(0)
        raw = await self._read(headers, receive)
        content = inflated(raw, max_bytes) if is_compressed else raw
        body = read_json(content)
        if key is None:
            key = self._keys.key_in_body(body)
        envelope = self._envelope_of(body)
        self._rates.take(key, len(envelope.events))
        arrival = self._arrival(headers, envelope)
        outcome = self._check(envelope.events, CALL_OF_PATH[scope["path"]], arrival, self._too_large(content))
        answer = outcome.body()
        if outcome.topics:
            self._require_room(len(outcome.accepted))
            waiting = self._delivery.send(outcome.topics)
            del raw, content, body, envelope, arrival  # a request that waits for Kafka holds its answer alone
            outcome.topics = {}
            await self._acknowledged(waiting, len(outcome.accepted))
        return outcome.status, _JSON_HEADERS, answer

    async def _read(self, headers: Headers, receive: Receive) -> bytes:
        max_bytes = self._settings.collector_request_bytes
        held = int(headers.get(b"content-length") or max_bytes)
        self._delivery.hold(0, held)
        try:
            async with asyncio.timeout(READ_SECONDS):
                raw = await read_body(receive, max_bytes)
        except TimeoutError as error:
            raise Problem(TIMED_OUT, f"The body was not here within {READ_SECONDS} seconds.") from error
        finally:
            self._delivery.hold(0, -held)
        self._metrics.received_bytes.inc(len(raw))
        return raw

    def _require_room(self, records: int) -> None:
        if not self.routes:
            raise self._unavailable("The collector waits for the schema registry.")
        if not self._delivery.has_room(records):
            raise self._unavailable("Too many events wait for Kafka.")

    async def _acknowledged(self, waiting: asyncio.Future[str | None], events: int) -> None:
        began = time.monotonic()
        problem = await waiting
        if problem is not None:
            self._metrics.undelivered.inc(events)
            detail = f"Kafka did not take the events ({problem}). Send the same again, ids included."
            raise self._unavailable(detail)
        self._metrics.accepted.inc(events)
        self._metrics.acknowledge_seconds.observe(time.monotonic() - began)

    def _unavailable(self, detail: str) -> Problem:
        return Problem(UNAVAILABLE, detail, retry_after_seconds=self._settings.collector_retry_after_seconds)

    def _envelope_of(self, body: Any) -> Envelope:
        envelope = envelope_of(body)
        events = len(envelope.events)
        if events > self._settings.collector_batch_events:
            most = f"{self._settings.collector_batch_events} in one request (SHOP_COLLECTOR_BATCH_EVENTS)"
            detail = f"{events} events are more than {most}. Send fewer at once."
            raise Problem(TOO_LARGE, detail)
        return envelope

    def _arrival(self, headers: Headers, envelope: Envelope) -> Arrival:
        agent = headers.get(b"user-agent", b"").decode("latin-1")
        return Arrival(
            self._now_ms(),
            envelope.sent_at_ms,
            device_class(agent),
            self._country(headers),
            envelope.received_at_ms,
            envelope.context,
        )

    def _country(self, headers: Headers) -> str | None:
        if not self._country_header:
            return None
        country = headers.get(self._country_header, b"").decode("latin-1").upper()
        return country if _COUNTRY.match(country) and country not in _NO_COUNTRY else None

    def _too_large(self, content: bytes) -> Callable[[Any], bool]:
        """Whether an event is larger than one may be; what lies within a small enough body needs no measuring."""
        limit = self._settings.collector_event_bytes
        if len(content) <= limit:
            return lambda _event: False
        return lambda event: _size(event) > limit

    def _check(self, events: list[Any], call: str, arrival: Arrival, too_large: Callable[[Any], bool]) -> _Outcome:
        outcome = _Outcome()
        for index, body in enumerate(events):
            event_id = self._mapper.event_id_of(body)
            try:
                if too_large(body):
                    limit = self._settings.collector_event_bytes
                    message = f"an event has {limit} bytes at the most (SHOP_COLLECTOR_EVENT_BYTES)"
                    raise Rejected(Violation(Kind.TOO_LARGE, "", message))
                warnings: list[Violation] = []
                for event in self._mapper.map(body, event_id, call, arrival, warnings):
                    self._route(event, outcome.topics)
                outcome.accepted.append(event_id)
                if warnings:
                    self._metrics.left_out.inc(len(warnings))
                    outcome.warnings += _described(index, event_id, warnings)
            except Rejected as rejected:
                self._metrics.rejected.labels(rejected.violations[0].kind).inc()
                outcome.violations += _described(index, event_id, rejected.violations)
                self._refused.keep(body, event_id, call, arrival, rejected.violations)
        return outcome

    def _route(self, event: Event, topics: dict[str, list[Record]]) -> None:
        user_id = event["user_id"]
        if user_id and "session_id" not in event:
            visitor = event.get("anonymous_id") or user_id
            event["session_id"] = self._sessions.session_of(visitor, event["event_time"])
        route = self.routes[event["event_type"]]
        record = {"key": user_id or event["product_id"], "value": route.encoder.encode(event)}
        topics.setdefault(route.topic, []).append(record)


def _described(index: int, event_id: str, violations: Iterable[Violation]) -> list[dict[str, Any]]:
    return [
        {"index": index, "event_id": event_id, "field": each.field, "kind": each.kind, "message": each.message}
        for each in violations
    ]


def _size(event: Any) -> int:
    try:
        return len(orjson.dumps(event, default=str))
    except orjson.JSONEncodeError as error:  # nested more deeply than it writes
        raise Rejected(Violation(Kind.INVALID_VALUE, "", f"cannot be kept: {error}")) from error
