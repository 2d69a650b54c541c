"""The sinks: they carry topics into ClickHouse, into Redis and into the lake."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import ClassVar

from local.parts.base import StopStage
from local.paths import ROOT
from schemas.settings import Settings
from sinks.core.description import SinkDescription


class Sink:
    """A sink's process; it waits for the servers it needs by itself.

    Args:
        settings: Handed on to it.
        sink: What runs, and what its part is called.
    """

    stop_stage: ClassVar = StopStage.SINKS
    stop_grace_seconds: ClassVar = 15.0
    restarts_with: ClassVar[str | None] = None

    def __init__(self, settings: Settings, sink: SinkDescription) -> None:
        self.name = sink.part
        self._settings = settings
        self._program = sink.program

    @property
    def ports(self) -> Mapping[str, int]:
        """It serves none."""
        return {}

    def prepare(self) -> None:
        """Nothing is needed."""

    def command(self) -> list[str]:
        """The program and its arguments."""
        return [sys.executable, "-P", "-m", self._program]

    def environment(self) -> dict[str, str]:
        """Our packages and the settings."""
        return {"PYTHONPATH": str(ROOT), **self._settings.environment()}

    def is_ready(self) -> bool:
        """It has nothing to probe: while it runs, it is ready."""
        return True
