"""Runs the service under uvicorn until a signal: in this process, or in several on one socket."""

from __future__ import annotations

import os
from functools import partial

import uvicorn
from uvicorn.supervisors import Multiprocess

from schemas.settings import Settings
from serving.app import recommendations
from web.server import UVICORN_OPTIONS, end_on_signals, listening


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
        config = uvicorn.Config(partial(recommendations, settings), factory=True, workers=processes, **UVICORN_OPTIONS)
        Multiprocess(config, [listener]).run()
