"""Times, ids, amounts and lines: how each is read, what is left out and named, and what is refused."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from producers.collector.mapping import Arrival, Mapper
from producers.collector.values import time_ms
from producers.collector.violations import Kind, Rejected, Violation
from schemas.event_types import EVENT_TYPES
from tests.support.mapping import ENCODER, FULL, NOW_MS, Map, violations


@pytest.mark.parametrize(
    ("sent_at_ms", "written", "expected"),
    [
        (None, "2025-12-31T23:59:00.250Z", NOW_MS - 59_750),
        (NOW_MS, "2026-01-01T00:59:00+01:00", NOW_MS - 60_000),
        (NOW_MS + 3_600_000, "2026-01-01T00:59:59Z", NOW_MS - 1_000),  # a clock an hour ahead
        (NOW_MS - 86_400_000, "2025-12-30T23:59:50", NOW_MS - 10_000),  # one a day behind; no zone is UTC
    ],
)
def test_a_time_is_corrected_by_how_far_the_clients_clock_is_off(
    map_events: Map, sent_at_ms: int | None, written: str, expected: int
) -> None:
    (event,) = map_events({"event": "page_view", "userId": "u", "timestamp": written}, sent_at_ms=sent_at_ms)
    assert event["event_time"] == expected


def test_googles_time_is_in_microseconds(map_events: Map) -> None:
    body = {"name": "page_view", "client_id": "c", "timestamp_micros": (NOW_MS - 5) * 1000 + 999, "params": {}}
    assert map_events(body)[0]["event_time"] == NOW_MS - 5


@pytest.mark.parametrize(
    ("properties", "kind", "field"),
    [
        ({"product_id": {"a": 1}}, "type_mismatch", "product_id"),
        ({"product_id": "p" * 257}, "invalid_value", "product_id"),
        ({"product_id": " "}, "invalid_value", "product_id"),
        ({"product_id": 1.5}, "type_mismatch", "product_id"),
        ({"items": 5}, "required_missing", "product_id"),
        ("text", "type_mismatch", "properties"),
    ],
)
def test_a_value_that_its_type_requires_and_that_does_not_fit_is_named(
    map_events: Map, properties: Any, kind: str, field: str
) -> None:
    assert (kind, field) in violations(map_events, {"event": "view_item", "userId": "u", "properties": properties})


OPTIONAL = [
    ({"price": "12,5"}, "type_mismatch", "price"),
    ({"price": -1}, "invalid_value", "price"),
    ({"price": 1e300}, "invalid_value", "price"),
    ({"price": "99999999999999999999"}, "invalid_value", "price"),
    ({"price": True}, "type_mismatch", "price"),
    ({"position": 1.5}, "invalid_value", "position"),
    ({"position": 0}, "invalid_value", "position"),
    ({"quantity": 2**63}, "invalid_value", "quantity"),
    ({"currency": "pounds"}, "invalid_value", "currency"),
    ({"rating": 4.5}, "invalid_value", "rating"),
    ({"rating": 9}, "invalid_value", "rating"),
    ({"stock": "in_stock"}, "type_mismatch", "stock"),
    ({"results": [{"id": 1}]}, "type_mismatch", "search_results"),
    ({"visibility": "teleported"}, "invalid_value", "visibility"),
    ({"session_id": {}}, "type_mismatch", "session_id"),
    ({"items": 5}, "type_mismatch", "items"),
]


@pytest.mark.parametrize(("properties", "kind", "field"), OPTIONAL)
def test_an_optional_field_that_does_not_fit_is_left_out_and_named(
    mapper: Mapper, properties: dict[str, Any], kind: str, field: str
) -> None:
    warnings: list[Violation] = []
    body = {"event": "view_item", "userId": "u", "properties": {"product_id": "p", "brand": "B", **properties}}
    (event,) = mapper.map(body, "e", "track", Arrival(NOW_MS), warnings)
    assert [(each.kind.value, each.field) for each in warnings] == [(kind, field)]
    assert field not in event
    assert (event["product_id"], event["brand"]) == ("p", "B")


@pytest.mark.parametrize(
    ("items", "kind", "field", "kept"),
    [
        ([5, {"item_id": "y"}], "type_mismatch", "items[0]", ["y"]),
        ([{"item_id": "x"}, {"price": 1}], "required_missing", "items[1].product_id", ["x"]),
        ([{"item_id": "x", "price": "?"}], "type_mismatch", "items[0].price", ["x"]),
        ([{"item_id": "x"}, {"item_id": "y", "quantity": 0}], "invalid_value", "items[1].quantity", ["x"]),
    ],
)
def test_so_is_a_line_where_lines_are_not_counted(
    mapper: Mapper, items: list[Any], kind: str, field: str, kept: list[str]
) -> None:
    warnings: list[Violation] = []
    body = {"event": "view_cart", "userId": "u", "properties": {"items": items}}
    (event,) = mapper.map(body, "e", "track", Arrival(NOW_MS), warnings)
    assert (kind, field) in {(each.kind.value, each.field) for each in warnings}
    assert [line["product_id"] for line in event["items"]] == kept


def test_what_is_left_out_of_each_of_several_products_is_named_once(mapper: Mapper) -> None:
    warnings: list[Violation] = []
    properties = {"currency": "pounds", "items": [{"item_id": "a"}, {"item_id": "b"}]}
    events = mapper.map(
        {"event": "add_to_cart", "userId": "u", "properties": properties}, "e", "track", Arrival(NOW_MS), warnings
    )
    assert [(event["product_id"], "currency" in event) for event in events] == [("a", False), ("b", False)]
    assert [each.field for each in warnings] == ["currency"]


@pytest.mark.parametrize("name", ["purchase", "refund", "order_cancelled"])
@pytest.mark.parametrize(
    ("items", "field"),
    [
        (5, "items"),
        ([5], "items[0]"),
        ([{"item_id": "x", "price": "?"}], "items[0].price"),
        ([{"item_id": "x", "price": 1, "quantity": "two"}], "items[0].quantity"),
        ([{"item_id": "x", "price": 1, "quantity": 1.5}], "items[0].quantity"),
        ([{"price": 1}], "items[0].product_id"),
    ],
)
def test_a_line_of_an_order_is_never_left_out(map_events: Map, name: str, items: Any, field: str) -> None:
    body = {"event": name, "userId": "u", "properties": {**FULL, "items": items}}
    assert field in {each for _, each in violations(map_events, body)}


def test_the_quantity_of_a_product_in_a_cart_is_required(map_events: Map) -> None:
    body = {"event": "add_to_cart", "userId": "u", "properties": {"items": [{"item_id": "x", "quantity": "two"}]}}
    assert violations(map_events, body) == {("type_mismatch", "items[0].quantity")}


@pytest.mark.parametrize(
    ("context", "field"),
    [
        ({"page": {"url": {}}}, "page_url"),
        ({"locale": ["de"]}, "language"),
        ({"sessionId": True}, "session_id"),
        ({"library": {"name": {}}}, "source"),
        ({"campaign": {"medium": False}}, "channel"),
        ({"device": {"type": []}}, "device"),
        ("web", "context"),
        ({"page": "https://s/"}, "context.page"),
        ({"location": ["PT"]}, "context.location"),
        ({"library": 7}, "context.library"),
        ({"campaign": True}, "context.campaign"),
        ({"device": "phone"}, "context.device"),
    ],
)
def test_what_the_context_says_unreadably_is_left_out_and_named(mapper: Mapper, context: Any, field: str) -> None:
    warnings: list[Violation] = []
    body = {"event": "page_view", "userId": "u", "context": context}
    (event,) = mapper.map(body, "e", "track", Arrival(NOW_MS), warnings)
    assert [(each.kind, each.field) for each in warnings] == [(Kind.TYPE_MISMATCH, field)]
    assert event == {"event_id": "e", "event_type": "page_view", "event_time": NOW_MS, "user_id": "u", "source": "api"}


@pytest.mark.parametrize("number", [1795762376, 1795762376.0, "1795762376"])
def test_a_number_that_is_an_id_is_an_id(map_events: Map, number: Any) -> None:
    for place in ({"context": {"sessionId": number}}, {"properties": {"ga_session_id": number}}):
        (event,) = map_events({"event": "page_view", "userId": number, "anonymousId": number, **place})
        assert {event[field] for field in ("user_id", "anonymous_id", "session_id")} == {"1795762376"}


@pytest.mark.parametrize(
    "written",
    [
        NOW_MS // 1000,
        NOW_MS,
        NOW_MS * 1000,
        float(NOW_MS // 1000),
        str(NOW_MS // 1000),
        str(NOW_MS),
        f"{NOW_MS // 1000}.000",
        "2026-01-01T00:00:00Z",
        "20260101",
    ],
)
@pytest.mark.parametrize("name", ["timestamp", "originalTimestamp"])
def test_the_unit_of_an_epoch_time_is_told_by_its_size(map_events: Map, name: str, written: Any) -> None:
    assert map_events({"event": "page_view", "userId": "u", name: written})[0]["event_time"] == NOW_MS


@given(st.integers(946_684_800_000, 4_102_444_799_999))
def test_every_time_of_a_century_is_the_same_in_each_unit(time: int) -> None:
    assert [time_ms(time * 1000), time_ms(time), time_ms(str(time))] == [time] * 3
    assert [time_ms(time // 1000), time_ms(time // 1000 + 0.5)] == [time // 1000 * 1000, time // 1000 * 1000 + 500]


@pytest.mark.parametrize(
    "written", [0, False, True, 1, -1, 5e9, 10**18, 0.0, [], {}, "0", "soon", "1767225600000000000"]
)
@pytest.mark.parametrize("name", ["timestamp", "timestamp_micros"])
def test_a_time_that_is_none_is_refused_and_never_means_now(map_events: Map, name: str, written: Any) -> None:
    body = {"event": "page_view", "userId": "u", name: written}
    assert {field for _, field in violations(map_events, body)} == {"event_time"}


@pytest.mark.parametrize(
    ("changes", "kind", "field"),
    [
        ({"messageId": {}}, "type_mismatch", "event_id"),
        ({"messageId": "m" * 257}, "invalid_value", "event_id"),
        ({"anonymousId": "a" * 257}, "invalid_value", "anonymous_id"),
        ({"context": {"sessionId": "s" * 257}}, "invalid_value", "session_id"),
        ({"userId": True}, "type_mismatch", "user_id"),
    ],
)
def test_an_id_is_text_of_bounded_length(map_events: Map, changes: dict[str, Any], kind: str, field: str) -> None:
    assert (kind, field) in violations(map_events, {"event": "page_view", "userId": "u", **changes})


def test_every_mistake_is_named_at_once(map_events: Map) -> None:
    body = {"event": "view_item", "userId": [], "timestamp": "soon", "properties": {"price": [], "position": "x"}}
    assert violations(map_events, body) == {
        ("type_mismatch", "user_id"),
        ("invalid_value", "event_time"),
        ("type_mismatch", "price"),
        ("type_mismatch", "position"),
    }


@pytest.mark.parametrize(
    ("body", "kind", "field"),
    [
        (5, Kind.TYPE_MISMATCH, ""),
        ({}, Kind.REQUIRED_MISSING, "event_type"),
        ({"event": "Button Pressed"}, Kind.UNKNOWN_EVENT, "event_type"),
        ({"event": ["page_view"]}, Kind.TYPE_MISMATCH, "event_type"),
        ({"type": "delete"}, Kind.UNKNOWN_EVENT, "type"),
        ({"event": "page_view", "userId": "u", "timestamp": "2020-01-01T00:00:00Z"}, Kind.TOO_OLD, "event_time"),
        (
            {"event": "page_view", "userId": "u", "timestamp": "2026-01-01T00:10:01Z"},
            Kind.TOO_FAR_IN_FUTURE,
            "event_time",
        ),
        ({"event": "page_view", "userId": "u", "timestamp": "0001-01-01T00:00:00+14:00"}, Kind.TOO_OLD, "event_time"),
    ],
)
def test_an_event_that_cannot_be_judged_further_is_refused(map_events: Map, body: Any, kind: Kind, field: str) -> None:
    assert violations(map_events, body) == {(kind.value, field)}


def test_a_purchase_needs_the_price_of_every_line(map_events: Map) -> None:
    body = {"event": "purchase", "userId": "u", "properties": {**FULL, "items": [{"item_id": "a"}]}}
    assert violations(map_events, body) == {("required_missing", "items[0].price")}


def test_an_amount_loses_what_javascripts_arithmetic_left_behind_it(map_events: Map) -> None:
    body = {"event": "view_item", "userId": "u", "properties": {"product_id": 5, "price": 0.1 + 0.2, "value": "19.90"}}
    (event,) = map_events(body)
    assert (event["product_id"], event["price"], event["value"]) == ("5", Decimal("0.3"), Decimal("19.9"))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False) | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)

NAMES = st.sampled_from(
    [
        *("product_id", "item_id", "price", "value", "revenue", "quantity", "currency", "items", "products", "index"),
        *("rating", "session_id", "results", "other", "stock", "position", "title", "url", "item_category2"),
    ]
)

VALUES = JSON | st.lists(st.dictionaries(NAMES, JSON, max_size=4), max_size=2)

TOP = st.sampled_from(
    [
        *("userId", "anonymousId", "client_id", "messageId", "timestamp", "timestamp_micros", "context", "traits"),
        *("name", "type", "event", "groupId", "sentAt"),
    ]
)


@given(
    st.sampled_from([*EVENT_TYPES, "Product Added", "page"]),
    st.dictionaries(NAMES, VALUES, max_size=6),
    st.dictionaries(TOP, JSON, max_size=4),
)
def test_whatever_is_sent_is_refused_or_can_be_written(
    event_type: str, properties: dict[str, Any], top: dict[str, Any]
) -> None:
    mapper = Mapper(10**12, 600_000, lambda: "made")
    body = {"event": event_type, "userId": "u", "properties": properties, **top}
    try:
        events = mapper.map(body, mapper.event_id_of(body), "track", Arrival(NOW_MS))
    except Rejected:
        return
    assert all(ENCODER.encode(event) for event in events)


def test_an_id_of_blanks_is_as_good_as_none(map_events: Map) -> None:
    body = {"event": "Product Viewed", "userId": " ", "messageId": "\t", "anonymousId": "a-1"}
    (event,) = map_events({**body, "properties": {"product_id": "p-1"}})
    assert (event["user_id"], event["anonymous_id"], event["event_id"]) == ("a-1", "a-1", "made-1")
