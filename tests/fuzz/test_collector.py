"""Random requests to the collector, in front of the Kafka that librdkafka plays itself."""

from __future__ import annotations

import random
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import uvicorn
from hypothesis import strategies as st

from local.ports import free_base
from producers.collector import app
from producers.collector.intake import CALL_OF_PATH
from producers.encoder import EventEncoder
from producers.publisher import Route
from schemas.codec import load_schema
from schemas.event_types import ALIASES, EVENT_TYPES
from schemas.settings import PORT_OFFSETS, Settings
from tests.support.fuzzing import REQUESTS, fuzz, json_values
from tests.support.metrics import samples
from tests.support.serving import SECONDS, eventually
from web.server import UVICORN_OPTIONS

READS = ("/tracker.js", "/metrics", "/health/live", "/health/ready", "/openapi.json", "/v1/{}", "/{}", *CALL_OF_PATH)
NAMES = (
    *("batch", "type", "event", "userId", "anonymousId", "messageId", "properties", "context", "timestamp", "sentAt"),
    *("products", "product_id", "price", "quantity", "currency", "value", "events", "params", "items", "traits"),
)
LINE = {"product_id": "p-1", "price": 19, "quantity": 2, "category": "Games", "item_category2": "Cards"}
ORDER = {
    "type": "track",
    "messageId": "m-1",
    "userId": "u-1",
    "anonymousId": "a-1",
    "event": "Order Completed",
    "timestamp": "NOW",
    "sentAt": "NOW",
    "properties": {"order_id": "o-1", "revenue": 38.0, "currency": "USD", "products": [LINE, LINE]},
    "context": {"sessionId": 1795762376, "page": {"url": "https://shop/"}, "library": {"name": "js"}, "userAgent": "x"},
}
REFUND = {**ORDER, "event": "refund", "properties": {"order_id": "o-1", "value": 10, "items": [{"item_id": "p-1"}]}}
VIEW = {"event": "Product Viewed", "userId": 7, "properties": {"product_id": "p-1", "price": "9.99", "rating": 4.5}}
GOOGLE = {"name": "purchase", "client_id": "1.2", "params": {"transaction_id": "t", "value": 5, "items": [LINE]}}
PAGE = {"type": "page", "anonymousId": "a", "name": "Home", "properties": {"url": "https://shop/", "title": "Home"}}
IDENTIFY = {"type": "identify", "userId": "u", "traits": {"email": "a@b.c"}, "integrations": {"All": True}}
EVENTS = (ORDER, REFUND, VIEW, GOOGLE, PAGE, IDENTIFY)
TIMES = (
    *("2026-11-27T07:00:00.000:Z", "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "1795762376", 0, False),
    *(float("inf"), -(10**18), 1_795_762_376, 1_795_762_376_000, 253_402_300_799_999),
)
VALUES = json_values(NAMES) | st.sampled_from([*TIMES, *EVENT_TYPES, *ALIASES, "USD", "party \ud83c", [LINE] * 30])
BATCHES = [{"batch": EVENTS, "sentAt": "NOW", "context": {"locale": "en"}}, {"events": [GOOGLE]}, {"batch": [ORDER]}]


class _Routes:
    """In place of the registry's schemas."""

    def __call__(self, _settings: Settings) -> dict[str, Route]:
        encoder = EventEncoder(load_schema("shop_event"), 7)
        return {kind.name: Route(kind.topic, encoder) for kind in EVENT_TYPES.values()}


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """Where a collector listens."""
    settings = Settings(port_base=free_base(random.Random(), [PORT_OFFSETS["collector"]]))
    address = ("127.0.0.1", settings.port("collector"))
    with pytest.MonkeyPatch.context() as patched, socket.create_server(address, backlog=512) as listener:
        patched.setattr(app, "routes", _Routes())
        collector = app.collector(settings, overrides={"test.mock.num.brokers": 1})
        server = uvicorn.Server(uvicorn.Config(collector, **UVICORN_OPTIONS))
        thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
        thread.start()
        listens_at = f"http://{address[0]}:{address[1]}"
        eventually(lambda: server.started and httpx.get(f"{listens_at}/health/ready").status_code == 200, SECONDS)
        yield listens_at
        server.should_exit = True
        thread.join(SECONDS)
        assert not thread.is_alive()


def test_nothing_that_a_stranger_sends_is_answered_with_a_5xx(url: str) -> None:
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    of_many = ("/v1/batch", "/v1/b", "/v1/import")
    bodies = {path: _timed(BATCHES if path in of_many else [*EVENTS, *BATCHES], now) for path in CALL_OF_PATH}
    outcome = fuzz(lambda source: source.attempt(READS, bodies, ("x",)), VALUES, url, REQUESTS)
    outcome.check()
    assert {200, 202, 207, 400, 404, 405, 422} <= outcome.statuses.keys()


def test_it_still_takes_events(url: str) -> None:
    assert httpx.get(f"{url}/health/ready").json() == {"status": "ready"}
    view = {**VIEW, "properties": {"product_id": "p-1"}}
    answer = httpx.post(f"{url}/v1/track", json=view)
    assert (answer.status_code, len(answer.json()["accepted"])) == (202, 1)
    assert samples(httpx.get(f"{url}/metrics").text)["shop_collector_waiting_records"] == 0


def _timed(value: Any, now: str) -> Any:
    """The same with the time at which the events are sent."""
    if isinstance(value, dict):
        return {name: _timed(each, now) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_timed(each, now) for each in value]
    return now if value == "NOW" else value
