"""A sink as a process of its own: what the programs of all sinks have in common."""

from __future__ import annotations

import logging
import os
import signal
from collections.abc import Callable
from threading import Event

from connections.errors import KafkaClientStuck
from schemas.errors import ShopError
from schemas.settings import Settings


def run_until_signal(run: Callable[[Settings, Event], None], logger: logging.Logger) -> int:
    """Run a sink until SIGTERM or SIGINT sets the event that it is given.

    Returns:
        The exit code: 0 after a signal, else that of the error.
    """
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)-7s %(name)s: %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    stopping = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    try:
        run(Settings(), stopping)
    except KafkaClientStuck as error:
        logger.critical("%s", error)
        os._exit(error.exit_code)  # an orderly end would wait for the client
    except ShopError as error:
        logger.critical("%s", error)
        return error.exit_code
    return 0
