from __future__ import annotations

import asyncio

import httpx
import pytest
from fastapi import FastAPI
from fastapi.responses import PlainTextResponse

from web.head import AnswerHead


@pytest.mark.parametrize(("path", "status"), [("/page", 200), ("/nowhere", 404), ("/sent", 405)])
def test_head_is_answered_as_get_is_but_for_the_body(path: str, status: int) -> None:
    app = FastAPI()

    @app.get("/page")
    async def page() -> PlainTextResponse:
        return PlainTextResponse("twelve bytes", headers={"ETag": '"1"'})

    @app.post("/sent")
    async def sent() -> None:
        pass

    app.add_middleware(AnswerHead)

    async def ask(method: str) -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://web") as client:
            return await client.request(method, path)

    get, head = asyncio.run(ask("GET")), asyncio.run(ask("HEAD"))
    assert (head.status_code, head.headers, head.content) == (status, get.headers, b"")
