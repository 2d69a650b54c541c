"""Each error, as problem details (RFC 9457)."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from schemas import redis_keys
from schemas.validation import MAX_ID_LENGTH
from tests.contract.serving.conftest import Make
from tests.support.serving import RedisProcess, Service, Shelf, eventually, service_of


def problem(answer: httpx.Response) -> tuple[int, str]:
    body = answer.json()
    assert answer.headers["content-type"] == "application/problem+json"
    assert body.keys() == {"type", "title", "status", "detail"}
    assert body["status"] == answer.status_code
    assert "Traceback" not in body["detail"]
    assert body["title"]
    return answer.status_code, body["type"].removeprefix("urn:shopstream:problem:")


@pytest.mark.parametrize(
    "query",
    [
        "n=0",
        "n=101",
        "n=ten",
        "n=",
        "n=1&n=x",
        "offset=-1",
        "offset=501",
        "explain=perhaps",
        f"category={'c' * 201}",
        f"exclude={'e' * 4001}",
    ],
)
def test_a_parameter_out_of_bounds_is_refused(service: Service, query: str) -> None:
    assert problem(service.http.get(f"/v1/recommend/ann?{query}")) == (422, "invalid-request")


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("recommend", {}),
        ("recommend", {"user_id": ""}),
        ("recommend", {"user_id": "ann", "n": 1000}),
        ("recommend", {"user_id": "ann", "unheard_of": 1}),
        ("recommend", {"user_id": "ann", "boosts": [{"factor": 0}]}),
        ("recommend", {"user_id": "ann", "exclude": "p1"}),
        ("recommend", []),
        ("recommend:batch", {"requests": []}),
        ("recommend:batch", {"requests": [{"user_id": "ann"}] * 101}),
        ("session/recommend", {"items": [{"item_id": "p1", "event_type": "page_view"}]}),
        ("rank", {"user_id": "ann", "items": []}),
        ("rank", {"user_id": "ann", "items": ["p"] * 501}),
    ],
)
def test_a_body_out_of_bounds_is_refused(service: Service, path: str, body: Any) -> None:
    assert problem(service.http.post(f"/v1/{path}", json=body)) == (422, "invalid-request")


def test_a_body_that_cannot_be_read_is_refused(service: Service) -> None:
    json_type = {"Content-Type": "application/json"}
    post = service.http.post
    assert problem(post("/v1/recommend", content=b"{", headers=json_type)) == (422, "invalid-request")
    assert problem(post("/v1/recommend", content=b"{}", headers={"Content-Type": "text/csv"})) == (
        415,
        "unsupported-media-type",
    )
    assert problem(post("/v1/recommend", content=b"x" * 300_000, headers=json_type)) == (413, "too-large")
    assert problem(post("/v1/recommend", content=b"no gzip", headers={**json_type, "Content-Encoding": "gzip"})) == (
        400,
        "malformed-body",
    )


def test_a_path_or_a_method_that_is_not_there_is_refused(service: Service) -> None:
    assert problem(service.http.get("/v1/nothing")) == (404, "not-found")
    refused = service.http.put("/v1/recommend", json={})
    assert problem(refused) == (405, "method-not-allowed")
    assert refused.headers["allow"] == "POST"


def test_a_user_who_is_too_long_is_refused(service: Service) -> None:
    assert problem(service.http.get(f"/v1/recommend/{'u' * (MAX_ID_LENGTH + 1)}")) == (422, "invalid-request")


def test_an_id_that_an_event_may_have_may_be_asked_for(service: Service) -> None:
    longest = "ü" * MAX_ID_LENGTH
    assert service.recommend(longest, n=1)["source"] == "trending"
    assert service.recommend(longest, n=1, offset=1)["source"] == "trending"
    assert service.get(f"/v1/items/{longest}/similar", n=1)["source"] == "trending"
    body = {"user_id": longest, "n": 1, "exclude": [longest], "boosts": [{"items": [longest], "factor": 2}]}
    assert service.post("/v1/recommend", body)["source"] == "trending"
    assert service.http.delete(f"/v1/users/{longest}").status_code == 204


def test_what_only_redis_knows_is_not_invented_when_it_is_away(tmp_path_factory: pytest.TempPathFactory) -> None:
    away = RedisProcess(tmp_path_factory.mktemp("away"))
    with service_of(away.url).running() as service:
        for answer in (service.http.get("/v1/users/ann/history"), service.http.delete("/v1/users/ann")):
            assert problem(answer) == (503, "unavailable")
            assert answer.headers["retry-after"] == "1"
        assert service.recommend("ann")["source"] == "none"
        assert problem(service.http.get("/health/ready")) == (503, "unavailable")
        assert service.get("/health/live") == {"status": "live"}


def test_too_many_requests_are_refused_over_all_processes_together(make: Make) -> None:
    limits = {"serving_rate_per_second": 0.5, "serving_burst": 3, "serving_api_keys": "first,second"}
    one, other = make(**limits), make(**limits)
    first, second = {"X-API-Key": "first"}, {"X-API-Key": "second"}
    answers = [service.http.get("/v1/recommend/ann", headers=first) for service in (one, other, one, other, one)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429, 429]
    assert problem(answers[-1]) == (429, "rate-limited")
    assert 1 <= int(answers[-1].headers["retry-after"]) <= 2
    assert other.http.get("/v1/recommend/ann", headers=second).status_code == 200


@pytest.mark.parametrize(("fails_open", "status"), [(True, 200), (False, 429)])
def test_without_redis_the_limit_fails_as_it_is_set(
    tmp_path_factory: pytest.TempPathFactory, fails_open: bool, status: int
) -> None:
    away = RedisProcess(tmp_path_factory.mktemp("away"))
    limits = {"serving_rate_per_second": 1, "serving_rate_fails_open": fails_open}
    with service_of(away.url, **limits).running() as service:
        assert service.http.get("/v1/recommend/ann").status_code == status


def test_a_background_task_that_fails_is_tried_again_counted_and_reported(service: Service, stocked: Shelf) -> None:
    counted = 'background_failures_total{task="snapshot"}'
    stocked.redis.set(redis_keys.ACTIVE_MODEL, b"\xff")  # no text
    try:
        eventually(lambda: service.http.get("/health/ready").status_code == 503)
        answer = service.http.get("/health/ready")
        assert problem(answer) == (503, "unavailable")
        assert "snapshot (UnicodeDecodeError" in answer.json()["detail"]
        before = service.metric(counted)
        eventually(lambda: service.metric(counted) > before)
        assert service.recommend("ann", n=1)["source"] == "personal"
    finally:
        stocked.activate("m1")
    eventually(lambda: service.http.get("/health/ready").status_code == 200)
    stocked.unavailable("gone", "p1")
    eventually(lambda: service.metric("unavailable_products") == 2)
    stocked.unavailable("gone")
    eventually(lambda: service.metric("unavailable_products") == 1)


def test_a_path_that_names_more_than_a_user_erases_nobody(service: Service, stocked: Shelf) -> None:
    for user in ("kim", "kim/history", "kim/x", "x:user:kim"):
        stocked.history(user, ("view_item", "p1", 1))
        for version in ("m1", "no longer live"):
            stocked.personal(user, ["p1"], version=version)
    kept = set(stocked.redis.keys("*kim*"))
    delete = service.http.delete
    for path in ("kim/history", "kim/x", "kim/", "kim//", "/kim", "kim/x/y", "", "%2Fkim/", "k%69m/x"):
        assert problem(delete(f"/v1/users/{path}")) == (404, "not-found"), path
    assert problem(delete("/v1/users/kim%ff")) == (422, "invalid-request")
    assert delete("/v1/users/kim%2Fnothing").status_code == 204  # of whom nothing is known
    assert set(stocked.redis.keys("*kim*")) == kept
    assert delete("/v1/users/kim%2Fhistory").status_code == 204
    assert stocked.redis.keys("*kim/history*") == []
    assert delete("/v1/users/k%69m").status_code == 204
    assert {user.split(b"kim")[0] for user in stocked.redis.keys("*kim:*")} == {
        b"user:x:user:",
        b"rec:m1:user:x:user:",
        b"rec:no longer live:user:x:user:",
    }
    assert [e["item_id"] for e in service.get("/v1/users/kim%2Fx/history")["events"]] == ["p1"]
    for user in ("kim%2Fx", "x:user:kim"):
        assert delete(f"/v1/users/{user}").status_code == 204
    assert stocked.redis.keys("*kim*") == []


@pytest.mark.parametrize(
    "path",
    [
        "/v1/recommend/ann/x",
        "/v1/recommend/ann/history",
        "/v1/recommend/ann/",
        "/v1/recommend/ann/?n=3",
        "/v1/users/ann/x/history",
        "/v1/users/ann/history/",
        "/v1/items/p1/x/similar",
        "/v1/popular/",
    ],
)
def test_a_path_that_names_more_than_one_is_not_there(service: Service, path: str) -> None:
    assert problem(service.http.get(path)) == (404, "not-found")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/recommend/ann?limit=3"),
        ("GET", "/v1/recommend/ann?n=3&N=3"),
        ("GET", "/v1/recommend/ann?n=3&n=4"),
        ("GET", "/v1/recommend/ann?exclude=p1&exclude=p2"),
        ("GET", "/v1/users/ann/history?limit=3"),
        ("DELETE", "/v1/users/nobody?dry_run=true"),
        ("GET", "/v1/items/p1/similar?window=7d"),
        ("GET", "/v1/items/p1/bought-together?limit=3"),
        ("GET", "/v1/popular?limit=3"),
        ("GET", "/v1/trending?window=7d"),
        ("GET", "/v1/newest?limit=3"),
        ("POST", "/v1/recommend?n=3"),
        ("POST", "/v1/recommend:batch?n=3"),
        ("POST", "/v1/session/recommend?n=3"),
        ("POST", "/v1/rank?n=3"),
    ],
)
def test_a_parameter_that_nobody_knows_or_that_is_given_twice_is_refused(
    service: Service, method: str, path: str
) -> None:
    bodies = {
        "/v1/recommend": {"user_id": "ann"},
        "/v1/recommend:batch": {"requests": [{"user_id": "ann"}]},
        "/v1/session/recommend": {"items": []},
        "/v1/rank": {"user_id": "ann", "items": ["p1"]},
    }
    body = bodies[path.partition("?")[0]] if method == "POST" else None
    assert problem(service.http.request(method, path, json=body)) == (422, "invalid-request")
