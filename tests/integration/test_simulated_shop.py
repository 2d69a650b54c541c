"""A simulated shop with all its trouble against its ledger, on a platform of its own that gets nothing else.

The clocks of the shop's time zone go forward within the simulated days. The records come shuffled first: their ledger
is that of the records in order, which come afterwards. The tests build on each other in their order.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from local.commands import run_shop
from local.platform import Platform
from tests.support.platforms import platform_with

pytestmark = [pytest.mark.platform, pytest.mark.timeout(2400)]

JOBS = ("ingest", "analytics", "sessions", "identity", "feedback")
PLAN = ("--events", "20000", "--trouble", "all", "--seed", "7", "--start", "2026-03-25", "--days", "8")


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    data = tmp_path_factory.mktemp("simulated shop") / "data"
    with platform_with(JOBS, data, time_zone="Europe/Berlin") as made:
        yield made


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("ledger") / "L.json"


def simulate(shop: Platform, ledger: Path, *more: str) -> None:
    done = run_shop(shop.settings, "simulate", *PLAN, "--ledger", str(ledger), *more)
    assert done.returncode == 0, done.stderr


def verify(shop: Platform, ledger: Path) -> tuple[int, dict[str, Any]]:
    done = run_shop(shop.settings, "verify", "--ledger", str(ledger), "--json")
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)


def differences(found: dict[str, Any]) -> dict[str, Any]:
    tables = {name: table for name, table in found["tables"].items() if not table["agrees"]}
    return tables | {name: count for name, count in found["records"].items() if count["must_be"] != count["is"]}


def test_every_table_equals_the_ledger_though_the_records_come_shuffled(shop: Platform, ledger: Path) -> None:
    simulate(shop, ledger, "--shuffle", "5")
    code, found = verify(shop, ledger)
    assert differences(found) == {}
    assert (code, found["agrees"], found["times_sent"]) == (0, True, 1)


def test_the_same_records_again_in_order_change_nothing(shop: Platform, ledger: Path, tmp_path: Path) -> None:
    again = tmp_path / "again.json"
    simulate(shop, again)
    assert again.read_bytes() == ledger.read_bytes()
    code, found = verify(shop, ledger)
    assert differences(found) == {}
    assert (code, found["agrees"], found["times_sent"]) == (0, True, 2)


def test_a_ledger_that_says_something_else_is_told_apart(shop: Platform, ledger: Path, tmp_path: Path) -> None:
    content = json.loads(ledger.read_text(encoding="utf-8"))
    gross = list(content["tables"]["sales_daily"]["columns"]).index("gross")
    content["tables"]["sales_daily"]["rows"][0][gross] = "0.0001"
    del content["tables"]["user_days"]["rows"][0]
    del content["tables"]["recommendation_coverage_daily"]
    content["tables"]["no_such_table"] = content["tables"]["carts_daily"]
    other = tmp_path / "other.json"
    other.write_text(json.dumps(content), encoding="utf-8")
    code, found = verify(shop, other)
    assert (code, found["agrees"]) == (1, False)
    assert set(differences(found)) == {"sales_daily", "user_days", "recommendation_coverage_daily", "no_such_table"}
    assert found["tables"]["sales_daily"]["different"] == 1
    assert found["tables"]["user_days"]["extra"] == 1
    coverage = found["tables"]["recommendation_coverage_daily"]
    assert coverage["problem"] == "the ledger does not say what it must hold"
    assert found["tables"]["no_such_table"]["problem"] == "ClickHouse has no such table"
