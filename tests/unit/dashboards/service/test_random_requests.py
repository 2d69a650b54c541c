"""Whatever a stranger sends is answered, with a problem where it is one, and never with a failure of the service."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, urlencode

import httpx
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from dashboards.queries import queries
from dashboards.service.app import dashboard
from schemas.settings import Settings

AWAY = {
    "clickhouse_url": "http://127.0.0.1:9",
    "kafka_bootstrap_servers": "127.0.0.1:9",
    "redis_url": "redis://127.0.0.1:9/0",
}
ANSWERS = {200, 204, 304, 404, 405, 422, 503}
PREFIXES = (
    "",
    "api/query/",
    "api/explorer/user/",
    "api/explorer/product/",
    "api/titles",
    "api/session",
    "assets/",
    "..",
)
texts = st.text(max_size=60) | st.sampled_from(
    [
        *queries(),
        "sales_daily.csv",
        "../../etc/passwd",
        "%00",
        "a/b",
        "<script>",
        "' OR 1=1 --",
        "x" * 3000,
        "\u202e",
        "😀",
    ]
)
names = st.sampled_from(["from", "to", "currency", "limit", "dimension", "order", "product", "id", "v"]) | st.text(
    max_size=8
)
values = st.text(max_size=30) | st.sampled_from(["2026-06-01", "-1", "0", "1e9", "9" * 400, "2026-13-40", "\\", "\t\n"])


@pytest.fixture(scope="module")
def loop_and_client() -> Iterator[tuple[asyncio.AbstractEventLoop, httpx.AsyncClient]]:
    loop = asyncio.new_event_loop()
    transport = httpx.ASGITransport(dashboard(Settings.model_validate(AWAY), Path(__file__).parent))
    client = httpx.AsyncClient(transport=transport, base_url="http://localhost")
    yield loop, client
    loop.run_until_complete(client.aclose())
    loop.close()


@hypothesis_settings(max_examples=150)
@given(
    st.sampled_from(["GET", "HEAD", "POST", "DELETE", "PUT"]),
    st.sampled_from(PREFIXES),
    texts,
    st.lists(st.tuples(names, values), max_size=4),
)
def test_a_random_request_is_answered(
    loop_and_client: tuple[asyncio.AbstractEventLoop, httpx.AsyncClient],
    method: str,
    prefix: str,
    path: str,
    parameters: list[tuple[str, str]],
) -> None:
    loop, client = loop_and_client
    target = f"/{prefix}{quote(path, errors='replace')}?{urlencode(parameters, errors='replace')}"
    request = client.build_request(method, f"http://localhost{target}")
    answer = loop.run_until_complete(client.send(request))

    assert answer.status_code in ANSWERS, answer.text
    assert "content-security-policy" in answer.headers
    if answer.status_code >= 400 and method != "HEAD":
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["status"] == answer.status_code
