"""What the collector does beside its requests."""

from __future__ import annotations

import asyncio
from typing import cast

import httpx
import pytest

from producers.collector import app as collector_app
from producers.collector.app import collector
from producers.collector.delivery import Delivery
from producers.publisher import Route
from schemas.settings import Settings


def test_schemas_are_asked_for_again_whatever_it_fails_with(monkeypatch: pytest.MonkeyPatch) -> None:
    may_succeed = False

    def routes(_settings: Settings) -> dict[str, Route]:
        if may_succeed:
            return {"page_view": cast("Route", None)}
        raise ZeroDivisionError("nobody foresaw this")

    monkeypatch.setattr(collector_app, "routes", routes)
    monkeypatch.setattr(Delivery, "check", lambda _delivery: None)
    app = collector(Settings(kafka_bootstrap_servers="127.0.0.1:1"))

    async def until(http: httpx.AsyncClient, status: int, text: str) -> None:
        async with asyncio.timeout(20):
            while True:
                answer = await http.get("/health/ready")
                if answer.status_code == status and text in answer.text:
                    return
                await asyncio.sleep(0.02)

    async def run() -> str:
        nonlocal may_succeed
        transport = httpx.ASGITransport(app=app)
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=transport, base_url="http://c") as http,
        ):
            await until(http, 503, "schemas (ZeroDivisionError('nobody foresaw this'))")
            may_succeed = True
            await until(http, 200, "ready")
            return (await http.get("/metrics")).text

    assert 'shop_collector_background_failures_total{task="schemas"}' in asyncio.run(run())
