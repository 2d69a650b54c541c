from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from connections.errors import DependencyUnavailable
from dashboards.service import clickhouse as clickhouse_module
from dashboards.service.clickhouse import ClickHouse
from schemas.settings import Settings

pytestmark = pytest.mark.anyio

HEAD = b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: %d\r\n\r\n"
ANSWER = b'{"meta":[{"name":"one","type":"UInt8"}],"data":[[1]]}'


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(autouse=True)
def impatience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clickhouse_module, "PATIENCE_SECONDS", 0.05)
    monkeypatch.setattr(clickhouse_module, "PING_SECONDS", 0.2)


@asynccontextmanager
async def asking(pings_before_the_answer: int | None) -> AsyncIterator[ClickHouse]:
    """A client of a server that answers a question after so many pings; None: a server that hangs."""
    answered = asyncio.Event()
    pings = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal pings
        head = await reader.readuntil(b"\r\n\r\n")
        if head.startswith(b"GET /ping") and pings_before_the_answer is not None:
            pings += 1
            writer.write(HEAD % 3 + b"Ok.")
            if pings >= pings_before_the_answer:
                answered.set()
        else:
            await answered.wait()
            writer.write(HEAD % len(ANSWER) + ANSWER)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    client = ClickHouse(Settings(clickhouse_url=f"http://127.0.0.1:{port}"))
    try:
        yield client
    finally:
        answered.set()
        await client.close()
        server.close()


async def test_a_clickhouse_that_hangs_is_not_waited_for() -> None:
    async with asking(None) as clickhouse:
        with pytest.raises(DependencyUnavailable, match="ReadTimeout"):
            await clickhouse.ask("SELECT 1 AS one")


async def test_a_slow_answer_of_a_clickhouse_that_is_there_is_waited_for() -> None:
    async with asking(3) as clickhouse:
        assert (await clickhouse.ask("SELECT 1 AS one")).rows == [[1]]
