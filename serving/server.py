"""Runs the service under uvicorn until a signal: in this process, or in several on one socket."""

from __future__ import annotations

import os
from functools import partial
from typing import Final

import uvicorn
from uvicorn.supervisors import Multiprocess

from schemas.settings import Settings
from serving.app import recommendations
from serving.gate import Application
from web.server import UVICORN_OPTIONS, end_on_signals, listening, log_to_standard_error

START_SECONDS: Final = 60
"""How long one of several processes may take to start, or to say that it lives, before another takes its place."""


def serve(settings: Settings) -> None:
    """Answer until SIGTERM or SIGINT.

    Raises:
        ConfigurationError: Anybody could ask, or the rules file is wrong.
        PortInUse: Another process listens on the service's port.
    """
    processes = settings.serving_processes or os.cpu_count() or 1
    application = recommendations(settings)
    with listening("recommendation service", settings.serving_host, settings.port("serving")) as listener:
        if processes == 1:
            end_on_signals("recommendation service")
            uvicorn.Server(uvicorn.Config(application, **UVICORN_OPTIONS)).run(sockets=[listener])
            return
        config = uvicorn.Config(
            partial(_in_a_process_of_its_own, settings),
            factory=True,
            workers=processes,
            timeout_worker_healthcheck=START_SECONDS,
            **UVICORN_OPTIONS,
        )
        Multiprocess(config, [listener]).run()


def _in_a_process_of_its_own(settings: Settings) -> Application:
    log_to_standard_error()
    return recommendations(settings)
