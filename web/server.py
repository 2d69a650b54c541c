"""Runs an HTTP service under uvicorn until a signal."""

from __future__ import annotations

import logging
import signal
import socket
from collections.abc import Callable
from typing import Any, Final

from schemas.errors import ShopError
from schemas.settings import Settings
from web.errors import PortInUse

log = logging.getLogger(__name__)

GRACE_SECONDS: Final = 10
BACKLOG: Final = 2048

UVICORN_OPTIONS: Final[dict[str, Any]] = {
    "loop": "uvloop",
    "http": "httptools",
    "ws": "none",
    "lifespan": "on",
    "log_config": None,
    "access_log": False,
    "server_header": False,
    "proxy_headers": False,
    "timeout_graceful_shutdown": GRACE_SECONDS,
}
"""How every service of ours is run."""


def run_service(serve: Callable[[Settings], None], logger: logging.Logger) -> int:
    """Serve by the settings until SIGTERM or SIGINT.

    Returns:
        The exit code: 0 after a signal, else that of the error.
    """
    log_to_standard_error()
    try:
        serve(Settings())
    except ShopError as error:
        logger.critical("%s", error)
        return error.exit_code
    return 0


def log_to_standard_error() -> None:
    """Log to standard error."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)-7s %(name)s: %(message)s")


def end_on_signals(service: str) -> None:
    """Let SIGTERM and SIGINT end the service without a trace: uvicorn raises them once more at its end."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: log.info("The %s ends", service))


def listening(service: str, host: str, port: int) -> socket.socket:
    """A socket that listens.

    Raises:
        PortInUse: Another process does already.
    """
    try:
        listener = socket.create_server((host, port), backlog=BACKLOG)
    except OSError as error:
        raise PortInUse(service, port) from error
    log.info("The %s listens on %s:%d", service, *listener.getsockname()[:2])
    return listener
