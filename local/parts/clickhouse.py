"""ClickHouse: the engine's owner process, which speaks ClickHouse's HTTP interface."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import ClassVar

from local.parts.base import StopStage, get
from local.paths import ROOT, DataDirectory
from schemas.settings import Settings


class ClickHouse:
    """The owner of the engine's directory.

    Args:
        settings: For its port.
        data: Where it keeps its tables.
    """

    name: ClassVar = "clickhouse"
    stop_stage: ClassVar = StopStage.STORES
    stop_grace_seconds: ClassVar = 20.0
    restarts_with: ClassVar[str | None] = None

    def __init__(self, settings: Settings, data: DataDirectory) -> None:
        self._port = settings.port("clickhouse")
        self._home = data.of("clickhouse")

    @property
    def ports(self) -> Mapping[str, int]:
        """Its only port."""
        return {"clickhouse": self._port}

    def prepare(self) -> None:
        """Make its directory."""
        self._home.mkdir(parents=True, exist_ok=True)

    def command(self) -> list[str]:
        """The program and its arguments."""
        return [sys.executable, "-P", "-m", "local.clickhouse", "--path", str(self._home), "--port", str(self._port)]

    def environment(self) -> dict[str, str]:
        """Our packages, and the time zone that the engine takes from the environment."""
        return {"PYTHONPATH": str(ROOT), "TZ": "UTC"}

    def is_ready(self) -> bool:
        """Whether it answers a ping."""
        return get(self._port, "/ping") is not None
