"""Flink's two servers."""

from __future__ import annotations

import itertools
import json
import os
import shutil
from collections.abc import Mapping
from typing import ClassVar, Final

from local.flink import FlinkDistribution
from local.java import LATE_OPTIMISATION, SMALL
from local.parts.base import StopStage, get
from schemas.settings import Settings

JOBMANAGER_MEMORY: Final = ["-Xms96m", "-Xmx384m", "-XX:MaxMetaspaceSize=192m"]
TASKMANAGER_MEMORY: Final = ["-Xms256m", "-XX:MaxMetaspaceSize=256m", "-XX:MaxDirectMemorySize=384m"]
"""As flink-conf/config.yaml has it: direct memory is its off-heap and network sizes. The heap is a setting."""


class JobManager:
    """The JobManager of a session cluster.

    Args:
        settings: For its ports.
        flink: The distribution to run.
    """

    name: ClassVar = "jobmanager"
    stop_stage: ClassVar = StopStage.PROCESSING
    stop_grace_seconds: ClassVar = 10.0
    restarts_with: ClassVar[str | None] = None

    def __init__(self, settings: Settings, flink: FlinkDistribution) -> None:
        self._ports = {"flink": settings.port("flink"), "jobmanager-rpc": settings.port("jobmanager-rpc")}
        self._flink = flink

    @property
    def ports(self) -> Mapping[str, int]:
        """The REST interface's and the one TaskManagers call."""
        return self._ports

    def prepare(self) -> None:
        """Write the configuration."""
        self._flink.write_configuration()

    def command(self) -> list[str]:
        """The program and its arguments."""
        return self._flink.java(
            "org.apache.flink.runtime.entrypoint.StandaloneSessionClusterEntrypoint",
            [*SMALL, *JOBMANAGER_MEMORY],
            ["--configDir", str(self._flink.conf), "--executionMode", "cluster"],
        )

    def environment(self) -> dict[str, str]:
        """Flink's variables."""
        return self._flink.environment()

    def is_ready(self) -> bool:
        """Whether its REST interface answers."""
        return get(self._ports["flink"], "/overview") is not None


class TaskManager:
    """The one TaskManager.

    Args:
        settings: For the JobManager's port.
        flink: The distribution to run.
    """

    name: ClassVar = "taskmanager"
    stop_stage: ClassVar = StopStage.PROCESSING
    stop_grace_seconds: ClassVar = 10.0
    restarts_with: ClassVar[str | None] = "jobmanager"
    """Without its JobManager it would go on with tasks that no job knows."""

    def __init__(self, settings: Settings, flink: FlinkDistribution) -> None:
        self._rest_port = settings.port("flink")
        self._flink = flink
        self._starts = itertools.count(1)
        self._id = ""

    @property
    def ports(self) -> Mapping[str, int]:
        """None that a client needs."""
        return {}

    def prepare(self) -> None:
        """Write the configuration, drop what an earlier TaskManager left, take a new name."""
        shutil.rmtree(self._flink.scratch / "taskmanager", ignore_errors=True)
        (self._flink.scratch / "taskmanager").mkdir(parents=True)
        self._flink.write_configuration()
        self._id = f"taskmanager-{os.getpid()}-{next(self._starts)}"

    def command(self) -> list[str]:
        """The program and its arguments."""
        return self._flink.java(
            "org.apache.flink.runtime.taskexecutor.TaskManagerRunner",
            [
                *TASKMANAGER_MEMORY,
                f"-Xmx{self._flink.settings.taskmanager_heap_mb}m",
                "-XX:+UseG1GC",
                *LATE_OPTIMISATION,
            ],
            [
                "--configDir",
                str(self._flink.conf),
                "-D",
                f"taskmanager.resource-id={self._id}",
                "-D",
                f"io.tmp.dirs={self._flink.scratch / 'taskmanager'}",
            ],
        )

    def environment(self) -> dict[str, str]:
        """Flink's variables."""
        return self._flink.environment()

    def is_ready(self) -> bool:
        """Whether the JobManager knows this very TaskManager."""
        answer = get(self._rest_port, "/taskmanagers")
        return answer is not None and any(each["id"] == self._id for each in json.loads(answer)["taskmanagers"])
