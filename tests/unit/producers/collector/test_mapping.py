"""Bodies as Segment's and Google's documentation show them: which events, lines and fields they become."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from producers.collector.mapping import Arrival, Mapper
from producers.collector.violations import Kind, Rejected
from schemas.event_types import ALIASES, EVENT_TYPES
from tests.support.mapping import ENCODER, FULL, NOW_MS, Map, violations

SEGMENT_ORDER = {
    "type": "track",
    "messageId": "m-1",
    "userId": "019mr8mf4r",
    "anonymousId": "a-1",
    "event": "Order Completed",
    "properties": {
        "checkout_id": "fksdjfsdjfisjf9sdfjsd9f",
        "order_id": "50314b8e9bcf000000000000",
        "affiliation": "Google Store",
        "total": 27.5,
        "subtotal": 22.5,
        "revenue": 25.0,
        "shipping": 3,
        "tax": 2,
        "discount": 2.5,
        "coupon": "hasbros",
        "currency": "USD",
        "products": [
            {
                "product_id": "507f1f77bcf86cd799439011",
                "sku": "45790-32",
                "name": "Monopoly: 3rd Edition",
                "price": 19,
                "quantity": 1,
                "category": "Games",
                "url": "https://www.example.com/product/path",
            },
            {"product_id": "505bd76785ebb509fc183733", "sku": "46493-32", "name": "Uno", "price": 3, "quantity": 2},
        ],
    },
}

GOOGLE_PURCHASE = {
    "name": "purchase",
    "client_id": "123456.7654321",
    "params": {
        "currency": "USD",
        "transaction_id": "T_12345",
        "value": 72.05,
        "coupon": "SUMMER_FUN",
        "shipping": 3.33,
        "tax": 1.11,
        "items": [
            {
                "item_id": "SKU_12345",
                "item_name": "Stan and Friends Tee",
                "item_category": "Apparel",
                "item_category2": "Adult",
                "item_category3": "Shirts",
                "price": 10.01,
                "quantity": 3,
            },
            {"item_id": "SKU_12346", "item_name": "Google Grey Women's Tee", "price": 21.01, "quantity": 2},
        ],
    },
}


def test_segments_order_becomes_a_purchase(map_events: Map) -> None:
    assert map_events(SEGMENT_ORDER) == [
        {
            "event_id": "m-1",
            "event_type": "purchase",
            "event_time": NOW_MS,
            "user_id": "019mr8mf4r",
            "anonymous_id": "a-1",
            "source": "api",
            "order_id": "50314b8e9bcf000000000000",
            "value": Decimal(25),
            "shipping": Decimal(3),
            "tax": Decimal(2),
            "discount": Decimal("2.5"),
            "coupon": "hasbros",
            "currency": "USD",
            "items": [
                {"product_id": "507f1f77bcf86cd799439011", "quantity": 1, "price": Decimal(19), "category": "Games"},
                {"product_id": "505bd76785ebb509fc183733", "quantity": 2, "price": Decimal(3)},
            ],
            "properties": {
                "checkout_id": "fksdjfsdjfisjf9sdfjsd9f",
                "affiliation": "Google Store",
                "total": "27.5",
                "subtotal": "22.5",
            },
        }
    ]


def test_googles_purchase_becomes_the_same_type(map_events: Map) -> None:
    (event,) = map_events(GOOGLE_PURCHASE)
    assert event == {
        "event_id": "made-1",
        "event_type": "purchase",
        "event_time": NOW_MS,
        "user_id": "123456.7654321",
        "anonymous_id": "123456.7654321",
        "source": "api",
        "currency": "USD",
        "order_id": "T_12345",
        "value": Decimal("72.05"),
        "coupon": "SUMMER_FUN",
        "shipping": Decimal("3.33"),
        "tax": Decimal("1.11"),
        "items": [
            {
                "product_id": "SKU_12345",
                "quantity": 3,
                "price": Decimal("10.01"),
                "category": "Apparel > Adult > Shirts",
            },
            {"product_id": "SKU_12346", "quantity": 2, "price": Decimal("21.01")},
        ],
    }


def test_googles_event_about_one_product_takes_it_from_the_items(map_events: Map) -> None:
    params = {
        "currency": "USD",
        "value": 30.03,
        "items": [
            {"item_id": "S-1", "item_name": "Tee", "item_brand": "G", "index": 0, "item_list_id": "L", "price": 10.01}
        ],
    }
    (event,) = map_events({"event_name": "add_to_cart", "params": params, "user_id": "u", "client_id": "c"})
    assert {name: event[name] for name in event.keys() - {"event_id", "event_time", "source"}} == {
        "event_type": "add_to_cart",
        "user_id": "u",
        "anonymous_id": "c",
        "currency": "USD",
        "value": Decimal("30.03"),
        "product_id": "S-1",
        "product_title": "Tee",
        "brand": "G",
        "position": 1,
        "list_id": "L",
        "price": Decimal("10.01"),
        "quantity": 1,
    }


def test_an_event_about_several_products_becomes_one_for_each(map_events: Map) -> None:
    items = [{"item_id": "a", "price": 2, "quantity": 3}, {"item_id": "b"}]
    body = {"messageId": "m", "event": "add_to_cart", "userId": "u", "properties": {"items": items, "value": 6}}
    assert [(e["event_id"], e["product_id"], e["quantity"], e.get("value")) for e in map_events(body)] == [
        ("m", "a", 3, Decimal(6)),
        ("m.2.91b9fb62a61d49dd2273bb79", "b", 1, None),
    ]


@pytest.mark.parametrize(
    ("event_id", "other_id"), [("ord", "ord.2"), ("ord.2", "ord"), ("x" * 255 + "a", "x" * 255 + "b"), ("1", "1.1")]
)
def test_the_products_of_two_events_have_ids_of_their_own(map_events: Map, event_id: str, other_id: str) -> None:
    products = [{"product_id": f"p-{number}"} for number in range(12)]

    def ids(message_id: str) -> list[str]:
        body = {"messageId": message_id, "event": "view_item", "userId": "u", "properties": {"products": products}}
        return [event["event_id"] for event in map_events(body)]

    assert ids(event_id)[0] == event_id
    assert ids(event_id) == ids(event_id)
    assert len({*ids(event_id), *ids(other_id)}) == 24


@pytest.mark.parametrize("event_type", ["refund", "order_cancelled"])
@pytest.mark.parametrize(
    ("value", "products", "lines"),
    [
        ("10", [{"product_id": "a", "quantity": 2}], [("a", 2, "5")]),
        ("10", [{"product_id": "a", "quantity": 3}], [("a", 2, "3.3333"), ("a", 1, "3.3334")]),
        ("9", [{"product_id": "a"}, {"product_id": "b", "quantity": 2}], [("a", 1, "3"), ("b", 2, "3")]),
        (
            "0.0005",
            [{"product_id": "a", "quantity": 2}, {"product_id": "b", "quantity": 2}],
            [("a", 1, "0.0001"), ("a", 1, "0.0002"), ("b", 2, "0.0001")],
        ),
        ("10", [{"product_id": "a", "price": 4}, {"product_id": "b", "price": ""}], [("a", 1, "4"), ("b", 1, "6")]),
        ("10", [{"product_id": "a", "price": 10}, {"product_id": "b"}], [("a", 1, "10"), ("b", 1, "0")]),
        ("10", [{"product_id": "a", "price": 4}], [("a", 1, "4")]),
        ("0", [{"product_id": "a", "quantity": 2}], [("a", 2, "0")]),
    ],
)
def test_what_is_given_back_without_a_price_shares_the_value(
    map_events: Map, event_type: str, value: str, products: list[Any], lines: list[Any]
) -> None:
    properties = {"order_id": "o", "currency": "EUR", "value": value, "products": products}
    (event,) = map_events({"event": event_type, "userId": "u", "properties": properties})
    written = [(line["product_id"], line["quantity"], line["price"]) for line in event["items"]]
    assert sorted(written) == sorted((product, quantity, Decimal(price)) for product, quantity, price in lines)


@given(
    value=st.decimals(0, 10**13, places=4),
    quantities=st.lists(st.integers(1, 10**9), min_size=1, max_size=6),
)
def test_shares_add_up_to_the_value_and_to_the_quantities(value: Decimal, quantities: list[int]) -> None:
    products = [{"product_id": f"p-{index}", "quantity": quantity} for index, quantity in enumerate(quantities)]
    properties = {"order_id": "o", "currency": "EUR", "value": str(value), "products": products}
    mapper = Mapper(7 * 24 * 3600 * 1000, 600_000, lambda: "made")
    (event,) = mapper.map({"event": "refund", "userId": "u", "properties": properties}, "e", "track", Arrival(NOW_MS))

    units = dict.fromkeys((product["product_id"] for product in products), 0)
    for line in event["items"]:
        units[line["product_id"]] += line["quantity"]
    assert list(units.values()) == quantities
    assert sum(line["quantity"] * int(line["price"] * 10_000) for line in event["items"]) == int(value * 10_000)
    ENCODER.encode(event)


@pytest.mark.parametrize(("currency", "value"), [("JPY", "1500"), ("BHD", "1.234"), ("BHD", "0.001"), ("EUR", "9.995")])
def test_an_amount_keeps_the_decimals_that_it_has(map_events: Map, currency: str, value: str) -> None:
    products = [{"product_id": "a", "price": float(value), "quantity": 3}]
    properties = {"order_id": "o", "currency": currency, "value": value, "tax": float(value), "products": products}
    (event,) = map_events({"event": "Order Completed", "userId": "u", "properties": properties})
    (line,) = event["items"]
    assert event["value"] == event["tax"] == line["price"] == Decimal(value)


def test_a_line_without_a_price_is_refused_where_nothing_is_left_for_it(map_events: Map) -> None:
    products = [{"product_id": "a", "price": 12}, {"product_id": "b"}]
    properties = {"order_id": "o", "currency": "EUR", "value": 10, "products": products}
    with pytest.raises(Rejected) as rejected:
        map_events({"event": "refund", "userId": "u", "properties": properties})
    (violation,) = rejected.value.violations
    assert (violation.kind, violation.field) == (Kind.INVALID_VALUE, "items[1].price")
    assert violation.message == "is missing, and the lines with a price leave -2.0000 of the value"


@pytest.mark.parametrize(("alias", "canonical"), [*ALIASES.items(), ("view_search_results", "search")])
def test_every_alias_is_known(mapper: Mapper, alias: str, canonical: str) -> None:
    body = {"event": alias, "userId": "u", "properties": FULL}
    (event,) = mapper.map(body, "e", "track", Arrival(NOW_MS))
    assert event["event_type"] == canonical


@pytest.mark.parametrize("name", EVENT_TYPES)
def test_every_type_passes_with_what_it_requires_and_each_lack_is_named(map_events: Map, name: str) -> None:
    kind = EVENT_TYPES[name]
    (event,) = map_events({"event": name, "userId": "u", "properties": FULL})
    assert ENCODER.encode(event)
    lacking = {("required_missing", field) for field in kind.required}
    if kind.has_user:
        lacking.add(("required_missing", "user_id"))
    if lacking:
        assert violations(map_events, {"event": name}) == lacking


@pytest.mark.parametrize(
    ("call", "body", "expected"),
    [
        (
            "page",
            {"name": "Home", "category": "Docs", "properties": {"url": "https://s/x", "title": "T", "path": "/x"}},
            {
                "event_type": "page_view",
                "page_url": "https://s/x",
                "page_title": "T",
                "properties": {"path": "/x", "name": "Home", "category": "Docs"},
            },
        ),
        ("screen", {"name": "Cart"}, {"event_type": "page_view", "page_title": "Cart"}),
        (
            "identify",
            {"traits": {"email": "a@b", "age": 3}},
            {"event_type": "user_identified", "properties": {"email": "a@b", "age": "3"}},
        ),
        ("group", {"groupId": 7, "traits": {"name": "G"}}, {"properties": {"name": "G", "groupId": "7"}}),
        ("alias", {"type": "alias", "previousId": "old"}, {"anonymous_id": "old", "properties": {"previousId": "old"}}),
    ],
)
def test_segments_other_calls_are_events_as_well(
    map_events: Map, call: str, body: dict[str, Any], expected: dict[str, Any]
) -> None:
    (event,) = map_events({"userId": "u", **body}, call)
    assert {name: event.get(name) for name in expected} == expected


def test_the_context_fills_in_what_the_properties_do_not_say(map_events: Map) -> None:
    context = {
        "page": {"url": "https://s/p", "title": "P", "referrer": "https://r/"},
        "locale": "de-DE",
        "library": {"name": "tracker.js"},
        "campaign": {"medium": "CPC"},
        "location": {"country": "DE"},
        "device": {"type": "ios"},
        "sessionId": "s-1",
        "ip": "192.0.2.1",
    }
    body = {"event": "page_view", "userId": "u", "context": context, "properties": {"title": "Mine"}}
    (event,) = map_events(body, country="FR", device="desktop")
    assert {n: event[n] for n in event.keys() - {"event_id", "event_type", "event_time", "user_id"}} == {
        "source": "tracker.js",
        "page_url": "https://s/p",
        "page_title": "Mine",
        "referrer": "https://r/",
        "language": "de-DE",
        "channel": "paid",
        "country": "DE",
        "device": "mobile",
        "session_id": "s-1",
    }


def test_the_request_fills_in_device_and_country(map_events: Map) -> None:
    (event,) = map_events({"event": "page_view", "userId": "u"}, country="FR", device="tablet")
    assert (event["country"], event["device"]) == ("FR", "tablet")


@given(st.permutations([("value", 1), ("revenue", 2), ("total", 3), ("amount", "x y")]))
def test_the_best_name_wins_in_whatever_order_names_are_given(given_names: list[tuple[str, Any]]) -> None:
    properties = {"order_id": "o", "currency": "EUR", **dict(given_names)} | {"amount": 4}
    mapper = Mapper(0, 0, lambda: "e")
    (event,) = mapper.map({"event": "refund", "userId": "u", "properties": properties}, "e", "track", Arrival(NOW_MS))
    assert event["value"] == Decimal(1)
    assert event["properties"] == {"revenue": "2", "total": "3", "amount": "4"}
