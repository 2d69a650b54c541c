"""What a publisher refuses before anything is sent."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from producers.encoder import EventEncoder
from producers.publisher import checked_bytes
from schemas.codec import Encoder, load_schema
from schemas.errors import InvalidEvent

ENCODER = EventEncoder(load_schema("shop_event"), 7)
ITEM = {"product_id": "p-1", "quantity": 1, "price": Decimal(1)}


def test_a_valid_event_becomes_its_avro_bytes(purchase: Callable[..., dict[str, Any]]) -> None:
    event = purchase()
    assert checked_bytes(event, ENCODER) == Encoder(load_schema("shop_event"), 7).encode(event)


@pytest.mark.parametrize(
    ("changes", "field", "message"),
    [
        ({"user_id": ""}, "user_id", "purchase requires it"),
        ({"items": []}, "items", "purchase requires it"),
        ({"order_id": None}, "order_id", "purchase requires it"),
        ({"value": Decimal(-1)}, "value", "-1 is not between 0 and"),
        ({"currency": "pounds"}, "currency", "'pounds' is not three capital letters"),
        ({"items": [ITEM, {**ITEM, "quantity": 0}]}, "items[1].quantity", "0 is not between"),
        ({"items": [{**ITEM, "quantity": 1.5}]}, "items[0].quantity", "1.5 is not a whole number"),
        ({"event_time": datetime(2026, 1, 1, tzinfo=UTC)}, "event_time", "is not epoch milliseconds"),
        ({"value": 1.5}, "", "does not fit the ShopEvent schema"),
        ({"value": Decimal("0.00001")}, "", "does not fit the ShopEvent schema"),
        ({"items": [{**ITEM, "price": 1.5}]}, "", "does not fit the ShopEvent schema"),
        ({"items": [{"product_id": "p-1"}]}, "", "does not fit the ShopEvent schema"),
        ({"source": None}, "", "does not fit the ShopEvent schema"),
        ({"ordre_id": "o-1"}, "", "there is no field ordre_id"),
    ],
)
def test_an_event_that_breaks_the_contract_is_refused_and_the_field_is_named(
    purchase: Callable[..., dict[str, Any]], changes: dict[str, Any], field: str, message: str
) -> None:
    with pytest.raises(InvalidEvent) as refused:
        checked_bytes(purchase(**changes), ENCODER)
    assert refused.value.field == field
    assert message in refused.value.message
