"""What the tests of the collector's mapping share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import pytest

from producers.collector.violations import Rejected
from producers.encoder import EventEncoder
from schemas.codec import load_schema

Map = Callable[..., list[dict[str, Any]]]

NOW_MS: Final = 1_767_225_600_000
"""2026-01-01T00:00:00Z, when bodies are received."""

ENCODER: Final = EventEncoder(load_schema("shop_event"), 7)

FULL: Final = {
    "product_id": "p",
    "product_title": "t",
    "quantity": 1,
    "query": "q",
    "order_id": "o",
    "payment_id": "y",
    "currency": "eur",
    "value": 1,
    "reason": "r",
    "rating": "5",
    "recommendation_id": "r",
    "items": [{"product_id": "p", "price": 1}],
}
"""Properties with all that any type requires."""


def violations(map_events: Map, body: Any, **arrival: Any) -> set[tuple[str, str]]:
    with pytest.raises(Rejected) as rejected:
        map_events(body, **arrival)
    return {(each.kind.value, each.field) for each in rejected.value.violations}
