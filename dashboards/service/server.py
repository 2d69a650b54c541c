"""Runs the dashboard's service under uvicorn until a signal."""

from __future__ import annotations

from typing import Any, Final

import uvicorn

from dashboards.service.app import dashboard
from schemas.settings import Settings
from web.server import UVICORN_OPTIONS, end_on_signals, listening

NAME: Final = "dashboard"
_OPTIONS: Final[dict[str, Any]] = UVICORN_OPTIONS | {
    "ws": "websockets-sansio",
    "ws_max_size": 1024,
    "ws_per_message_deflate": False,
    "timeout_graceful_shutdown": 2,
}
"""WebSockets, which send and never take anything; pages that listen do not hold up the end."""


def serve(settings: Settings) -> None:
    """Answer until SIGTERM or SIGINT.

    Raises:
        ConfigurationError: Anybody could see the figures.
        PortInUse: Another process listens on the dashboard's port.
    """
    application = dashboard(settings)
    with listening(NAME, settings.dashboard_host, settings.port("dashboard")) as listener:
        end_on_signals(NAME)
        uvicorn.Server(uvicorn.Config(application, **_OPTIONS)).run(sockets=[listener])
