"""One line of JSON for each request, written in batches so that no request waits for a disk."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import BinaryIO, Final

import orjson

FLUSH_SECONDS: Final = 0.1


class AccessLog:
    """Lines to a stream.

    A line says when the answer went out, the request's id, the client, method, path, status, and how long it took. The
    query is left out: it may hold what nobody wants in a log.

    Args:
        stream: Where to; None for nowhere.
        now: RFC 3339 time, newest.
    """

    def __init__(self, stream: BinaryIO | None, now: Callable[[], str]) -> None:
        self._stream = stream
        self._now = now
        self._lines: list[tuple[str, str, str, str, int, float]] = []
        self._timer: asyncio.TimerHandle | None = None

    def note(self, request_id: str, client: str, method: str, path: str, status: int, seconds: float) -> None:
        """Note one request."""
        if self._stream is None:
            return
        self._lines.append((request_id, client, method, path, status, seconds))
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(FLUSH_SECONDS, self.flush)

    def flush(self) -> None:
        """Write what was noted."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        lines, self._lines = self._lines, []
        if self._stream is None or not lines:
            return
        time = self._now()
        self._stream.write(b"".join([_line(time, *line) for line in lines]))
        self._stream.flush()


def _line(time: str, request_id: str, client: str, method: str, path: str, status: int, seconds: float) -> bytes:
    return orjson.dumps(
        {
            "time": time,
            "request_id": request_id,
            "client": client,
            "method": method,
            "path": path,
            "status": status,
            "ms": round(1000 * seconds, 3),
        },
        option=orjson.OPT_APPEND_NEWLINE,
    )
