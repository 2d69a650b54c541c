"""Messages to a page: as Server-Sent Events, and over a WebSocket."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final

from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect

from dashboards.service.live.hub import Hub
from dashboards.service.live.pages import Message, Page

SEND_SECONDS: Final = 30.0
"""A page that takes nothing for so long is let go; it comes back when it wakes."""

RETRY: Final = b"retry: 1000\n\n"
GOING_AWAY: Final = 1001


class EventStream(Response):
    """An endless answer.

    Args:
        hub: Where messages come from.
    """

    media_type = "text/event-stream"

    def __init__(self, hub: Hub) -> None:
        super().__init__(headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        del self.headers["content-length"]
        self._hub = hub

    async def __call__(self, _scope: Scope, receive: Receive, send: Send) -> None:
        """Send until the page is gone (ASGI)."""
        page = self._hub.open()

        async def send_text(text: bytes) -> None:
            await send({"type": "http.response.body", "body": text, "more_body": True})

        async def until_gone() -> None:
            while (await receive())["type"] != "http.disconnect":
                pass

        try:
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            await send_text(RETRY)
            await _first_to_end(_send_all(page, lambda message: send_text(as_event(message))), until_gone())
            with suppress(TimeoutError):
                async with asyncio.timeout(1.0):
                    await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            self._hub.leave(page)


async def serve_websocket(hub: Hub, websocket: WebSocket) -> None:
    """Send until the page is gone."""
    page = hub.open()

    async def until_gone() -> None:
        while True:
            await websocket.receive_text()

    try:
        await websocket.accept()
        with suppress(WebSocketDisconnect):
            await _first_to_end(
                _send_all(page, lambda message: websocket.send_text(as_frame(message).decode())), until_gone()
            )
            await websocket.close(GOING_AWAY)
    finally:
        hub.leave(page)


def as_event(message: Message) -> bytes:
    """A message as a server-sent event; one without data has an empty object, as browsers drop it otherwise."""
    return b"event: %b\ndata: %b\n\n" % (message.event.encode(), message.data or b"{}")


def as_frame(message: Message) -> bytes:
    """A message as the text of a frame."""
    data = b',"data":' + message.data if message.data else b""
    return b'{"event":"%b"%b}' % (message.event.encode(), data)


async def _send_all(page: Page, send: Callable[[Message], Awaitable[None]]) -> None:
    while (message := await page.next()) is not None:
        async with asyncio.timeout(SEND_SECONDS):
            await send(message)


async def _first_to_end(*works: Awaitable[None]) -> None:
    """Run these until one of them ends, or fails; a page that took nothing for too long is no failure."""
    tasks = [asyncio.ensure_future(work) for work in works]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for task in done:
        with suppress(TimeoutError):
            task.result()
