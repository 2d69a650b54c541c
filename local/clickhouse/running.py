"""Which queries run, for which client; queries whose client has gone are ended."""

from __future__ import annotations

import select
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from local.clickhouse.errors import ErrorCode, QueryError
from local.clickhouse.metrics import Metrics

_CHECK_SECONDS: Final = 0.25
"""How often clients are checked."""


@dataclass(eq=False)
class Running:
    """A statement that runs.

    Attributes:
        query_id: As the client gave it.
        client: The client's socket.
        comment: Under which the engine knows the statement; None until it does.
        cancellable: Whether it may be ended when the client goes.
    """

    query_id: str
    client: socket.socket
    comment: str | None = None
    cancellable: bool = False


class RunningQueries:
    """The statements that run now.

    Args:
        limit: How many may run at the same time.
        queue_seconds: How long one more waits for its turn.
        kill: Ends the engine's queries of a comment.
    """

    def __init__(self, limit: int, queue_seconds: float, kill: Callable[[str], None], metrics: Metrics) -> None:
        self._slots = threading.BoundedSemaphore(limit)
        self._queue_seconds = queue_seconds
        self._kill = kill
        self._metrics = metrics
        self._changed = threading.Condition()
        self._running: dict[str, Running] = {}
        self._draining = False
        self._stopped = threading.Event()
        self._watcher = threading.Thread(target=self._watch, name="clients", daemon=True)
        self._watcher.start()

    @contextmanager
    def enter(self, query_id: str, client: socket.socket) -> Iterator[Running]:
        """Let a statement run.

        Raises:
            QueryError: Too many run already, one of that id runs, or the server is going down.
        """
        if not self._slots.acquire(timeout=self._queue_seconds):
            raise QueryError.named(ErrorCode.TOO_MANY_SIMULTANEOUS_QUERIES, "Too many simultaneous queries")
        try:
            running = self._add(Running(query_id, client))
            try:
                yield running
            finally:
                self._remove(running)
        finally:
            self._slots.release()

    def _add(self, running: Running) -> Running:
        with self._changed:
            if self._draining:
                raise QueryError.named(ErrorCode.ABORTED, "The server is shutting down")
            if running.query_id in self._running:
                message = f"Query with id = {running.query_id} is already running."
                raise QueryError.named(ErrorCode.QUERY_WITH_SAME_ID_IS_ALREADY_RUNNING, message)
            self._running[running.query_id] = running
        self._metrics.active.inc()
        return running

    def _remove(self, running: Running) -> None:
        with self._changed:
            del self._running[running.query_id]
            self._changed.notify_all()
        self._metrics.active.dec()

    def drain(self, grace_seconds: float) -> None:
        """Let nothing new begin; wait for what runs, then end it."""
        with self._changed:
            self._draining = True
            self._changed.wait_for(lambda: not self._running, grace_seconds)
            late = list(self._running.values())
        for running in late:
            self._end(running)
        with self._changed:
            self._changed.wait_for(lambda: not self._running, grace_seconds)
        self._stopped.set()
        self._watcher.join()

    def _end(self, running: Running) -> None:
        if running.comment is not None:
            self._kill(running.comment)

    def _watch(self) -> None:
        while not self._stopped.wait(_CHECK_SECONDS):
            with self._changed:
                waited_for = [running for running in self._running.values() if running.cancellable]
            for running in waited_for:
                if has_gone(running.client):
                    running.cancellable = False
                    self._metrics.cancelled.inc()
                    self._end(running)


def has_gone(client: socket.socket) -> bool:
    """Whether the other side has closed the connection."""
    try:
        # poll, not select: the engine keeps many files open, and select refuses a descriptor beyond 1023.
        watched = select.poll()
        watched.register(client, select.POLLIN)
        return bool(watched.poll(0)) and client.recv(1, socket.MSG_PEEK) == b""
    except (OSError, ValueError):
        return True
