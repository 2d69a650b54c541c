"""What each path answers, against real Redis."""

from __future__ import annotations

import gzip
import json
import math
import re
from datetime import UTC, datetime, timedelta

import pytest

from schemas import redis_keys
from schemas.recommendations import Reason, Source
from serving.reporting import Reporter
from tests.contract.serving.conftest import Make
from tests.support.serving import Service, Shelf, eventually, ids


def test_explaining_tells_reasons_in_words_and_the_events_behind_them(service: Service) -> None:
    (item,) = service.recommend("ann", n=1, explain=True)["items"]
    assert item == {
        "item_id": "p1",
        "score": 1.0,
        "reason": "similar_to_bought",
        "title": "Product 1",
        "words": "Similar to Product 9, which you bought",
        "because": [
            {
                "item_id": "p9",
                "title": "Product 9",
                "events": [{"event_type": "view_item", "event_time": "1970-01-01T00:00:02.000Z"}],
            }
        ],
    }


def test_a_batch_answers_in_the_order_of_its_requests(service: Service) -> None:
    body = {"requests": [{"user_id": "eve", "n": 1}, {"user_id": "ann", "n": 2}, {"user_id": "ben", "n": 1}]}
    answers = service.post("/v1/recommend:batch", body)["answers"]
    assert [ids(answer) for answer in answers] == [["p5"], ["p1", "p2"], ["p11"]]
    assert len({answer["recommendation_id"] for answer in answers}) == 3


def test_a_session_gets_what_is_similar_to_its_last_items(service: Service) -> None:
    seen = [{"item_id": "p8", "event_type": "add_to_cart"}, {"item_id": "p9"}]
    answer = service.post("/v1/session/recommend", {"items": seen, "n": 2, "explain": True})
    assert (answer["source"], ids(answer)) == ("session", ["p11", "p13"])
    assert answer["items"][0]["words"] == "Similar to Product 8 and Product 9 in your cart"
    assert service.post("/v1/session/recommend", {"items": []})["source"] == "trending"


def test_items_have_similar_ones_and_ones_bought_together(service: Service, stocked: Shelf) -> None:
    answer = service.get("/v1/items/p9/similar", n=5)
    assert (answer["source"], answer["model_version"]) == ("similar", "m1")
    assert ids(answer) == ["p10", "p11", "p12", "p21", "p23"]  # filled from the category of p9, which is Cups
    together = service.get("/v1/items/p9/bought-together", n=2)
    assert (together["source"], ids(together)) == ("category_popular", ["p21", "p23"])


def test_lists_of_the_whole_shop_and_of_a_category(service: Service) -> None:
    assert ids(service.get("/v1/popular", n=3)) == ["p6", "p7", "p0"]
    assert ids(service.get("/v1/trending", n=3)) == ["p5", "p6", "p7"]
    assert ids(service.get("/v1/newest", n=2)) == ["p39", "p38"]
    assert ids(service.get("/v1/popular", n=3, category="Cups")) == ["p21", "p23", "p9"]
    assert ids(service.get("/v1/newest", n=2, category="Tea > Green", offset=1)) == ["p36", "p34"]


def test_what_is_popular_within_a_window_comes_first_and_longer_windows_are_named(
    service: Service, stocked: Shelf
) -> None:
    stocked.put(redis_keys.popular("1d"), Source.POPULAR, ["p18"], Reason.POPULAR)
    stocked.put(redis_keys.popular("7d"), Source.POPULAR, ["p17", "p18"], Reason.POPULAR)
    for window, n, items, source, filled_from in (
        ("7d", 1, ["p17"], "popular_7d", None),
        ("7d", 3, ["p17", "p18", "p6"], "popular_7d", ["popular"]),
        ("1d", 3, ["p18", "p17", "p6"], "popular_1d", ["popular_7d", "popular"]),
        ("30d", 2, ["p6", "p7"], "popular", None),
        ("", 2, ["p6", "p7"], "popular", None),
    ):
        answer = service.get("/v1/popular", n=n, window=window)
        assert (ids(answer), answer["source"], answer.get("filled_from")) == (items, source, filled_from)


def test_a_window_holds_within_a_category(service: Service, stocked: Shelf) -> None:
    within = redis_keys.category_popular_within("Cups", "1d")
    stocked.put(within, Source.CATEGORY_POPULAR, ["p31", "gone"], Reason.POPULAR)
    stocked.put(redis_keys.popular("1d"), Source.POPULAR, ["p18", "p33"], Reason.POPULAR)
    stocked.put(redis_keys.popular("7d"), Source.POPULAR, ["p17", "p18"], Reason.POPULAR)
    answer = service.get("/v1/popular", n=3, window="1d", category="Cups")
    assert ids(answer) == ["p31", "p33", "p17"]
    assert answer["source"] == "category_popular_1d"
    assert answer["filled_from"] == ["popular_1d", "popular_7d"]
    assert ids(service.get("/v1/popular", n=3, category="Cups")) == ["p21", "p23", "p9"]


def test_given_products_are_put_in_the_users_order(service: Service) -> None:
    body = {"user_id": "ann", "items": ["p39", "unheard-of", "gone", "p10", "p4", "p1", "p1"]}
    answer = service.post("/v1/rank", body)
    assert ids(answer) == ["p1", "p4", "p10", "p39", "unheard-of"]
    assert [item["reason"] for item in answer["items"]][-1] is None


def test_a_history_comes_with_the_newest_first(service: Service) -> None:
    assert service.get("/v1/users/ben/history") == {
        "user_id": "ben",
        "events": [
            {"item_id": "p9", "event_type": "view_item", "event_time": "1970-01-01T00:00:02.000Z"},
            {"item_id": "p8", "event_type": "purchase", "event_time": "1970-01-01T00:00:01.000Z"},
        ],
    }
    assert service.get("/v1/users/nobody/history")["events"] == []


def test_a_user_is_forgotten_in_each_live_version(service: Service, stocked: Shelf) -> None:
    stocked.redis.sadd(redis_keys.LIVE_MODELS, "m2")
    for version in ("m1", "m2"):
        stocked.personal("zoe", ["p1"], version=version)
    stocked.history("zoe", ("view_item", "p1", 1))
    assert service.recommend("zoe", n=1)["source"] == "personal"
    assert service.http.delete("/v1/users/zoe").status_code == 204
    assert stocked.redis.keys("*zoe*") == []
    assert service.recommend("zoe", n=1)["source"] == "trending"


def test_what_a_user_did_before_signing_in_is_in_the_history_and_is_not_recommended(
    service: Service, stocked: Shelf
) -> None:
    stocked.history("zoe", ("view_item", "p7", 5))
    stocked.anonymous("anon-1", ("add_to_cart", "p1", 2), ("view_item", "p7", 9), ("view_item", "p9", 30))
    stocked.identity("anon-1", (10, "zoe"), (20, ""))
    events = service.get("/v1/users/zoe/history?n=2")["events"]
    assert [(each["item_id"], each["event_time"][-5:]) for each in events] == [("p7", ".009Z"), ("p1", ".002Z")]
    of_visitor = service.get("/v1/users/anon-1/history")["events"]
    assert [each["item_id"] for each in of_visitor] == ["p9", "p7", "p1"]
    stocked.personal("zoe", ["p1", "p3"])
    assert ids(service.recommend("zoe", n=1, category="Cups")) == ["p3"]  # p1 is in the cart
    stocked.redis.delete(redis_keys.personalized("m1", "zoe"))


def test_a_user_is_forgotten_with_what_visitors_did_that_is_the_users(service: Service, stocked: Shelf) -> None:
    stocked.anonymous("anon-2", ("view_item", "p1", 2), ("view_item", "p2", 30), ("view_item", "p3", 50))
    stocked.identity("anon-2", (10, "zoe"), (20, ""), (50, "kim"))
    for each in ("zoe", "anon-2"):
        stocked.personal(each, ["p1"])
    assert service.http.delete("/v1/users/zoe").status_code == 204
    assert [each["item_id"] for each in service.get("/v1/users/anon-2/history")["events"]] == ["p3", "p2"]
    assert [each["item_id"] for each in service.get("/v1/users/kim/history")["events"]] == ["p3", "p2"]
    held = [key for key in stocked.redis.keys("*") if stocked.redis.type(key) == b"zset"]
    assert not [key for key in held if any(b"zoe" in member for member in stocked.redis.zrange(key, 0, -1))]
    assert stocked.redis.keys("*zoe*") == stocked.redis.keys("rec:*:user:anon-2:*") == []


def test_a_scenario_may_leave_out_what_was_bought(make: Make, tmp_path_factory: pytest.TempPathFactory) -> None:
    rules = tmp_path_factory.mktemp("rules") / "rules.toml"
    rules.write_text("[scenarios.discover]\nexclude_bought = true\n")
    service = make(serving_rules_file=str(rules))
    assert "p2" in ids(service.recommend("ann", n=3))
    assert ids(service.recommend("ann", n=3, scenario="discover")) == ["p1", "p3", "p4"]


def test_health_metrics_and_description_are_there(service: Service) -> None:
    assert service.get("/health/live") == {"status": "live"}
    assert service.get("/health/ready")["status"] == "ready"
    before = service.metric('answers_total{source="personal"}')
    service.recommend("ann", n=1)
    assert service.metric('answers_total{source="personal"}') == before + 1
    assert service.get("/openapi.json")["info"]["title"] == "shopstream recommendations"
    assert "swagger" in service.http.get("/docs").text


def test_an_old_model_is_a_metric_and_a_warning_but_no_failure(service: Service, stocked: Shelf) -> None:
    made_at = datetime.now(UTC) - timedelta(days=9)
    stocked.model_made("m1", made_at)
    try:
        eventually(lambda: service.metric("active_model_age_seconds") >= 9 * 86_400)
        assert service.metric("active_model_age_seconds") < 9 * 86_400 + 60
        ready = service.http.get("/health/ready")
        assert (ready.status_code, ready.json()["status"]) == (200, "ready")
        assert len(age_warnings(service)) == 1
        stocked.redis.set(redis_keys.published("m1"), 1)  # as an earlier release marked it
        eventually(lambda: math.isnan(service.metric("active_model_age_seconds")))
        assert service.get("/health/ready")["status"] == "ready"
        assert age_warnings(service) == []
    finally:
        stocked.model_made("m1", datetime.now(UTC))


def age_warnings(service: Service) -> list[str]:
    """What readiness says of the age of the model; other tests of this service rank by a model that is in no store."""
    warnings = service.get("/health/ready").get("warnings", [])
    return [warning for warning in warnings if "The model m1 was made 9 days ago" in warning]


def test_a_list_of_an_earlier_release_is_served(service: Service, stocked: Shelf) -> None:
    stocked.personal("old", ["p1", "p2", "p3"])
    key = redis_keys.personalized("m1", "old")
    value = stocked.redis.get(key)
    assert isinstance(value, bytes)
    stocked.redis.set(key, value.replace(b',"history_until":"2026-11-20T09:00:00.000Z"', b""))
    answer = service.recommend("old", n=2)
    assert (ids(answer), answer["history_until"]) == (["p1", "p2"], "2026-11-21T10:00:00.000Z")


def test_head_is_answered_wherever_get_is(service: Service) -> None:
    ids_in_paths = {"{user_id}": "ann", "{item_id}": "p9"}
    paths = [path for path, operations in service.get("/openapi.json")["paths"].items() if "get" in operations]
    assert len(paths) == 10
    for path in (*paths, "/openapi.json", "/docs", "/v1/nowhere"):
        for name, value in ids_in_paths.items():
            path = path.replace(name, value)
        get, head = service.http.get(path), service.http.head(path)
        assert (head.status_code, head.headers["Content-Type"]) == (get.status_code, get.headers["Content-Type"]), path
        assert (head.content, int(head.headers["Content-Length"]) > 0) == (b"", True), path


def test_what_head_asks_for_is_not_reported_as_shown(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    reported: list[str] = []
    monkeypatch.setattr(Reporter, "report", lambda _self, user_id, _scenario, _answer: reported.append(user_id))
    service = make(serving_reports_shown=True)
    for path in ("/v1/recommend/ann", "/v1/recommend/ann?explain=true"):
        assert service.http.head(path).status_code == 200
        assert service.http.get(path).status_code == 200
    assert reported == ["ann", "ann"]


def test_the_page_of_the_description_needs_no_other_host(service: Service) -> None:
    page = service.http.get("/docs").text
    needed = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert any(path.endswith("swagger-ui-bundle.js") for path in needed)
    for path in needed:
        assert path.startswith("/")
        assert service.http.get(path).status_code == 200


def test_a_request_id_is_taken_over_or_made(service: Service) -> None:
    taken_over = service.http.get("/v1/recommend/ann", headers={"X-Request-ID": "abc-123"})
    made = service.http.get("/v1/recommend/ann?offset=1", headers={"X-Request-ID": "not one; of those"})
    assert taken_over.headers["x-request-id"] == "abc-123"
    assert re.fullmatch(r"[0-9a-f]{16}-[0-9a-f]+", made.headers["x-request-id"])


def test_a_body_may_be_compressed(service: Service) -> None:
    body = gzip.compress(json.dumps({"user_id": "ann", "n": 1}).encode())
    headers = {"Content-Encoding": "gzip", "Content-Type": "application/json"}
    assert ids(service.http.post("/v1/recommend", content=body, headers=headers).json()) == ["p1"]
