from __future__ import annotations

import pytest

from local.paths import ROOT
from tests.support.workers import GROUPS, SHARED_PLATFORM, group_of


@pytest.mark.parametrize("place", GROUPS)
def test_every_place_of_a_group_exists(place: str) -> None:
    assert (ROOT / place).exists()


def test_a_test_belongs_to_the_group_of_its_file_or_of_a_folder_above() -> None:
    assert group_of("tests/integration/test_main_job.py::test_a") == "main job"
    assert group_of("tests/integration/collector/test_tracker.py::test_a[x::y]") == SHARED_PLATFORM
    assert group_of("tests/unit/lake/test_lake.py::test_a") == "tests/unit/lake/test_lake.py"
