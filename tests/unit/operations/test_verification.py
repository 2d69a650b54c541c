"""Comparing rows with a ledger's."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from operations.verification import (
    EXAMPLES,
    Difference,
    ExpectedTable,
    LedgerFile,
    RecordsReport,
    TableReport,
    check_settings,
    check_tables,
    compare_rows,
    every_table,
    read_ledger,
)
from schemas.errors import ConfigurationError
from schemas.results import RESULTS
from schemas.settings import Settings

COLUMNS = {
    "day": "day",
    "currency": "text",
    "minute": "instant",
    "orders": "count",
    "gross": "amount",
    "rate": "rate",
    "page": "text",
}
WANTED = ["2026-01-05", "EUR", "2026-01-05T10:31:00.000Z", 3, "10.0010", "1/3", None]
FOUND = (date(2026, 1, 5), "EUR", datetime(2026, 1, 5, 10, 31, tzinfo=UTC), 3, Decimal("10.001"), 1 / 3, "")


def compared(expected: list[list[Any]], actual: list[tuple[Any, ...]]) -> TableReport:
    report = TableReport(len(expected))
    compare_rows(ExpectedTable(COLUMNS, 2, expected), actual, report)
    return report


def changed(**cells: Any) -> tuple[Any, ...]:
    return tuple((dict(zip(COLUMNS, FOUND, strict=True)) | cells).values())


def test_equal_rows_agree() -> None:
    report = compared([WANTED], [FOUND])
    assert report.agrees
    assert (report.expected, report.actual) == (1, 1)


@pytest.mark.parametrize(
    "cells",
    [
        {"page": None},
        {"minute": datetime(2026, 1, 5, 10, 31)},  # noqa: DTZ001 - as a column without a zone is read
        {"minute": datetime(2026, 1, 5, 11, 31, tzinfo=timezone(timedelta(hours=1)))},
        {"rate": Decimal("0.3333")},
        {"rate": Decimal("0.33333333")},
        {"gross": Decimal("10.00100")},
    ],
)
def test_the_same_said_in_another_way_agrees(cells: dict[str, Any]) -> None:
    assert compared([WANTED], [changed(**cells)]).agrees


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ({"orders": 4}, {"orders": (3, 4)}),
        ({"gross": Decimal("10.0011")}, {"gross": ("10.0010", "10.0011")}),
        ({"rate": Decimal("0.3334")}, {"rate": ("1/3", "0.3334")}),
        ({"rate": 0.3333}, {"rate": ("1/3", 0.3333)}),
        ({"rate": None}, {"rate": ("1/3", None)}),
        ({"page": "x"}, {"page": (None, "x")}),
        (
            {"minute": datetime(2026, 1, 5, 10, 31, 0, 1000, tzinfo=UTC)},
            {"minute": ("2026-01-05T10:31:00.000Z", "2026-01-05T10:31:00.001Z")},
        ),
        ({"orders": 4, "page": "x"}, {"orders": (3, 4), "page": (None, "x")}),
    ],
)
def test_cells_that_differ_are_named_with_both_values(cells: dict[str, Any], expected: dict[str, Any]) -> None:
    report = compared([WANTED], [changed(**cells)])
    assert report.examples == [Difference("different", ("2026-01-05", "EUR"), expected)]
    assert report.counts == {"different": 1}
    assert not report.agrees


def test_an_empty_cell_is_not_a_zero() -> None:
    empty = [*WANTED[:4], None, None, None]
    assert compared([empty], [changed(gross=None, rate=None)]).agrees
    assert not compared([empty], [changed(gross=Decimal(0), rate=None)]).agrees


def test_rows_that_are_missing_and_rows_too_many_are_told_apart() -> None:
    report = compared([WANTED], [changed(currency="GBP")])
    assert report.counts == {"missing": 1, "extra": 1}
    assert [(difference.kind, difference.key) for difference in report.examples] == [
        ("missing", ("2026-01-05", "EUR")),
        ("extra", ("2026-01-05", "GBP")),
    ]


def test_a_row_that_is_there_twice_is_one_too_many() -> None:
    assert compared([WANTED], [FOUND, FOUND]).counts == {"extra": 1}


def test_every_difference_is_counted_and_the_first_are_kept() -> None:
    actual = [changed(currency=f"{number:03d}") for number in range(100)]
    report = compared([], actual)
    assert report.counts["extra"] == 100
    assert len(report.examples) == EXAMPLES


def test_a_table_that_could_not_be_compared_does_not_agree() -> None:
    assert not TableReport(0, problem="ClickHouse has no such table").agrees


def test_records_agree_when_every_count_does() -> None:
    assert RecordsReport(1, {"accepted": (1, 1), "failed": (2, 2)}).agrees
    assert not RecordsReport(1, {"accepted": (1, 1), "failed": (2, 3)}).agrees


def ledger_text(**changes: Any) -> str:
    content = {
        "format": "shopstream-ledger-1",
        "arguments": {},
        "settings": {
            "time_zone": "UTC",
            "lateness_ms": 604_800_000,
            "skew_ms": 600_000,
            "fold_orders": True,
            "order_sources": ["backend"],
            "prices_include_tax": True,
        },
        "records": {"produced": 3, "accepted": 1, "duplicates": 1, "failed": {"too_old": 1}},
        "trouble": {},
        "tables": {"t": {"columns": COLUMNS, "keys": 2, "rows": [WANTED]}},
    }
    return json.dumps(content | changes)


@pytest.mark.parametrize("packed", [False, True])
def test_a_ledger_is_read_as_it_was_written(tmp_path: Path, packed: bool) -> None:
    path = tmp_path / ("L.json.gz" if packed else "L.json")
    data = ledger_text().encode()
    path.write_bytes(gzip.compress(data) if packed else data)
    read = read_ledger(path)
    assert (read.produced, read.accepted, read.duplicates, read.failed) == (3, 1, 1, {"too_old": 1})
    assert read.tables == {"t": ExpectedTable(COLUMNS, 2, [WANTED])}


@pytest.mark.parametrize("text", ["", "[]", "{}", "not json", ledger_text(format="other")])
def test_what_is_no_ledger_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "L.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError, match="ledger"):
        read_ledger(path)


def test_a_ledger_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"No ledger can be read from .*L\.json"):
        read_ledger(tmp_path / "L.json")


def test_every_result_is_compared_also_one_that_the_ledger_lacks(tmp_path: Path) -> None:
    path = tmp_path / "L.json"
    path.write_text(ledger_text(), encoding="utf-8")
    ledger = read_ledger(path)
    assert set(every_table(ledger)) == {"t", *(result.name for result in RESULTS)}
    with pytest.raises(ConfigurationError, match=r"The ledger has no table sales_daily\. It has: t\."):
        check_tables(ledger, ("sales_daily",))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"time_zone": "Europe/Berlin"}, "time_zone UTC, not Europe/Berlin"),
        ({"allowed_lateness_seconds": 60}, "lateness_ms 604800000, not 60000"),
        ({"clock_skew_seconds": 1}, "skew_ms 600000, not 1000"),
        ({"fold_orders": False}, "fold_orders True, not False"),
        ({"prices_include_tax": False}, "prices_include_tax True, not False"),
        ({"order_sources": "erp, backend"}, r"order_sources \['backend'\], not \['erp', 'backend'\]"),
    ],
)
def test_a_ledger_for_other_settings_is_refused(tmp_path: Path, changes: dict[str, Any], said: str) -> None:
    path = tmp_path / "L.json"
    path.write_text(ledger_text(), encoding="utf-8")
    ledger: LedgerFile = read_ledger(path)
    check_settings(ledger, Settings())
    with pytest.raises(ConfigurationError, match=said):
        check_settings(ledger, Settings(**changes))
