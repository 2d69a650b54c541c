"""Each error, as problem details (RFC 9457)."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.contract.serving.conftest import Make
from tests.support.serving import RedisProcess, Service, service_of


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
    assert problem(service.http.get(f"/v1/recommend/{'u' * 201}")) == (422, "invalid-request")


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
