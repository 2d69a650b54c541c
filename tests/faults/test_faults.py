"""Faults of each kind, by the code of ``./shop faults``: afterwards every table equals the ledger.

``./shop faults`` compares after each fault and runs every one of them, which takes most of an hour. Here they follow
one another on one platform, which runs the jobs behind these tables, under one load; the tables are compared once at
the end. A fault of a part and a fault of the records are injected together. The platform must have recovered from one
before the next begins. Where a table differs at the end, ``./shop faults --fault NAME`` tells which is the cause.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from local.faults.catalogue import FAULTS
from local.faults.context import Options
from local.faults.fault import METRICS, Fault, Outcome, PlatformSpec
from local.faults.load import LoadGenerator
from local.faults.run import SEED, compare, inject, platform_of

OPTIONS = Options(rate=150.0, records=1_000, kills=1)
"""At the command's own rate, most of what is to be counted would have come while parts come back on a busy machine."""
CONTROL = "none"
MEANWHILE = {
    "kill-python-worker": "poison",
    "kill-jobmanager": "duplicates-shuffled",
    "kill-broker": "",
    "kill-clickhouse": "year-2099",
    "kill-taskmanager": "clock-a-day-ahead",
    "sink-before-acknowledgement": "idle-partition",
    "sink-after-acknowledgement": "",
    "unknown-schema": "",
    "two-platforms": "",
    "replay-twice": "",
}
"""What breaks -> the fault of the records that arrive meanwhile."""

BY_NAME = {fault.name: fault for fault in FAULTS}


def test_the_faults_that_are_not_left_to_the_command_are_those_that_are_injected_here() -> None:
    injected = {*MEANWHILE, *MEANWHILE.values()} - {""}
    assert injected == {fault.name for fault in FAULTS if not fault.slow_because}
    assert all(BY_NAME[name].platform == PlatformSpec() for name in injected)


@pytest.mark.platform
@pytest.mark.fault
@pytest.mark.timeout(2400)
def test_after_faults_of_each_kind_every_table_equals_the_ledger() -> None:
    with platform_of(PlatformSpec(METRICS), print) as platform:
        generator = LoadGenerator(platform.settings, OPTIONS.rate, SEED)
        for fault in faults():
            inject(fault, platform, generator, OPTIONS, print)
        result = compare(BY_NAME[CONTROL], platform, generator, print)
    assert (result.outcome, result.problem) == (Outcome.EQUAL, "")
    assert (result.lost, result.duplicated) == (0, 0)
    assert result.events > OPTIONS.records * len(MEANWHILE) / 2
    assert result.rows > 0


def faults() -> list[Fault]:
    """Each with the records of its pair."""
    return [
        BY_NAME[name]
        if not meanwhile
        else replace(BY_NAME[name], name=f"{name} and {meanwhile}", transform=BY_NAME[meanwhile].transform)
        for name, meanwhile in MEANWHILE.items()
    ]
