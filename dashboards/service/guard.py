"""Stands before every request: who may see the dashboard, headers that browsers hold pages to, and counts."""

from __future__ import annotations

from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dashboards.service.access import Access
from dashboards.service.assets import SECURITY_HEADERS
from dashboards.service.metrics import Metrics
from dashboards.service.problems import response_of
from web.problems import Problem

_PROTECTED: Final = ("/api", "/ws")
"""What needs a key: the page itself shows nothing of the shop, and asks for one."""

POLICY_VIOLATION: Final = 1008


class Guard:
    """An ASGI middleware.

    Args:
        app: The application.
        access: Who may see the dashboard.
        metrics: What to count.
    """

    def __init__(self, app: ASGIApp, access: Access, metrics: Metrics) -> None:
        self._app = app
        self._access = access
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request (ASGI)."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        try:
            self._check(scope)
        except Problem as problem:
            if scope["type"] == "websocket":
                await send({"type": "websocket.close", "code": POLICY_VIOLATION, "reason": problem.type.title})
            else:
                await response_of(problem)(scope, receive, self._answering(send))
            return
        await self._app(scope, receive, self._answering(send))

    def _check(self, scope: Scope) -> None:
        headers = dict(scope["headers"])
        if self._access.is_open or scope["path"].startswith(_PROTECTED):
            self._access.check(headers)
        if scope["type"] == "websocket":
            self._access.check_origin(headers)

    def _answering(self, send: Send) -> Send:
        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._metrics.requests.labels(str(message["status"])).inc()
                headers = MutableHeaders(scope=message)
                for name, value in SECURITY_HEADERS.items():
                    headers[name] = value
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        return answer
