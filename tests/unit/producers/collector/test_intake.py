"""Requests as clients send them, broken ones among them: each event is judged alone."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.mapping import NOW_MS

MakeFront = Callable[..., Any]

GOOD = '{"messageId":"good","type":"page","userId":"u"}'
SEARCH = '{"messageId":"b","type":"track","userId":"u","event":"Products Searched","properties":{"query":"party %s"}}'


def searching(written: str) -> str:
    return '{"batch":[' + GOOD + "," + SEARCH % written + "]}"


@pytest.mark.parametrize(
    ("written", "query"),
    [
        (r"\ud83c", "party \ufffd"),
        (r"\uDF89!", "party \ufffd!"),
        (r"\ud83c\ud83c\udf89", "party \ufffd\U0001f389"),
        (r"\\ud83c\ud83c", "party \\ud83c\ufffd"),
        (r"\ud83c\u0041", "party \ufffdA"),
    ],
)
def test_half_a_character_is_replaced_and_costs_no_other_event(front: Any, written: str, query: str) -> None:
    answer = front.post("/v1/batch", searching(written))
    assert (answer.status_code, answer.json()) == (202, {"accepted": ["good", "b"], "violations": []})
    assert [event["search_query"] for event in front.kafka.events] == [None, query]


def test_bytes_that_are_no_utf8_are_replaced(front: Any) -> None:
    content = searching("\\ud83c").encode().replace(b"\\ud83c", b"caf\xe9")
    assert front.post("/v1/batch", b"\xef\xbb\xbf" + content).json()["accepted"] == ["good", "b"]
    assert front.kafka.events[1]["search_query"] == "party caf\ufffd"


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e400", "-1e400", "1" + "0" * 5000])
@pytest.mark.parametrize("field", ["product_id", "colour"])
def test_a_number_that_is_none_is_a_violation_of_its_event_alone(front: Any, number: str, field: str) -> None:
    bad = '{"messageId":"bad","event":"view_item","userId":"u","properties":{"product_id":"p","%s":%s}}'
    answer = front.post("/v1/batch", '{"batch":[' + bad % (field, number) + "," + GOOD + "]}")
    assert answer.status_code == 207
    assert answer.json() == {
        "accepted": ["good"],
        "violations": [
            {
                "index": 0,
                "event_id": "bad",
                "field": field,
                "kind": "invalid_value",
                "message": f"{number[:64]} is no number that can be kept",
            }
        ],
    }


def test_such_a_number_within_a_value_that_is_kept_is_one_too(front: Any) -> None:
    body = '{"messageId":"m","type":"identify","userId":"u","traits":{"scores":[1,NaN]}}'
    (violation,) = front.post("/v1/track", body).json()["violations"]
    assert (violation["field"], violation["message"]) == ("traits.scores", "NaN is no number that can be kept")


def test_large_whole_numbers_are_read_alike_whether_or_not_the_body_is_repaired(front: Any) -> None:
    for half in ("", "\\ud83c"):
        properties = f'{{"a":18446744073709551615,"b":18446744073709551616,"c":-9223372036854775808,"d":"{half}"}}'
        front.post("/v1/page", f'{{"userId":"u","properties":{properties}}}')
    first, second = (event["properties"] for event in front.kafka.events)
    assert [first[name] for name in "abc"] == ["18446744073709551615", "1.8446744073709552e+19", "-9223372036854775808"]
    assert second == {**first, "d": "\ufffd"}


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe", b"[" * 100_000, b'{"a":' * 5000 + b"1" + b"}" * 5000])
def test_what_is_no_json_at_all_is_refused(front: Any, body: bytes) -> None:
    answer = front.post("/v1/track", body)
    assert (answer.status_code, answer.json()["type"]) == (400, "urn:shopstream:problem:malformed-body")


# Every character, halves of pairs among them, as JSON.stringify and json.dumps write them; numbers that are none.
WRITTEN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.floats()
    | st.text(st.characters(codec=None, categories=("L", "N", "Cs", "P")), max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.dictionaries(
        st.sampled_from(
            [*("userId", "type", "event", "properties", "context", "timestamp", "messageId", "traits", "sentAt")]
        ),
        WRITTEN,
        max_size=6,
    )
)
def test_whatever_one_event_holds_the_others_of_its_batch_are_taken(front: Any, event: dict[str, Any]) -> None:
    answer = front.post("/v1/batch", json.dumps({"batch": [event, json.loads(GOOD)]}))
    assert answer.status_code in (202, 207)
    assert answer.json()["accepted"][-1] == "good"


@pytest.mark.parametrize(
    "envelope",
    [
        {"sentAt": "2026-11-27T07:00:00.000:Z"},
        {"sentAt": 5},
        {"sentAt": ["now"]},
        {"sentAt": False},
        {"sentAt": "9999-99-99T00:00:00Z"},
        {"context": "web"},
        {"context": [{"library": {"name": "x"}}]},
        {"writeKey": 5, "integrations": 7},
    ],
)
def test_an_envelope_that_cannot_be_read_costs_no_event(front: Any, envelope: dict[str, Any]) -> None:
    event = {**json.loads(GOOD), "timestamp": "2025-12-31T23:00:00Z"}
    for body in ({**envelope, "batch": [event]}, {**envelope, "events": [event]}):
        answer = front.post("/v1/batch", json.dumps(body))
        assert (answer.status_code, answer.json()["accepted"]) == (202, ["good"])
    assert [(e["event_time"], e["source"]) for e in front.kafka.events] == [(NOW_MS - 3_600_000, "api")] * 2


@pytest.mark.parametrize(
    "shared",
    [{"client_id": {}}, {"user_id": True}, {"timestamp_micros": "soon"}, {"timestamp_micros": [1]}, {"user_id": 1.5}],
)
def test_what_googles_body_shares_unreadably_costs_no_event(front: Any, shared: dict[str, Any]) -> None:
    body = {
        **shared,
        "events": [{"name": "login", "user_id": "u", "client_id": None}, {"name": "login", "userId": "v"}],
    }
    assert front.post("/v1/batch", json.dumps(body)).status_code == 202
    assert [event["user_id"] for event in front.kafka.events] == ["u", "v"]
    assert {event["event_time"] for event in front.kafka.events} == {NOW_MS}


def test_what_googles_body_shares_fills_in_what_an_event_leaves_empty(front: Any) -> None:
    micros = (NOW_MS - 60_000) * 1000
    body = {
        "client_id": "c",
        "timestamp_micros": micros,
        "events": [{"name": "login", "client_id": None}, {"name": "login", "client_id": "d", "timestamp_micros": ""}],
    }
    assert front.post("/v1/batch", json.dumps(body)).status_code == 202
    assert [event["user_id"] for event in front.kafka.events] == ["c", "d"]
    assert {event["event_time"] for event in front.kafka.events} == {NOW_MS - 60_000}


def test_an_events_context_is_merged_into_that_of_its_batch(front: Any) -> None:
    shared = {
        "library": {"name": "analytics.js", "version": "5"},
        "campaign": {"medium": "email", "name": "spring"},
        "page": {"url": "https://s/landing", "referrer": "https://r/"},
        "locale": "de-DE",
    }
    own: list[Any] = [
        None,
        {"page": {"url": "https://s/2", "referrer": None}, "locale": None},
        {"campaign": {"medium": "cpc"}, "library": {"name": "app"}, "locale": "pt-PT"},
        {"page": "https://s/3"},
    ]
    batch = [{"type": "page", "userId": "u", "context": context} for context in own]
    assert front.post("/v1/batch", json.dumps({"context": shared, "batch": batch})).status_code == 202
    fields = ("source", "channel", "page_url", "referrer", "language")
    assert [tuple(event[field] for field in fields) for event in front.kafka.events] == [
        ("analytics.js", "email", "https://s/landing", "https://r/", "de-DE"),
        ("analytics.js", "email", "https://s/2", "https://r/", "de-DE"),
        ("app", "paid", "https://s/landing", "https://r/", "pt-PT"),
        ("analytics.js", "email", None, None, "de-DE"),
    ]


def test_what_was_left_out_of_an_accepted_event_is_said_beside_it(front: Any) -> None:
    bad = {"messageId": "b", "event": "view_item", "userId": "u", "properties": {"product_id": "p", "rating": 4.5}}
    answer = front.post("/v1/batch", json.dumps({"batch": [json.loads(GOOD), bad]}))
    message = "4.5 is not a whole number"
    assert (answer.status_code, answer.json()) == (
        202,
        {
            "accepted": ["good", "b"],
            "violations": [],
            "warnings": [{"index": 1, "event_id": "b", "field": "rating", "kind": "invalid_value", "message": message}],
        },
    )
    assert b"shop_collector_fields_left_out_total 1.0" in front.metrics.page()


def order(lines: int) -> dict[str, Any]:
    products = [{"product_id": f"{n:06}", "name": "x" * 30, "quantity": 1, "price": 1.25} for n in range(lines)]
    properties = {"order_id": "o", "currency": "GBP", "value": 1.25 * lines, "products": products}
    return {"messageId": "o", "userId": "u", "event": "Order Completed", "properties": properties}


def test_the_longest_invoice_of_the_bundled_data_set_is_taken(front: Any) -> None:
    assert front.post("/v1/batch", json.dumps({"batch": [order(1114)]})).status_code == 202
    assert len(front.kafka.events[0]["items"]) == 1114


def test_what_is_too_large_names_its_setting(make_front: MakeFront) -> None:
    small = make_front(collector_event_bytes=1000, collector_batch_events=2)
    (violation,) = small.post("/v1/batch", json.dumps({"batch": [order(100)]})).json()["violations"]
    assert violation["message"] == "an event has 1000 bytes at the most (SHOP_COLLECTOR_EVENT_BYTES)"
    answer = small.post("/v1/batch", json.dumps({"batch": [json.loads(GOOD)] * 3}))
    assert (answer.status_code, "SHOP_COLLECTOR_BATCH_EVENTS" in answer.json()["detail"]) == (413, True)


@pytest.mark.parametrize("media", ["application/x-www-form-urlencoded", "application/octet-stream"])
def test_a_gzip_body_is_read_whatever_a_library_calls_it(front: Any, media: str) -> None:
    content = gzip.compress(GOOD.encode())
    assert front.post("/v1/track", content, content_type=media, content_encoding="gzip").status_code == 202
    assert front.post("/v1/track", GOOD, content_type=media).status_code == 415


@pytest.mark.parametrize("documented", [(1250, 0.008), (1, 10.0)])
def test_the_documented_ways_to_send_a_decimal_quantity_come_to_the_same_money(
    front: Any, documented: tuple[int, float]
) -> None:
    quantity, price = documented
    products = [{"product_id": "p", "quantity": quantity, "price": price}]
    properties = {"order_id": "o", "currency": "EUR", "value": 10, "discount": 2.5, "products": products}
    body = {"userId": "u", "event": "Order Completed", "properties": properties}
    assert front.post("/v1/track", json.dumps(body)).status_code == 202
    (line,) = front.kafka.events[0]["items"]
    assert line["quantity"] * line["price"] == Decimal(10)
