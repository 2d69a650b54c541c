"""A batch is decided on as its records are one by one; test_rules.py says what is right."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jobs.ingest.batches import BatchRules, Records
from jobs.ingest.decoder import EventDecoder
from jobs.ingest.rules import AgeLimits, IngestRules
from schemas.codec import Encoder, load_schema
from schemas.event_types import ALIASES, EVENT_TYPES
from schemas.failures import Failure
from tests.support.avro_records import records

Purchase = Callable[..., dict[str, Any]]
Row = tuple[bytes | None, int, bytes | None]
HAPPENED = 1_767_225_600_000
LIMITS = AgeLimits(lateness_ms=1_000, skew_ms=100)
SCHEMA = load_schema("shop_event")

ids = st.sampled_from(["", "u-1", "ö" * 128, "ö" * 129, "x" * 256, "x" * 257, "x" * 9000])
amounts = st.sampled_from([Decimal(n) for n in ("0", "9.99", "-0.0001", "3602879701896.3967", "99999999999999.9999")])
counts = st.sampled_from([-(10**10), -1, 0, 1, 5, 6, 63, 64, 10**9, 10**9 + 1])
whole_numbers = st.sampled_from([-1, 0, 1, 5, 6, 64, 2**31 - 1])
items = st.fixed_dictionaries(
    {"product_id": ids, "quantity": counts, "price": amounts, "category": st.none() | st.text(max_size=3)}
)
plausible = {
    "event_id": ids,
    "event_type": st.sampled_from([*EVENT_TYPES, *ALIASES, "teleport"]),
    "event_time": st.sampled_from([HAPPENED, HAPPENED - 1_000, HAPPENED - 1_001, HAPPENED + 100, HAPPENED + 101, 0]),
    "user_id": ids,
    **{name: st.none() | ids for name in ("product_id", "order_id", "payment_id", "recommendation_id")},
    **{name: st.none() | st.text(max_size=3) for name in ("product_title", "search_query", "reason", "brand")},
    **{name: st.none() | amounts for name in ("price", "value", "tax", "shipping", "discount")},
    **{name: st.none() | counts for name in ("quantity", "stock")},
    **{name: st.none() | whole_numbers for name in ("position", "search_results", "rating")},
    "currency": st.none() | st.sampled_from(["EUR", "EU", "EURO", "eur", "E€R", ""]),
    "items": st.lists(items, max_size=3) | st.just([{"product_id": "p", "quantity": 1, "price": Decimal(1)}] * 70),
    "properties": st.dictionaries(st.text(max_size=3), st.text(max_size=3), max_size=3),
}
valid = {
    "event_id": st.just("e-1"),
    "user_id": st.just("ada"),
    "event_time": st.just(HAPPENED),
    "event_type": st.sampled_from(["page_view", "Page Viewed", "view_item", "PRODUCT_VIEWED", "stock_changed"]),
    "product_id": st.just("p-1"),
    "quantity": st.just(3),
}
EMPTY = {field["name"]: field["default"] for field in SCHEMA["fields"] if "default" in field} | {"source": "test"}

events = st.one_of(
    records(SCHEMA),
    st.fixed_dictionaries(plausible).map(lambda event: EMPTY | event),
    st.tuples(st.fixed_dictionaries(plausible), st.fixed_dictionaries(valid)).map(lambda two: EMPTY | two[0] | two[1]),
    st.fixed_dictionaries(valid).map(lambda event: EMPTY | event),
)
received = st.one_of(
    st.none(),
    st.sampled_from([b"%d" % (HAPPENED + late) for late in (-101, -100, 0, 1_000, 1_001)]),
    st.sampled_from([b"", b"yesterday", b"17672256OO000", b"0" * 20 + b"%d" % HAPPENED, b"9" * 30]),
)


@st.composite
def rows(draw: st.DrawFn, encoders: tuple[Encoder, ...]) -> Row:
    value = bytearray(draw(st.sampled_from(encoders)).encode(draw(events)))
    if draw(st.booleans()):
        for _ in range(draw(st.integers(0, 3))):
            value[draw(st.integers(0, len(value) - 1))] = draw(st.integers(0, 255))
        value = value[: draw(st.integers(0, len(value)))] if draw(st.booleans()) else value
        value += draw(st.binary(max_size=2))
    return draw(st.none() | st.just(bytes(value))) if draw(st.booleans()) else bytes(value), HAPPENED, draw(received)


def batch(read: list[Row]) -> Records:
    return Records(*zip(*read, strict=True))  # type: ignore[arg-type]


def one_by_one(rules: IngestRules, read: list[Row]) -> list[tuple[Any, ...]]:
    def decide(row: Row) -> tuple[Any, ...]:
        decision = rules.decide(*row)
        if isinstance(decision, Failure):
            return None, None, None, decision.reason.value, decision.message
        return decision.event_id, decision.key, decision.rewritten, None, None

    return [decide(row) for row in read]


def together(rules: BatchRules, read: list[Row]) -> list[tuple[Any, ...]]:
    made = rules.decide(batch(read))
    return list(zip(made.event_ids, made.keys, made.rewritten, made.reasons, made.messages, strict=True))


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_batch_is_decided_on_as_its_records_are(
    registry: Any, encoder: Encoder, old_encoder: Encoder, data: st.DataObject
) -> None:
    decoder = EventDecoder(registry)
    read = data.draw(st.lists(rows((encoder, old_encoder)), min_size=1, max_size=12))

    assert together(BatchRules(decoder, LIMITS, fewest=1), read) == one_by_one(IngestRules(decoder, LIMITS), read)


@pytest.mark.parametrize("event_type", ["purchase", "Order Completed"])
def test_ordinary_records_are_not_decided_on_one_by_one(
    registry: Any, encoder: Encoder, purchase: Purchase, event_type: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoder = EventDecoder(registry)
    value = encoder.encode(purchase(event_type=event_type, search_query="größer als " + "x" * 100))
    monkeypatch.setattr(decoder, "decode", None)

    decided = together(BatchRules(decoder, LIMITS), [(value, HAPPENED, None)] * 64)

    rewritten = None if event_type == "purchase" else value.replace(b"\x1eOrder Completed", b"\x10purchase")
    assert decided == [("e-1", "ada", rewritten, None, None)] * 64


def test_a_damaged_record_does_not_hide_what_is_wrong_with_the_next(
    registry: Any, encoder: Encoder, purchase: Purchase
) -> None:
    long = encoder.encode(purchase()).replace(b"\x06e-1", b"\xfe\x03e-1")
    no_text = encoder.encode(purchase(source="abcd")).replace(b"abcd", b"ab\xff\xff")
    rules = BatchRules(EventDecoder(registry), LIMITS, fewest=1)

    reasons = rules.decide(batch([(long, HAPPENED, None), (no_text, HAPPENED, None)])).reasons

    assert reasons.tolist() == ["undecodable", "undecodable"]
