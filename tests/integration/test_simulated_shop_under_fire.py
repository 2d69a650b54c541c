"""The simulated shop while one part after the other is killed: the tables still equal the ledger."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from tests.support.faults import PYTHON_WORKER, kill
from tests.support.platforms import platform_with, run_shop, shop_in_background

pytestmark = [pytest.mark.platform, pytest.mark.fault, pytest.mark.timeout(1500)]

JOBS = ("ingest", "analytics", "sessions")
VICTIMS = ("taskmanager", PYTHON_WORKER, "sink", "kafka", "clickhouse")
EVENTS = 40_000
RATE = 250


def test_killing_every_part_while_a_troubled_shop_goes_on_ends_in_the_ledgers_tables(tmp_path: Path) -> None:
    ledger = tmp_path / "L.json"
    simulation = ("--events", str(EVENTS), "--rate", str(RATE), "--trouble", "all", "--seed", "11")

    with platform_with(JOBS, tmp_path / "data") as shop:
        with shop_in_background(shop.settings, "simulate", *simulation, "--ledger", str(ledger)) as simulating:
            for victim in VICTIMS:
                time.sleep(5)
                assert simulating.poll() is None, "the simulation ended before everything was killed"
                kill(shop, victim)
        verified = run_shop(shop.settings, "verify", "--ledger", str(ledger), "--json")

    found = json.loads(verified.stdout)
    assert {name: table for name, table in found["tables"].items() if not table["agrees"]} == {}
    assert found["agrees"], found["records"]
    assert verified.returncode == 0, verified.stderr
