from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from dashboards.service.live.records import Record, Records, event_ms, is_purchase, row_of
from schemas.codec import Encoder, load_schema
from schemas.event_types import EVENT_TYPES
from schemas.results import result_named

MILLISECONDS = datetime(2026, 6, 1, 12, 0, 0, 5000, tzinfo=UTC)
EVENT: dict[str, Any] = {
    "event_id": "e1",
    "event_type": "purchase",
    "event_time": MILLISECONDS,
    "user_id": "ada",
    "source": "test",
    "order_id": "o1",
    "currency": "GBP",
    "value": Decimal("12.5000"),
    "items": [
        {"product_id": "p1", "quantity": 2, "price": Decimal("5.0000")},
        {"product_id": "p2", "quantity": 1, "price": Decimal("2.5000")},
    ],
}
EVENTS = Encoder(load_schema("shop_event"), 1)


class Decoded:
    """Stands for the registry's decoder."""

    def __init__(self, fields: dict[str, Any]) -> None:
        self.fields = fields
        self.calls = 0

    def decode(self, framed: bytes) -> dict[str, Any]:
        self.calls += 1
        return self.fields


@pytest.mark.parametrize("kind", sorted(EVENT_TYPES))
@pytest.mark.parametrize("event_id", ["e", "purchase", "x" * 200, "é" * 70])
def test_a_purchase_is_known_by_its_first_bytes(kind: str, event_id: str) -> None:
    framed = EVENTS.encode({**EVENT, "event_id": event_id, "event_type": kind})
    assert is_purchase(framed) == (kind == "purchase")


@pytest.mark.parametrize("at", [MILLISECONDS, datetime(1969, 7, 20, tzinfo=UTC), datetime(1970, 1, 1, tzinfo=UTC)])
@pytest.mark.parametrize("event_id", ["e", "é" * 70])
def test_when_an_event_happened_is_known_by_its_first_bytes(event_id: str, at: datetime) -> None:
    framed = EVENTS.encode({**EVENT, "event_id": event_id, "event_time": at})
    assert event_ms(framed) == round(at.timestamp() * 1000)


def test_an_event_that_is_no_purchase_is_passed_over_undecoded() -> None:
    decoder = Decoded({})
    value = EVENTS.encode({**EVENT, "event_type": "page_view"})

    assert Records(decoder).change(Record("events", 0, 7, b"ada", value, 1)) is None
    assert decoder.calls == 0


def test_a_purchase_is_an_order_as_the_query_has_it() -> None:
    value = EVENTS.encode(EVENT)
    decoder = Decoded({**EVENT, "country": None, "channel": "app"})
    change = Records(decoder).change(Record("events", 1, 7, b"ada", value, 99))

    assert change is not None
    assert (change.table, change.key, change.offset, change.at_ms) == ("orders", ("e1",), "events-1:7", 99)
    assert change.row == {
        "event_id": "e1",
        "at": "2026-06-01T12:00:00.005Z",
        "order_id": "o1",
        "user_id": "ada",
        "currency": "GBP",
        "value": "12.5000",
        "units": 3,
        "country": "",
        "channel": "app",
    }


def test_a_result_s_row_has_its_amounts_as_text_and_its_net() -> None:
    fields = {
        "day": date(2026, 6, 1),
        "currency": "GBP",
        "orders": 3,
        "units": 7,
        "gross": Decimal("100.0001"),
        "refunds": Decimal("10.5000"),
        "cancelled": Decimal("0.2500"),
        "buyers": 2,
        "new_buyers": 1,
    }
    change = Records(Decoded(fields)).change(Record("metrics-sales-daily", 0, 3, b"k", b"v", 5))

    assert change is not None
    assert (change.table, change.key) == ("sales_daily", ("2026-06-01", "GBP"))
    assert change.row == {
        **{"day": "2026-06-01", "currency": "GBP", "orders": 3, "units": 7, "gross": "100.0001"},
        **{"refunds": "10.5000", "cancelled": "0.2500", "buyers": 2, "new_buyers": 1, "net": "89.2501"},
    }


def test_a_row_by_clickhouse_is_the_same_as_one_by_kafka() -> None:
    result = result_named("sales_minutely")
    columns = tuple(column.name for column in result.stored)
    by_kafka = {
        "minute": MILLISECONDS.replace(microsecond=0),
        **{"currency": "GBP", "orders": 1, "units": 2},
        **{"gross": Decimal("3.0000"), "refunds": Decimal("1.0000"), "cancelled": Decimal(0)},
    }
    by_clickhouse = {
        "minute": "2026-06-01T12:00:00.000Z",
        **{"currency": "GBP", "orders": 1, "units": 2},
        **{"gross": "3.0000", "refunds": "1.0000", "cancelled": "0.0000"},
    }

    assert row_of(columns, by_kafka) == row_of(columns, by_clickhouse)


def test_a_tombstone_removes_the_row_of_its_key() -> None:
    key = {"day": date(2026, 6, 1), "currency": "GBP"}
    change = Records(Decoded(key)).change(Record("metrics-sales-daily", 0, 4, b"k", None, 5))

    assert change is not None
    assert (change.key, change.row) == (("2026-06-01", "GBP"), None)
