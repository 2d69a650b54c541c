from __future__ import annotations

from itertools import groupby

import pytest

from local.faults.catalogue import FAULTS, chosen
from local.faults.fault import Fault
from local.faults.run import in_order
from schemas.errors import ConfigurationError
from schemas.results import RESULTS


def test_each_fault_has_its_own_name_and_a_description() -> None:
    assert len({fault.name for fault in FAULTS}) == len(FAULTS)
    assert all(fault.description and "|" not in fault.description for fault in FAULTS)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_with_each_fault_the_jobs_behind_every_result_run_which_are_compared_with_the_ledger(fault: Fault) -> None:
    assert {"ingest", "analytics", "sessions", "feedback"} <= set(fault.platform.jobs)
    assert {result.job for result in RESULTS} <= set(fault.platform.jobs)


def test_faults_with_equal_platform_specs_follow_one_another_so_that_no_platform_is_started_twice() -> None:
    ordered = in_order(FAULTS)
    specs = [spec for spec, _ in groupby(ordered, key=lambda fault: fault.platform)]
    assert len(ordered) == len(FAULTS)
    assert all(specs.count(spec) == 1 for spec in specs)


def test_faults_are_chosen_by_name_and_an_unknown_one_is_an_error() -> None:
    assert [fault.name for fault in chosen(["poison", "kill-broker"])] == ["kill-broker", "poison"]
    assert chosen([]) == list(FAULTS)
    with pytest.raises(ConfigurationError, match="There is no fault kill-everything"):
        chosen(["kill-everything"])
