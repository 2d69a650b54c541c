"""Which tests run one after the other in one process, and which groups of them begin first.

``./shop test`` runs two processes. A platform is shared by the tests of a group, so a group stays in one process. While
one platform waits, for a checkpoint or for a part that was killed, the other process computes. Three processes use what
two leave idle of two cores, up to a third, but what waits for a minute then waits in vain now and then.
"""

from __future__ import annotations

import os
from collections.abc import Generator
from contextlib import AbstractContextManager, ExitStack
from pathlib import PurePosixPath
from typing import Any, TypeVar

import pytest
from xdist.scheduler import LoadScopeScheduling

_T = TypeVar("_T")

WORKERS = 2
"""However many cores there are: each may have a platform, which takes a core and some gigabytes."""

SHARED_PLATFORM = "the platform without jobs"
GROUPS = {
    "tests/integration/test_main_job.py": "main job",
    "tests/integration/test_demo_dashboard.py": "main job",
    "tests/integration/test_importers.py": "main job",
    "tests/integration/collector": SHARED_PLATFORM,
    "tests/integration/sinks": SHARED_PLATFORM,
    "tests/integration/serving": SHARED_PLATFORM,
    "tests/integration/operations": SHARED_PLATFORM,
    "tests/integration/test_models.py": SHARED_PLATFORM,
    "tests/integration/test_platform.py": SHARED_PLATFORM,  # kills the parts
    "tests/docs": SHARED_PLATFORM,  # submits jobs, which the others do not expect
    "tests/integration/dashboards": "dashboards",
    "tests/faults": "faults",
    "tests/contract/clickhouse": "clickhouse",
    "tests/integration/test_history.py": "history",
    "tests/integration/test_redis_rebuilt.py": "redis",
    "tests/integration/test_fresh_recommendations.py": "redis",
    "tests/sql": "sql",
    "tests/integration/test_simulated_shop.py": "simulated shop",
    "tests/integration/kafka": "kafka",
    "tests/contract/serving": "serving",
}
"""Folder or file -> group, in the order in which they begin: the longest first, and what has no group at the end.

A process is given its next group when two tests are left of the one that it runs. The faults are one long test, so a
short group follows them: it alone waits until they are over.
"""


CPU_SECONDS = "CPU seconds of the group"
"""The property of a group's last test that says what the group cost."""


class GroupResources:
    """A plugin that holds what the tests of a group share, and ends it after the last of them."""

    def __init__(self) -> None:
        self._held = ExitStack()
        self._reported = cpu_seconds()

    def hold(self, resource: AbstractContextManager[_T]) -> _T:
        """Enter the context of a resource, until the group of the test that asks for it is over."""
        return self._held.enter_context(resource)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_teardown(self, item: pytest.Item, nextitem: pytest.Item | None) -> Generator[None]:
        yield
        if nextitem is None or group_of(nextitem.nodeid) != group_of(item.nodeid):
            self._held.close()
            now = cpu_seconds()  # what has ended is counted, with all that it started
            item.user_properties.append((CPU_SECONDS, now - self._reported))
            self._reported = now

    def pytest_sessionfinish(self) -> None:
        self._held.close()  # a run that stops at a failure has a next test


class GroupScheduling(LoadScopeScheduling):
    """Hands out groups, in the order of the collected tests."""

    def _split_scope(self, nodeid: str) -> str:
        return group_of(nodeid)


def cpu_seconds() -> float:
    """What this process and its descendants that have ended have computed so far."""
    return sum(os.times()[:4])


def scheduler(config: pytest.Config, log: Any) -> GroupScheduling:
    """What gives tests to the processes."""
    config.option.loadscopereorder = False
    return GroupScheduling(config, log)


def in_order(items: list[pytest.Item]) -> list[pytest.Item]:
    """Tests in the order of the groups; within one by file, in the order of GROUPS."""
    places = {place: number for number, place in enumerate(GROUPS)}
    return sorted(items, key=lambda item: places.get(place_of(item.nodeid), len(places)))


def group_of(nodeid: str) -> str:
    """The group of a test; a file without one is its own."""
    return GROUPS.get(place_of(nodeid), nodeid.partition("::")[0])


def place_of(nodeid: str) -> str:
    """The key of GROUPS that a test lies below, else its file."""
    path = PurePosixPath(nodeid.partition("::")[0])
    return next((str(above) for above in (path, *path.parents) if str(above) in GROUPS), str(path))
