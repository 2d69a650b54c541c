"""Runs the collector under uvicorn until a signal, or until Kafka's client is broken."""

from __future__ import annotations

import logging
import signal
import socket
from typing import Final

import uvicorn

from producers.collector.app import collector
from schemas.errors import PortInUse, ShopError
from schemas.settings import Settings

log = logging.getLogger(__name__)

GRACE_SECONDS: Final = 10
BACKLOG: Final = 2048


class ClientBroken(ShopError):
    """Kafka's client can never send again; a new process can."""

    exit_code = 3


def serve(settings: Settings) -> None:
    """Take events until SIGTERM or SIGINT; what was taken is answered before it returns.

    Raises:
        ConfigurationError: Anybody could send events.
        PortInUse: Another process listens on the collector's port.
        ClientBroken: The process must be started again.
    """
    for number in (signal.SIGTERM, signal.SIGINT):  # uvicorn raises them once more at its end, for these to hear
        signal.signal(number, lambda *_: log.info("The collector ends"))
    broken: list[str] = []

    def stop(reason: str) -> None:
        broken.append(reason)
        server.should_exit = True

    config = uvicorn.Config(
        collector(settings, stop),
        loop="uvloop",
        http="httptools",
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    server = uvicorn.Server(config)
    with _listening(settings) as listener:
        log.info("The collector listens on %s:%d", *listener.getsockname()[:2])
        server.run(sockets=[listener])
    if broken:
        message = f"Kafka's client is broken: {broken[0]}"
        raise ClientBroken(message)


def _listening(settings: Settings) -> socket.socket:
    address = (settings.collector_host, settings.port("collector"))
    try:
        listener = socket.create_server(address, backlog=BACKLOG)
    except OSError as error:
        raise PortInUse("collector", address[1]) from error
    return listener
