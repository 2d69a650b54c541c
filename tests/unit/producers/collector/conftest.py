from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import pytest

from producers.collector.mapping import Arrival, Mapper

NOW_MS = 1_767_225_600_000  # 2026-01-01T00:00:00Z
WEEK_MS = 7 * 24 * 3600 * 1000

Map = Callable[..., list[dict[str, Any]]]


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
