"""Kafka: one process that is broker and controller (KRaft)."""

from __future__ import annotations

import struct
import subprocess
import uuid
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar, Final

from local.downloads import Jars
from local.errors import PlatformError
from local.java import SMALL, UNVERIFIED, java_command
from local.parts.base import StopStage, exchange
from local.paths import ROOT, DataDirectory
from schemas.settings import Settings

FORMAT_SECONDS: Final = 60
OPTIONS: Final = (*SMALL, *UNVERIFIED, "-Xms96m", "-Xmx384m", "-XX:MaxDirectMemorySize=128m")

_API_VERSIONS_REQUEST: Final = struct.pack(">ihhihi", 14, 18, 0, 1, 4, 0x73686F70)
"""Asks which requests the broker knows; key 18, version 0, correlation 1, client "shop". Any broker answers."""


class Kafka:
    """The broker.

    Args:
        settings: For its ports.
        data: Where it keeps its log.
        jars: Where its jars are.
    """

    name: ClassVar = "kafka"
    stop_stage: ClassVar = StopStage.LOG
    stop_grace_seconds: ClassVar = 20.0
    restarts_with: ClassVar[str | None] = None

    def __init__(self, settings: Settings, data: DataDirectory, jars: Jars) -> None:
        self._port = settings.port("kafka")
        self._controller_port = settings.port("kafka-controller")
        self._retention_ms = settings.topic_retention_seconds * 1000
        self._home = data.of("kafka")
        self._jars = jars

    @property
    def ports(self) -> Mapping[str, int]:
        """The broker's and the controller's."""
        return {"kafka": self._port, "kafka-controller": self._controller_port}

    def properties(self) -> dict[str, str]:
        """The broker's configuration."""
        return {
            "process.roles": "broker,controller",
            "node.id": "1",
            "controller.quorum.voters": f"1@127.0.0.1:{self._controller_port}",
            "listeners": f"BROKER://127.0.0.1:{self._port},CONTROLLER://127.0.0.1:{self._controller_port}",
            "advertised.listeners": f"BROKER://127.0.0.1:{self._port}",
            "listener.security.protocol.map": "BROKER:PLAINTEXT,CONTROLLER:PLAINTEXT",
            "inter.broker.listener.name": "BROKER",
            "controller.listener.names": "CONTROLLER",
            "log.dirs": str(self._home / "log"),
            "auto.create.topics.enable": "false",
            "num.network.threads": "2",
            "num.io.threads": "4",
            "background.threads": "2",
            "log.cleaner.dedupe.buffer.size": str(16 << 20),
            "log.segment.bytes": str(256 << 20),
            "group.initial.rebalance.delay.ms": "0",
            "offsets.topic.num.partitions": "4",
            "offsets.topic.replication.factor": "1",
            "offsets.retention.minutes": str(366 * 24 * 60),  # a platform that was down for long resumes where it was
            "transaction.state.log.num.partitions": "4",
            "transaction.state.log.replication.factor": "1",
            "transaction.state.log.min.isr": "1",
            "share.coordinator.state.topic.num.partitions": "1",
            "share.coordinator.state.topic.replication.factor": "1",
            "share.coordinator.state.topic.min.isr": "1",
            "log.retention.ms": str(self._retention_ms),
        }

    def prepare(self) -> None:
        """Write the configuration; format the storage the first time.

        Raises:
            PlatformError: The storage cannot be formatted.
        """
        self._home.mkdir(parents=True, exist_ok=True)
        lines = (f"{key}={_escaped(value)}" for key, value in self.properties().items())
        self._properties_file.write_text("\n".join(lines) + "\n", encoding="utf-8")
        if not (self._home / "log" / "meta.properties").is_file():
            self._format()

    def command(self) -> list[str]:
        """The program and its arguments."""
        return self._java("kafka.Kafka", OPTIONS, str(self._properties_file))

    def environment(self) -> dict[str, str]:
        """None of its own."""
        return {}

    def is_ready(self) -> bool:
        """Whether it answers a request."""
        return bool(exchange(self._port, _API_VERSIONS_REQUEST, 4))

    @property
    def _properties_file(self) -> Path:
        return self._home / "server.properties"

    def _java(self, main_class: str, options: tuple[str, ...], *arguments: str) -> list[str]:
        log4j = f"-Dlog4j2.configurationFile={ROOT / 'flink-conf' / 'log4j.properties'}"
        return java_command(main_class, self._jars.paths("kafka"), [*options, log4j], arguments)

    def _format(self) -> None:
        cluster = urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        # One word, as the id may begin with a dash.
        arguments = ("format", f"--cluster-id={cluster}", "--ignore-formatted", "--config", str(self._properties_file))
        command = self._java("kafka.tools.StorageTool", (*SMALL, *UNVERIFIED, "-Xmx128m"), *arguments)
        done = subprocess.run(command, capture_output=True, text=True, timeout=FORMAT_SECONDS, check=False)
        if done.returncode:
            message = f"Kafka's storage in {self._home} cannot be formatted: {done.stdout}{done.stderr}"
            raise PlatformError(message)


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\")
