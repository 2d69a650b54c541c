from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import httpx
import pytest

from dashboards.service.app import dashboard
from schemas.settings import Settings

pytestmark = pytest.mark.anyio

AWAY = {
    "clickhouse_url": "http://127.0.0.1:9",
    "kafka_bootstrap_servers": "127.0.0.1:9",
    "redis_url": "redis://127.0.0.1:9/0",
}


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def page(tmp_path: Path) -> Path:
    (tmp_path / "index.html").write_text("<!doctype html>" + "<p>figures</p>" * 50)
    (tmp_path / "assets").mkdir()
    (tmp_path / "assets" / "chart.js").write_text("export const x = 1;\n" * 100)
    (tmp_path / "secret.py").write_text("password = 1")
    return tmp_path


@pytest.fixture
def client(page: Path) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(dashboard(Settings.model_validate(AWAY), page), raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:19880")


async def test_the_page_loads_nothing_of_elsewhere_and_runs_nothing_inline(client: httpx.AsyncClient) -> None:
    answer = await client.get("/")

    policy = answer.headers["content-security-policy"]
    assert answer.headers["content-type"].startswith("text/html")
    assert policy.startswith("default-src 'self';")
    assert "unsafe" not in policy
    assert "http" not in policy
    assert "frame-ancestors 'none'" in policy
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_files_are_compressed_and_known_by_their_content(client: httpx.AsyncClient, page: Path) -> None:
    answer = await client.get("/assets/chart.js", headers={"accept-encoding": "gzip"})
    again = await client.get("/assets/chart.js", headers={"if-none-match": answer.headers["etag"]})
    plain = await client.get("/assets/chart.js", headers={"accept-encoding": "identity"})

    assert answer.headers["content-encoding"] == "gzip"
    assert int(answer.headers["content-length"]) == len(gzip.compress((page / "assets/chart.js").read_bytes(), 9))
    assert answer.headers["content-type"].startswith("text/javascript")
    assert answer.headers["cache-control"] == "no-cache"
    assert (again.status_code, again.content) == (304, b"")
    assert plain.text == answer.text == (page / "assets/chart.js").read_text()


@pytest.mark.parametrize("path", ["/secret.py", "/../pyproject.toml", "/%2e%2e/pyproject.toml", "/assets", "/nothing"])
async def test_nothing_but_the_page_s_files_is_served(client: httpx.AsyncClient, path: str) -> None:
    assert (await client.get(path)).status_code == 404


async def problem(client: httpx.AsyncClient, path: str) -> tuple[int, dict[str, Any]]:
    answer = await client.get(path)
    assert answer.headers["content-type"] == "application/problem+json"
    return answer.status_code, answer.json()


async def test_an_unknown_query_is_not_found(client: httpx.AsyncClient) -> None:
    status, body = await problem(client, "/api/query/sales")
    assert (status, body["type"]) == (404, "urn:shopstream:problem:not-found")
    assert "sales_daily" in body["detail"]


@pytest.mark.parametrize(
    "parameters", ["from=yesterday", "sort=day", "from=2026-01-02&to=2026-01-01", "from=2026-01-01&from=2026-01-02"]
)
async def test_a_wrong_parameter_is_a_problem(client: httpx.AsyncClient, parameters: str) -> None:
    assert (await problem(client, f"/api/query/sales_daily?{parameters}"))[0] == 422
    assert (await problem(client, f"/api/query/sales_daily.csv?{parameters}"))[0] == 422


async def test_a_clickhouse_that_is_away_is_named_with_the_tables_that_are_stale(client: httpx.AsyncClient) -> None:
    status, body = await problem(client, "/api/query/users_daily")

    assert (status, body["server"], body["stale"]) == (503, "ClickHouse", ["user_days", "users_daily"])
    assert (await problem(client, "/health/ready"))[0] == 503
    assert (await client.get("/health/live")).json() == {"status": "live"}


async def test_a_redis_that_is_away_is_named(client: httpx.AsyncClient) -> None:
    status, body = await problem(client, "/api/explorer/user/ada")
    assert (status, body["server"]) == (503, "Redis")


async def test_ids_are_bounded(client: httpx.AsyncClient) -> None:
    assert (await problem(client, "/api/explorer/product/" + "x" * 5000))[0] == 422
    assert (await problem(client, "/api/titles?" + "&".join(["id=a"] * 201)))[0] == 422


async def test_only_get_is_answered_where_nothing_is_written(client: httpx.AsyncClient) -> None:
    answer = await client.post("/api/query/sales_daily")
    assert answer.status_code == 405
    assert (await client.head("/")).content == b""


async def test_a_key_is_asked_for_and_a_session_stands_for_it(page: Path) -> None:
    app = dashboard(Settings.model_validate({**AWAY, "dashboard_api_keys": "k1"}), page)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://shop.example") as client:
        assert (await client.get("/")).status_code == 200  # the page itself asks for the key
        assert (await problem(client, "/api/meta"))[0] == 401
        begun = await client.post("/api/session", headers={"authorization": "Bearer k1"})
        assert begun.status_code == 204
        assert (await problem(client, "/api/meta"))[0] == 503  # let through, to a ClickHouse that is away
        await client.delete("/api/session")
        assert (await problem(client, "/api/meta"))[0] == 401


async def test_requests_are_counted_by_status(client: httpx.AsyncClient) -> None:
    await client.get("/nothing")
    assert 'shop_dashboard_requests_total{status="404"} 1.0' in (await client.get("/metrics")).text
