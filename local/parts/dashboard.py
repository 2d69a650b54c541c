"""The dashboard: the page, and what it asks."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import ClassVar

from local.parts.base import StopStage, get
from local.paths import ROOT
from schemas.settings import Settings


class Dashboard:
    """The service's process; it waits for Kafka and ClickHouse by itself.

    Args:
        settings: Handed on to it.
    """

    name: ClassVar = "dashboard"
    stop_stage: ClassVar = StopStage.SINKS
    stop_grace_seconds: ClassVar = 10.0
    restarts_with: ClassVar[str | None] = None

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._port = settings.port("dashboard")

    @property
    def ports(self) -> Mapping[str, int]:
        """Its only port."""
        return {"dashboard": self._port}

    def prepare(self) -> None:
        """Nothing is needed."""

    def command(self) -> list[str]:
        """The program and its arguments."""
        return [sys.executable, "-P", "-m", "dashboards.service"]

    def environment(self) -> dict[str, str]:
        """Our packages and the settings."""
        return {"PYTHONPATH": str(ROOT), **self._settings.environment()}

    def is_ready(self) -> bool:
        """Whether it answers; without ClickHouse it does, and says so."""
        return get(self._port, "/health/live") is not None
