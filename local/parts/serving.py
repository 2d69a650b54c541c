"""The recommendation service: answers by HTTP what Redis holds."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import ClassVar

from local.parts.base import StopStage, get
from local.paths import ROOT
from schemas.settings import Settings


class Serving:
    """The service's process; it waits for Redis by itself.

    Args:
        settings: Handed on to it.
    """

    name: ClassVar = "serving"
    stop_stage: ClassVar = StopStage.SINKS
    stop_grace_seconds: ClassVar = 15.0
    restarts_with: ClassVar[str | None] = None

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._port = settings.port("serving")

    @property
    def ports(self) -> Mapping[str, int]:
        """Its only port."""
        return {"serving": self._port}

    def prepare(self) -> None:
        """Nothing is needed."""

    def command(self) -> list[str]:
        """The program and its arguments."""
        return [sys.executable, "-P", "-m", "serving"]

    def environment(self) -> dict[str, str]:
        """Our packages and the settings."""
        return {"PYTHONPATH": str(ROOT), **self._settings.environment()}

    def is_ready(self) -> bool:
        """Whether it answers; without Redis and without lists it does, with nothing to recommend."""
        return get(self._port, "/health/live") is not None
