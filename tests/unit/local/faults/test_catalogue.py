from __future__ import annotations

from itertools import groupby

import pytest

from local.faults.catalogue import FAULTS, chosen
from local.faults.run import in_order
from schemas.errors import ConfigurationError


def test_each_fault_has_a_name_of_its_own_and_words() -> None:
    assert len({fault.name for fault in FAULTS}) == len(FAULTS)
    assert all(fault.words and "|" not in fault.words for fault in FAULTS)


def test_faults_of_one_stage_follow_one_another_so_that_no_platform_is_started_twice() -> None:
    ordered = in_order(FAULTS)
    stages = [stage for stage, _ in groupby(ordered, key=lambda fault: fault.stage)]
    assert len(ordered) == len(FAULTS)
    assert all(stages.count(stage) == 1 for stage in stages)


def test_faults_are_chosen_by_name_and_a_wrong_one_is_told() -> None:
    assert [fault.name for fault in chosen(["poison", "kill-broker"])] == ["kill-broker", "poison"]
    assert chosen([]) == list(FAULTS)
    with pytest.raises(ConfigurationError, match="There is no fault kill-everything"):
        chosen(["kill-everything"])
