"""HEAD wherever GET is answered: the same status and headers, and no body (RFC 9110, 9.3.2)."""

from __future__ import annotations

from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

_IS_HEAD: Final = "shop.is_head"
"""Key of a scope that was one of HEAD before it became one of GET."""


def is_head(scope: Scope) -> bool:
    """Whether the client asked for HEAD, so that nobody will see what the answer shows."""
    return _IS_HEAD in scope or bool(scope["method"] == "HEAD")


class AnswerHead:
    """An ASGI middleware that asks the application for GET where a client asks for HEAD.

    Args:
        app: The application.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request (ASGI)."""
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self._app(scope, receive, send)
            return

        async def send_without_body(message: Message) -> None:
            await send({**message, "body": b""} if message["type"] == "http.response.body" else message)

        await self._app({**scope, "method": "GET", _IS_HEAD: True}, receive, send_without_body)
