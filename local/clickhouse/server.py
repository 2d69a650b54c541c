"""The server: listens, and ends in good order."""

from __future__ import annotations

from functools import partial
from http.server import ThreadingHTTPServer
from typing import Final

from local.clickhouse.gateway import Gateway
from local.clickhouse.handler import Handler
from web.errors import PortInUse

_POLL_SECONDS: Final = 0.2


class Server(ThreadingHTTPServer):
    """Listens from the beginning; serves until ``shutdown``, then closes the gateway.

    Raises:
        PortInUse: Another process listens there.
    """

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128
    allow_reuse_address = True

    def __init__(self, host: str, port: int, gateway: Gateway) -> None:
        try:
            super().__init__((host, port), partial(Handler, gateway))
        except OSError:
            raise PortInUse("ClickHouse", port) from None
        self._gateway = gateway

    def serve(self) -> None:
        """Serve until ``shutdown`` is called, then let what runs come to its end."""
        self.serve_forever(poll_interval=_POLL_SECONDS)
        self.server_close()
        self._gateway.close()

    def service_actions(self) -> None:
        """Between two connections, and a few times a second."""
        self._gateway.sessions.close_expired()
