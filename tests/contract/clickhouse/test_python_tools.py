"""Tools of Python that stand on ClickHouse's HTTP interface: SQLAlchemy's two dialects, and dbt.

They pin many packages, so they run in an environment of their own (``clients/python/requirements.lock``), which is kept
in ``.tools/``. Where it cannot be made, they are skipped.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from bench.environments import EnvironmentUnavailable, locked_python
from local.paths import ROOT

PROGRAMS = Path(__file__).parent / "clients" / "python"
INSTALL_SECONDS = 400
RUN_SECONDS = 400

pytestmark = pytest.mark.timeout(INSTALL_SECONDS + RUN_SECONDS)


@pytest.fixture(scope="module")
def python():
    try:
        return locked_python(
            PROGRAMS / "requirements.lock", ROOT / ".tools" / "clickhouse-clients", seconds=INSTALL_SECONDS
        )
    except EnvironmentUnavailable as error:
        pytest.skip(f"dbt and SQLAlchemy are not tried, their packages may be out of reach: {error}")


def _run(python: Path, program: str, *arguments: str, **variables: str) -> str:
    outcome = subprocess.run(
        [str(python), "-W", "ignore", str(PROGRAMS / program), *arguments],
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        timeout=RUN_SECONDS,
        check=False,
    )
    assert outcome.returncode == 0, outcome.stdout[-2000:] + outcome.stderr[-2000:]
    return outcome.stdout


@pytest.mark.parametrize(("dialect", "price"), [("clickhousedb", "1.5000"), ("clickhouse+http", "1.5")])
def test_sqlalchemy_connects_reflects_inserts_and_reads(python, server, database, ask, dialect, price):
    ask("CREATE TABLE other (a UInt8) ENGINE = MergeTree ORDER BY a")
    address = f"{server.user}:{server.password}@{urlsplit(server.url).netloc}/{database}"
    outcome: dict[str, Any] = json.loads(_run(python, "sqlalchemy_client.py", f"{dialect}://{address}"))
    assert sorted(outcome["tables"]) == ["other", "sent"]
    assert outcome["nullable"] == ["maybe"]
    row = {"at": "2026-01-02 03:04:05", "price": price, "low": "it's", "day": "2026-01-02"}
    assert outcome["first"] == [{"id": "0", **row, "maybe": "0"}, {"id": "1", **row, "maybe": "None"}]
    assert [float(value) for value in outcome["counted"]] == [1000, 1500]
    assert outcome["bound"] == [5, "100 %s"]
    assert "Code: 60. DB::Exception" in outcome["error"]
    assert ask("SELECT count(), countIf(maybe IS NULL), toString(any(at)) FROM sent") == (
        "1000\t500\t2026-01-02 03:04:05.000\n"
    )


def test_dbt_seeds_builds_adds_to_and_tests_a_project(python, server, database, ask, tmp_path):
    address = urlsplit(server.url)
    _run(
        python,
        "dbt_client.py",
        str(tmp_path),
        CLICKHOUSE_HOST=str(address.hostname),
        CLICKHOUSE_PORT=str(address.port),
        CLICKHOUSE_USER=server.user,
        CLICKHOUSE_PASSWORD=server.password,
        CLICKHOUSE_DATABASE=database,
    )
    outcomes = json.loads((tmp_path / "outcomes.json").read_text(encoding="utf-8"))
    built = {"orders": "success", "orders_by_country": "success"}
    assert {name: {of: status for of, (status, _) in models.items()} for name, models in outcomes.items()} == {
        "seed": {"countries": "success"},
        "run": built,
        "run again": built,
        "test": {"unique_orders_by_country_id": "pass", "not_null_orders_by_country_id": "pass"},
        "broken": {"broken": "error"},
    }
    assert "Code: 60. DB::Exception" in outcomes["broken"]["broken"][1]
    assert ask("SELECT * FROM countries ORDER BY code") == (
        "DE\tDeutschland, Bund\t1.17\nFR\tl\\'Hexagone\t1.16\nGB\tUnited Kingdom\t1\n"
    )
    assert ask("SELECT count(), countIf(maybe IS NULL), sum(value) FROM orders") == "20\t10\t237.5\n"
    assert ask("SELECT country, count(), sum(value) FROM orders_by_country GROUP BY country ORDER BY country") == (
        "Deutschland, Bund\t7\t87.5\nUnited Kingdom\t7\t78.75\nl\\'Hexagone\t6\t71.25\n"
    )
    assert ask("SELECT name FROM system.tables WHERE database = currentDatabase() ORDER BY name").split() == [
        "countries",
        "orders",
        "orders_by_country",
    ]
