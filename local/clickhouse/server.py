"""The server: its parts, and its beginning and end in good order."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from http.server import ThreadingHTTPServer
from typing import Final

from local.clickhouse.engine import Engine
from local.clickhouse.handler import Handler
from local.clickhouse.metrics import Metrics
from local.clickhouse.running import RunningQueries
from local.clickhouse.sessions import Sessions
from local.clickhouse.users import Users
from web.errors import PortInUse

_POLL_SECONDS: Final = 0.2


@dataclass(frozen=True)
class Limits:
    """Bounds of one server.

    Attributes:
        max_concurrent: Statements that run at the same time.
        queue_seconds: How long one more waits for its turn.
        max_body_bytes: Of one request, decoded.
        drain_seconds: How long running statements may go on once the server is told to stop.
    """

    max_concurrent: int = 32
    queue_seconds: float = 30.0
    max_body_bytes: int = 256 << 20
    drain_seconds: float = 15.0


class Server(ThreadingHTTPServer):
    """Listens from the beginning; serves until ``shutdown``. Close it: it closes the engine.

    Raises:
        PortInUse: Another process listens there.
    """

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128
    allow_reuse_address = True

    def __init__(self, host: str, port: int, engine: Engine, users: Users, limits: Limits) -> None:
        try:
            super().__init__((host, port), Handler)
        except OSError:
            raise PortInUse("ClickHouse", port) from None
        self.engine = engine
        self.users = users
        self.limits = limits
        self.max_body_bytes = limits.max_body_bytes
        self.display_name = socket.gethostname()
        self.metrics = Metrics()
        self.sessions = Sessions(engine)
        self.running = RunningQueries(limits.max_concurrent, limits.queue_seconds, engine.kill, self.metrics)

    def serve(self) -> None:
        """Serve until ``shutdown`` is called, then let what runs come to its end."""
        self.serve_forever(poll_interval=_POLL_SECONDS)
        self.server_close()
        self.running.drain(self.limits.drain_seconds)
        self.sessions.close()
        self.engine.close()

    def service_actions(self) -> None:
        """Between two connections, and a few times a second."""
        self.sessions.close_expired()
