"""What all requests share: the engine, its users, sessions, running statements and metrics."""

from __future__ import annotations

import socket
from dataclasses import dataclass

from local.clickhouse.engine import Engine
from local.clickhouse.metrics import Metrics
from local.clickhouse.running import RunningQueries
from local.clickhouse.sessions import Sessions
from local.clickhouse.users import Users


@dataclass(frozen=True)
class Limits:
    """Bounds of one server.

    Attributes:
        max_concurrent: Statements that run at the same time.
        queue_seconds: How long one more waits for its turn.
        max_body_bytes: Of one request, decoded.
        drain_seconds: How long running statements may go on once the server stops.
    """

    max_concurrent: int = 32
    queue_seconds: float = 30.0
    max_body_bytes: int = 256 << 20
    drain_seconds: float = 15.0


class Gateway:
    """What all requests share. Close it: it closes the engine.

    Args:
        engine: Runs the statements.
        users: Who may use it.
        limits: Bounds of one server.
    """

    def __init__(self, engine: Engine, users: Users, limits: Limits) -> None:
        self.engine = engine
        self.users = users
        self.max_body_bytes = limits.max_body_bytes
        self.display_name = socket.gethostname()
        self.metrics = Metrics()
        self.sessions = Sessions(engine)
        self.running = RunningQueries(limits.max_concurrent, limits.queue_seconds, engine.kill, self.metrics)
        self._drain_seconds = limits.drain_seconds

    def close(self) -> None:
        """Let running statements come to their end, then close sessions and engine."""
        self.running.drain(self._drain_seconds)
        self.sessions.close()
        self.engine.close()
