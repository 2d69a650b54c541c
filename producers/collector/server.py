"""Runs the collector under uvicorn until a signal, or until Kafka's client is broken."""

from __future__ import annotations

import uvicorn

from producers.collector.app import collector
from schemas.errors import ShopError
from schemas.settings import Settings
from web.server import UVICORN_OPTIONS, end_on_signals, listening


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
    end_on_signals("collector")
    broken: list[str] = []

    def stop(reason: str) -> None:
        broken.append(reason)
        server.should_exit = True

    server = uvicorn.Server(uvicorn.Config(collector(settings, stop), **UVICORN_OPTIONS))
    with listening("collector", settings.collector_host, settings.port("collector")) as listener:
        server.run(sockets=[listener])
    if broken:
        message = f"Kafka's client is broken: {broken[0]}"
        raise ClientBroken(message)
