"""Runs the service under uvicorn until a signal: in this process, or in several on one socket."""

from __future__ import annotations

import os
import socket
import tempfile
from functools import partial
from typing import Final

import uvicorn
from prometheus_client.multiprocess import mark_process_dead
from uvicorn.supervisors import Multiprocess

from schemas.settings import Settings
from serving.app import recommendations
from serving.gate import Application
from web.prometheus import MULTIPROCESS_DIRECTORY
from web.server import UVICORN_OPTIONS, end_on_signals, listening, log_to_standard_error

START_SECONDS: Final = 60
"""How long one of several processes may take to start, or to say that it lives, before another takes its place."""


def serve(settings: Settings) -> None:
    """Answer until SIGTERM or SIGINT.

    Raises:
        ConfigurationError: Anybody could send requests, or the rules file is wrong.
        PortInUse: Another process listens on the service's port.
    """
    processes = settings.serving_processes or os.cpu_count() or 1
    application = recommendations(settings)
    with listening("recommendation service", settings.serving_host, settings.port("serving")) as listener:
        if processes == 1:
            end_on_signals("recommendation service")
            uvicorn.Server(uvicorn.Config(application, **UVICORN_OPTIONS)).run(sockets=[listener])
            return
        _serve_in_several(settings, processes, listener)


def _serve_in_several(settings: Settings, processes: int, listener: socket.socket) -> None:
    config = uvicorn.Config(
        partial(_in_a_process_of_its_own, settings),
        factory=True,
        workers=processes,
        timeout_worker_healthcheck=START_SECONDS,
        **UVICORN_OPTIONS,
    )
    with tempfile.TemporaryDirectory(prefix="shop-serving-metrics-") as directory:
        os.environ[MULTIPROCESS_DIRECTORY] = directory
        _Workers(config, [listener], directory).run()


class _Workers(Multiprocess):
    """Processes that count together: the gauges of one that is gone are taken out, its counters stay.

    Args:
        config: How each runs.
        listeners: Their sockets.
        directory: Where they count.
    """

    def __init__(self, config: uvicorn.Config, listeners: list[socket.socket], directory: str) -> None:
        super().__init__(config, listeners)
        self._directory = directory
        self._pids: set[int | None] = set()

    def keep_subprocess_alive(self) -> None:
        """Replace what died (uvicorn); called several times a second."""
        super().keep_subprocess_alive()
        pids = {process.pid for process in self.processes}
        for pid in self._pids - pids:
            mark_process_dead(pid, self._directory)
        self._pids = pids


def _in_a_process_of_its_own(settings: Settings) -> Application:
    log_to_standard_error()
    return recommendations(settings)
