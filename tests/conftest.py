"""What tests of several kinds share."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import settings

from local.platform import Platform
from local.ports import free_base
from schemas.settings import Settings
from tests.support import workers
from tests.support.platforms import CHECKPOINT_MS, JOBS_BEHIND_REDIS, not_yet_started, platform_with
from tests.support.times import Times

settings.register_profile("untimed", deadline=None)  # how long an example takes is the machine's matter
settings.load_profile("untimed")

GROUP_RESOURCES = "resources of a group of tests"


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(Times())
    config.pluginmanager.register(workers.GroupResources(), GROUP_RESOURCES)


@pytest.hookimpl(tryfirst=True)  # before pytest leaves out by markers
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "platform" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.platform)
    items[:] = workers.in_order(items)


def pytest_xdist_auto_num_workers() -> int:
    return workers.WORKERS


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> workers.GroupScheduling:
    return workers.scheduler(config, log)


@pytest.fixture(scope="session", autouse=True)
def _no_settings_of_the_person() -> Iterator[None]:
    """What somebody set for a platform of their own must not reach a test's."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("SHOP_") and not name.startswith("SHOP_TEST_")]:
            patch.delenv(name)
        yield


@pytest.fixture(scope="session")
def group_resources(pytestconfig: pytest.Config) -> workers.GroupResources:
    """Holds what is to live as long as the group of tests that uses it."""
    resources = pytestconfig.pluginmanager.get_plugin(GROUP_RESOURCES)
    assert isinstance(resources, workers.GroupResources)
    return resources


@pytest.fixture(scope="session")
def platform(group_resources: workers.GroupResources, tmp_path_factory: pytest.TempPathFactory) -> Platform:
    """A migrated platform without jobs, in a directory with a blank in its name; every part is ready."""
    return group_resources.hold(platform_with((), tmp_path_factory.mktemp("a platform") / "data"))


@pytest.fixture(scope="session")
def platform_of_the_demo(group_resources: workers.GroupResources, tmp_path_factory: pytest.TempPathFactory) -> Platform:
    """Nothing yet: the demo of test_main_job.py starts it; test_demo_dashboard.py and test_importers.py use it next."""
    data, base = tmp_path_factory.mktemp("main job") / "data", free_base(random.Random())
    settings = Settings(data_dir=data, port_base=base, metrics_checkpoint_interval_ms=CHECKPOINT_MS)
    return group_resources.hold(not_yet_started(settings))


@pytest.fixture(scope="session")
def platform_behind_redis(
    group_resources: workers.GroupResources, tmp_path_factory: pytest.TempPathFactory
) -> Platform:
    """A migrated platform that runs every job that Redis depends on; test_redis_rebuilt.py is the first to use it."""
    data = tmp_path_factory.mktemp("behind redis") / "data"
    return group_resources.hold(platform_with(JOBS_BEHIND_REDIS, data))
