"""The schema registry: Apicurio, behind Confluent's interface, its schemas in a file database."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Final

from local.downloads import Jars
from local.java import COMMON, SMALL, UNVERIFIED, java_executable
from local.parts.base import StopStage, get
from local.paths import DataDirectory
from schemas.settings import Settings

OPTIONS: Final = (*SMALL, *UNVERIFIED, "-Xms64m", "-Xmx192m")


class Registry:
    """The registry.

    Args:
        settings: For its ports.
        data: Where it keeps its database.
        jars: Where its archive is unpacked.
    """

    name: ClassVar = "registry"
    stop_stage: ClassVar = StopStage.STORES
    stop_grace_seconds: ClassVar = 10.0
    restarts_with: ClassVar[str | None] = None

    def __init__(self, settings: Settings, data: DataDirectory, jars: Jars) -> None:
        self._port = settings.port("registry")
        self._management_port = settings.port("registry-management")
        self._home = data.of("registry")
        self._jars = jars

    @property
    def ports(self) -> Mapping[str, int]:
        """The interface's and the management interface's."""
        return {"registry": self._port, "registry-management": self._management_port}

    def prepare(self) -> None:
        """Make the database's directory."""
        self._home.mkdir(parents=True, exist_ok=True)

    def properties(self) -> dict[str, str]:
        """System properties. The database forgets no schema id at a restart, and no acknowledged one at a crash."""
        return {
            "quarkus.http.host": "127.0.0.1",
            "quarkus.http.port": str(self._port),
            "quarkus.management.host": "127.0.0.1",
            "quarkus.management.port": str(self._management_port),
            "quarkus.http.access-log.enabled": "false",
            "apicurio.storage.kind": "sql",
            "apicurio.storage.sql.kind": "h2",
            "apicurio.storage.snapshot.location": str(self._home),
            "apicurio.datasource.url": f"jdbc:h2:file:{self._home / 'schemas'};WRITE_DELAY=0",
            "apicurio.datasource.jdbc.initial-size": "2",
            "apicurio.datasource.jdbc.min-size": "2",
            "apicurio.datasource.jdbc.max-size": "10",
        }

    def command(self) -> list[str]:
        """The program and its arguments."""
        program = self._jars.unpacked("registry") / "quarkus-run.jar"
        properties = (f"-D{key}={value}" for key, value in self.properties().items())
        return [str(java_executable()), *COMMON, *OPTIONS, *properties, "-jar", str(program)]

    def environment(self) -> dict[str, str]:
        """None of its own."""
        return {}

    def is_ready(self) -> bool:
        """Whether it lists its subjects."""
        return get(self._port, "/apis/ccompat/v7/subjects") is not None
