from __future__ import annotations

import pytest

from local.platform import Platform
from tests.support.platforms import platform_with
from tests.support.workers import GroupResources


@pytest.fixture(scope="session")
def platform(group_resources: GroupResources, tmp_path_factory: pytest.TempPathFactory) -> Platform:
    """A platform like that of the group without jobs, so that the two groups may run beside each other."""
    return group_resources.hold(platform_with((), tmp_path_factory.mktemp("dashboards") / "data"))
