"""What the collector answers: real process, real HTTP, whatever the body."""

from __future__ import annotations

import gzip
import json
from typing import Any

import httpx
import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

PATHS = ["track", "t", "page", "p", "screen", "s", "identify", "i", "alias", "a", "group", "g", "batch", "b", "import"]
FEW = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
EVENT = {"event": "page_view", "userId": "u"}

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**40), 10**40)
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(["page_view", "Product Added", "Order Completed", "2026-01-01", "u", "p-1"]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.text(max_size=5)
            | st.sampled_from(
                [
                    *(
                        "batch",
                        "events",
                        "event",
                        "type",
                        "userId",
                        "messageId",
                        "properties",
                        "params",
                        "items",
                        "context",
                    ),
                    *("sentAt", "timestamp", "traits", "writeKey", "name", "page", "price", "product_id", "client_id"),
                ]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=20,
)


def assert_refused_or_taken(answer: httpx.Response) -> None:
    body = answer.json()
    if answer.headers["content-type"] == "application/problem+json":
        assert answer.status_code in (400, 413, 415)
        assert (body["status"], set(body)) == (answer.status_code, {"type", "title", "status", "detail"})
        return
    expected = 202 if not body["violations"] else 207 if body["accepted"] else 422
    assert answer.status_code == expected


@FEW
@given(path=st.sampled_from(PATHS), body=JSON)
def test_any_json_is_refused_or_taken(collector: Any, path: str, body: Any) -> None:
    assert_refused_or_taken(collector.http.post(f"/v1/{path}", content=json.dumps(body).encode()))


@FEW
@given(
    body=st.binary(max_size=300),
    encoding=st.sampled_from(["gzip", "identity", "br", "deflate, gzip", ""]),
    media=st.sampled_from(["application/json", "text/plain;charset=UTF-8", "image/png", "\x00", ""]),
)
def test_any_bytes_are_refused_or_taken(collector: Any, body: bytes, encoding: str, media: str) -> None:
    headers = [(b"content-encoding", encoding.encode()), (b"content-type", media.encode())]
    if "\x00" in media:
        headers.pop()
    assert_refused_or_taken(collector.http.post("/v1/track", content=body, headers=headers))


@FEW
@given(body=JSON, cut=st.integers(0, 40), flip=st.integers(0, 40))
def test_broken_gzip_is_refused(collector: Any, body: Any, cut: int, flip: int) -> None:
    packed = bytearray(gzip.compress(json.dumps({"batch": [body]}).encode()))
    packed[min(flip, len(packed) - 1)] ^= 0x5A
    content = bytes(packed[: len(packed) - cut])
    assert_refused_or_taken(collector.http.post("/v1/batch", content=content, headers={"content-encoding": "gzip"}))


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 100_000,
        b'{"a":' * 5_000 + b"1" + b"}" * 5_000,
        b"\xff\xfe",
        b"",
        b"{",
        b'{"batch":5}',
        b'{"events":{}}',
    ],
)
def test_a_body_that_cannot_be_read_is_a_problem(collector: Any, body: bytes) -> None:
    answer = collector.http.post("/v1/track", content=body)
    assert (answer.status_code, answer.json()["type"]) == (400, "urn:shopstream:problem:malformed-body")


def test_an_event_that_only_a_lenient_reader_reads_costs_no_other(collector: Any) -> None:
    broken = b'{"messageId":"b","event":"page_view","userId":"\\ud800","properties":{"value":NaN}}'
    answer = collector.http.post("/v1/batch", content=b'{"batch":[{"event":"page_view","userId":"u"},' + broken + b"]}")
    assert (answer.status_code, [each["index"] for each in answer.json()["violations"]]) == (207, [1])


def test_deep_nesting_within_the_parsers_limit_is_named(collector: Any) -> None:
    body = b'{"event":"page_view","userId":"u","properties":{"x":' + b"[" * 900 + b"]" * 900 + b"}}"
    answer = collector.http.post("/v1/track", content=body)
    assert answer.status_code == 202
    assert [(each["field"], each["kind"]) for each in answer.json()["warnings"]] == [("x", "invalid_value")]


@pytest.mark.parametrize("value", ["1e999", "1" + "0" * 400, "-1e308", "123456789012345678901234567890"])
def test_a_huge_number_is_refused(collector: Any, value: str) -> None:
    properties = f'{{"order_id":"o","currency":"EUR","value":{value},"results":{value}}}'
    body = f'{{"event":"refund","userId":"u","properties":{properties}}}'
    assert collector.http.post("/v1/track", content=body.encode()).status_code == 422


def test_each_event_of_a_batch_gets_its_answer(collector: Any) -> None:
    batch = [
        {"messageId": "good", **EVENT},
        {"messageId": "bad", "event": "Product Viewed", "userId": "u", "properties": {"price": "x"}},
        {"messageId": "ugly", "event": "Button Pressed", "userId": "u"},
    ]
    answer = collector.http.post("/v1/batch", json={"batch": batch})
    assert answer.status_code == 207
    assert answer.json() == {
        "accepted": ["good"],
        "violations": [
            {
                "index": 1,
                "event_id": "bad",
                "field": "price",
                "kind": "type_mismatch",
                "message": "is the text 'x', not a number",
            },
            {
                "index": 1,
                "event_id": "bad",
                "field": "product_id",
                "kind": "required_missing",
                "message": "view_item requires it",
            },
            {
                "index": 2,
                "event_id": "ugly",
                "field": "event_type",
                "kind": "unknown_event",
                "message": "'Button Pressed' is neither a type nor an alias of one",
            },
        ],
    }
    assert collector.http.post("/v1/batch", json={"batch": batch[1:]}).status_code == 422


def test_an_event_without_an_id_is_given_one(collector: Any) -> None:
    accepted = collector.http.post("/v1/track", json=EVENT).json()["accepted"]
    assert [len(event_id) for event_id in accepted] == [36]


def test_googles_body_shares_its_client_among_its_events(collector: Any, arrivals: Any) -> None:
    body = {
        "client_id": "c-9",
        "events": [{"name": "page_view", "params": {"page_location": "https://s/1"}}, {"name": "login", "params": {}}],
    }
    answer = collector.http.post("/v1/batch", json=body)
    assert answer.status_code == 202
    by_id = {record.event["event_id"]: record.event for record in arrivals.read()}
    events = [by_id[event_id] for event_id in answer.json()["accepted"]]
    assert [(e["event_type"], e["user_id"], e["page_url"]) for e in events] == [
        ("page_view", "c-9", "https://s/1"),
        ("user_login", "c-9", None),
    ]


def test_an_event_and_a_request_have_a_size(make: Any) -> None:
    small = make(collector_event_bytes=1000, collector_request_bytes=5000, collector_batch_events=3)
    large = {"messageId": "large", **EVENT, "properties": {"x": "y" * 1000}}
    answer = small.http.post("/v1/batch", json={"batch": [EVENT, large]})
    assert answer.status_code == 207
    assert [(v["event_id"], v["kind"]) for v in answer.json()["violations"]] == [("large", "too_large")]
    assert small.http.post("/v1/batch", json={"batch": [EVENT] * 4}).status_code == 413
    assert small.http.post("/v1/track", content=b" " * 5001).status_code == 413
    assert small.http.post("/v1/track", content=iter([b" " * 3000] * 2)).status_code == 413
    bomb = gzip.compress(b" " * 10_000_000)
    assert small.http.post("/v1/track", content=bomb[:4000], headers={"content-encoding": "gzip"}).status_code == 413


def test_only_who_has_a_key_may_send(make: Any) -> None:
    closed = make(collector_write_keys="one,two")
    for given_key in (
        {"auth": ("two", "")},
        {"headers": {"Authorization": "Bearer one"}},
        {"headers": {"X-API-Key": "one"}},
    ):
        assert closed.http.post("/v1/track", json=EVENT, **given_key).status_code == 202
    assert closed.http.post("/v1/track", json={**EVENT, "writeKey": "two"}).status_code == 202
    for refused in ({}, {"auth": ("three", "")}, {"headers": {"X-API-Key": "tw"}}):
        answer = closed.http.post("/v1/track", json=EVENT, **refused)
        assert (answer.status_code, answer.json()["status"]) == (401, 401)
        assert answer.headers["www-authenticate"].startswith("Basic")


def test_a_key_that_sends_too_much_is_told_when_to_come_back(make: Any) -> None:
    slow = make(collector_rate_events_per_second=0.01, collector_burst_events=2)
    assert slow.http.post("/v1/batch", json={"batch": [EVENT] * 2}).status_code == 202
    answer = slow.http.post("/v1/track", json=EVENT)
    assert (answer.status_code, answer.json()["type"]) == (429, "urn:shopstream:problem:rate-limited")
    assert int(answer.headers["retry-after"]) >= 99


def test_pages_of_allowed_origins_may_send(make: Any) -> None:
    shared = make(collector_allowed_origins="https://shop.example, https://m.shop.example")
    preflight = {"Origin": "https://m.shop.example", "Access-Control-Request-Method": "POST"}
    answer = shared.http.options("/v1/batch", headers=preflight)
    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (200, "https://m.shop.example")
    answer = shared.http.post("/v1/track", json=EVENT, headers={"Origin": "https://shop.example"})
    assert answer.headers["access-control-allow-origin"] == "https://shop.example"
    answer = shared.http.post("/v1/track", json=EVENT, headers={"Origin": "https://other.example"})
    assert "access-control-allow-origin" not in answer.headers


def test_a_request_fills_in_device_country_and_session(make: Any, arrivals: Any) -> None:
    behind = make(collector_country_header="CF-IPCountry")
    phone = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148"
    for country in ("pt", "XX", "nonsense"):
        headers = {"User-Agent": phone, "CF-IPCountry": country}
        assert behind.http.post("/v1/page", json={"anonymousId": "a-77"}, headers=headers).status_code == 202
    events = [record.event for record in arrivals.read() if record.key == "a-77"]
    assert [(e["device"], e["country"]) for e in events] == [("mobile", "PT"), ("mobile", None), ("mobile", None)]
    assert len({e["session_id"] for e in events}) == 1


def test_errors_beside_the_events_are_problems_too(collector: Any) -> None:
    assert collector.http.get("/nowhere").json()["type"] == "urn:shopstream:problem:not-found"
    answer = collector.http.get("/v1/track")
    assert (answer.status_code, answer.json()["type"]) == (405, "urn:shopstream:problem:method-not-allowed")


def test_it_tells_how_it_is(collector: Any) -> None:
    assert collector.http.get("/health/live").json() == {"status": "live"}
    assert collector.http.get("/health/ready").json() == {"status": "ready"}
    before = collector.metric("events_accepted_total")
    assert collector.http.post("/v1/batch", json={"batch": [EVENT] * 3}).status_code == 202
    assert collector.metric("events_accepted_total") == before + 3
    assert collector.metric("waiting_records") == 0
    assert collector.metric("held_bytes") == 0


def test_every_path_is_described(collector: Any) -> None:
    paths = orjson.loads(collector.http.get("/openapi.json").content)["paths"]
    assert {f"/v1/{path}" for path in PATHS} | {"/health/live", "/health/ready", "/metrics", "/tracker.js"} == set(
        paths
    )
    assert set(paths["/v1/batch"]["post"]["responses"]) >= {
        "202",
        "207",
        "422",
        "400",
        "401",
        "413",
        "415",
        "429",
        "503",
    }


@pytest.mark.parametrize("path", ["/health/live", "/health/ready", "/metrics", "/tracker.js", "/openapi.json"])
def test_head_is_answered_where_get_is(collector: Any, path: str) -> None:
    answer = collector.http.head(path)
    assert (answer.status_code, answer.content) == (200, b"")


def test_the_tracker_is_served_to_be_kept(collector: Any) -> None:
    answer = collector.http.get("/tracker.js")
    assert answer.headers["content-type"].startswith("text/javascript")
    assert answer.headers["cache-control"] == "public, max-age=3600"
    again = collector.http.get("/tracker.js", headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
