"""The dashboard's service in a thread, and a relay before it that can fall silent."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import uvicorn

from coordination.waiting import wait_until
from dashboards.service.app import dashboard
from schemas.settings import Settings

SECONDS = 60.0


@contextmanager
def serving(settings: Settings) -> Iterator[int]:
    """The service on a free port of loopback."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        options = {"log_config": None, "access_log": False, "timeout_graceful_shutdown": 1}
        server = uvicorn.Server(uvicorn.Config(dashboard(settings), **options))  # type: ignore[arg-type]
        thread = threading.Thread(target=lambda: asyncio.run(server.serve(sockets=[listener])), daemon=True)
        thread.start()
        wait_until(lambda: server.started, SECONDS, lambda: AssertionError("the service does not start"))
        yield listener.getsockname()[1]
        server.should_exit = True
        thread.join(SECONDS)


class Relay:
    """A port that leads to another one, unless it is cut (connections end) or silent (nothing comes through)."""

    def __init__(self, port: int) -> None:
        self._target = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._flows = threading.Event()
        self._flows.set()
        self._is_cut = False
        self._sockets: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def silence(self) -> None:
        """Connections stay, and carry nothing."""
        self._flows.clear()

    def cut(self) -> None:
        """Connections end, and new ones are refused."""
        self._is_cut = True
        for each in self._sockets:
            _end(each)
        self._sockets.clear()

    def restore(self) -> None:
        """Carry everything again."""
        self._is_cut = False
        self._flows.set()

    def close(self) -> None:
        """End it."""
        self.cut()
        _end(self._listener)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            if self._is_cut:
                _end(client)
                continue
            service = socket.create_connection(("127.0.0.1", self._target))
            self._sockets += [client, service]
            for pair in ((client, service), (service, client)):
                threading.Thread(target=self._copy, args=pair, daemon=True).start()

    def _copy(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65_536):
                self._flows.wait()
                target.sendall(data)
        _end(source)
        _end(target)


def _end(each: socket.socket) -> None:
    with suppress(OSError):
        each.shutdown(socket.SHUT_RDWR)
    each.close()
