from __future__ import annotations

import subprocess
import sys

import pytest

from local.paths import ROOT
from tests.support.workers import GROUPS, SHARED_PLATFORM, cpu_seconds, group_of


@pytest.mark.parametrize("place", GROUPS)
def test_every_place_of_a_group_exists(place: str) -> None:
    assert (ROOT / place).exists()


def test_a_test_belongs_to_the_group_of_its_file_or_of_a_folder_above() -> None:
    assert group_of("tests/integration/test_main_job.py::test_a") == "main job"
    assert group_of("tests/integration/collector/test_tracker.py::test_a[x::y]") == SHARED_PLATFORM
    assert group_of("tests/unit/lake/test_lake.py::test_a") == "tests/unit/lake/test_lake.py"


def test_what_a_child_of_a_child_computed_is_counted_once_both_have_ended() -> None:
    busy = "import time\nwhile time.process_time() < 0.3: pass"
    before = cpu_seconds()
    parent = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {busy!r}], check=True)"
    subprocess.run([sys.executable, "-c", parent], check=True)
    assert cpu_seconds() - before >= 0.3
