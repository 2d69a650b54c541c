"""The faults of ``./shop faults``, by the same code: after each, every table equals the ledger.

The whole list takes most of an hour, so only those run that are short and hit each part once; the others say why they
are skipped. ``SHOP_TEST_ALL_FAULTS=1`` runs every one.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from local.faults.catalogue import FAULTS
from local.faults.context import Options
from local.faults.fault import Fault, Outcome
from local.faults.run import Suite, in_order

pytestmark = [pytest.mark.platform, pytest.mark.fault, pytest.mark.timeout(1500)]

ALL = "SHOP_TEST_ALL_FAULTS"
OPTIONS = Options(records=4_000, kills=2)


@pytest.fixture(scope="module")
def suite() -> Iterator[Suite]:
    with Suite(OPTIONS, print) as suite:
        yield suite


@pytest.mark.parametrize("fault", [pytest.param(fault, id=fault.name) for fault in in_order(FAULTS)])
def test_after_a_fault_every_table_equals_the_ledger(fault: Fault, suite: Suite) -> None:
    if fault.slow_because and not os.environ.get(ALL):
        pytest.skip(f"NOT RUN, as {fault.slow_because}; './shop faults' and {ALL}=1 run it")
    result = suite.run(fault)
    if result.outcome is Outcome.NOT_RUN:
        pytest.skip(f"NOT RUN on this machine: {result.problem}")
    assert (result.outcome, result.problem) == (Outcome.EQUAL, "")
    assert (result.lost, result.duplicated) == (0, 0)
    assert result.rows > 0
