from __future__ import annotations

import asyncio
import io
import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

import fastavro
import httpx
import pytest

from producers.collector.access import WriteKeys
from producers.collector.delivery import Delivery, Record
from producers.collector.intake import Intake
from producers.collector.mapping import Arrival, Mapper
from producers.collector.metrics import Metrics
from producers.collector.refused import Copy, RefusedEvents
from producers.encoder import EventEncoder
from producers.publisher import Route
from schemas.codec import HEADER_BYTES, load_schema
from schemas.event_types import EVENT_TYPES
from schemas.settings import Settings
from schemas.topics import FAILED_EVENTS
from tests.support.mapping import NOW_MS, Map

WEEK_MS = 7 * 24 * 3600 * 1000

SCHEMA = fastavro.parse_schema(load_schema("shop_event"))


@pytest.fixture
def mapper() -> Mapper:
    numbers = itertools.count(1)
    return Mapper(WEEK_MS, 600_000, lambda: f"made-{next(numbers)}")


@pytest.fixture
def map_events(mapper: Mapper) -> Map:
    """The events that a body becomes, received at NOW_MS."""

    def events(body: Any, call: str = "track", **arrival: Any) -> list[dict[str, Any]]:
        return mapper.map(body, mapper.event_id_of(body), call, Arrival(NOW_MS, **arrival))

    return events


class Kafka:
    """In place of ``Delivery``: takes every record at once, and keeps it."""

    def __init__(self) -> None:
        self.records: list[tuple[str, Record]] = []

    def has_room(self, _records: int) -> bool:
        return True

    def hold(self, _records: int, _size_bytes: int) -> None:
        pass

    def send(self, topics: dict[str, list[Record]]) -> asyncio.Future[str | None]:
        self.records += [(topic, record) for topic, records in topics.items() for record in records]
        answered: asyncio.Future[str | None] = asyncio.get_running_loop().create_future()
        answered.set_result(None)
        return answered

    @property
    def events(self) -> list[dict[str, Any]]:
        """The events among the records, their times as epoch milliseconds."""
        values = [
            io.BytesIO(record["value"][HEADER_BYTES:]) for topic, record in self.records if topic != FAILED_EVENTS
        ]
        events = [cast("dict[str, Any]", fastavro.schemaless_reader(value, SCHEMA, None)) for value in values]
        return [{**event, "event_time": round(event["event_time"].timestamp() * 1000)} for event in events]


@dataclass
class Front:
    """The intake, asked by real HTTP requests, received at NOW_MS."""

    intake: Intake
    kafka: Kafka
    metrics: Metrics
    copies: list[Copy]
    refused: RefusedEvents

    def post(self, path: str, content: bytes | str, **headers: str) -> httpx.Response:
        """The answer to one request; underscores of headers' names are hyphens."""

        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(app=self.intake)
            async with httpx.AsyncClient(transport=transport, base_url="http://collector") as client:
                names = {name.replace("_", "-"): value for name, value in headers.items()}
                answer = await client.post(path, content=content, headers=names)
            await self.refused.drain()
            return answer

        return asyncio.run(ask())


@pytest.fixture
def make_front(mapper: Mapper) -> Callable[..., Front]:
    """The intake with some settings changed."""

    def made(**changes: Any) -> Front:
        kafka, metrics, settings = Kafka(), Metrics(), Settings(**changes)
        delivery = cast("Delivery", kafka)
        copies: list[Copy] = []
        refused = RefusedEvents(settings, metrics, copies.extend, lambda: 0.0)
        intake = Intake(settings, WriteKeys(()), delivery, metrics, mapper, refused, lambda: NOW_MS)
        encoder = EventEncoder(load_schema("shop_event"), 7)
        intake.routes = {kind.name: Route(kind.topic, encoder) for kind in EVENT_TYPES.values()}
        return Front(intake, kafka, metrics, copies, refused)

    return made


@pytest.fixture
def front(make_front: Callable[..., Front]) -> Front:
    return make_front()
