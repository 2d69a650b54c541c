from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from connections.clickhouse import SYSTEM_DATABASE, connected
from connections.errors import DependencyUnavailable, StatementRefused
from dashboards.queries import queries, run
from operations.migrate import migrate_tables
from schemas.settings import Settings

pytestmark = pytest.mark.platform

DAYS = (date(2026, 6, 1), date(2026, 6, 2), date(2026, 6, 3))
SALES = ("day", "currency", "orders", "units", "gross", "refunds", "cancelled", "buyers", "new_buyers")

OF_THE_SHOP = {"shop_range", "visits_now"}
"""Queries with one row, whatever the days."""


@pytest.fixture(scope="module")
def settings(platform: Any) -> Iterator[Settings]:
    """A shop in London with three days of sales."""
    name = f"queries_{uuid.uuid4().hex[:10]}"
    of_london: Settings = platform.settings.model_copy(
        update={"clickhouse_database": name, "time_zone": "Europe/London"}
    )
    migrate_tables(of_london, wait_seconds=30)
    with connected(of_london, name) as client:
        client.insert("sales_daily_versions", _sales_daily(), column_names=SALES)
        minutes = [datetime(2026, 6, 1, 22, 59, tzinfo=UTC), datetime(2026, 6, 1, 23, 0, tzinfo=UTC)]
        rows = [(at, "GBP", 1, 2, Decimal("3.0001"), Decimal(0), Decimal(0)) for at in minutes]
        columns = ("minute", "currency", "orders", "units", "gross", "refunds", "cancelled")
        client.insert("sales_minutely_versions", rows, column_names=columns)
        products = [(DAYS[0], "GBP", "p1", 1, 2, Decimal(5)), (DAYS[0], "GBP", "p2", 1, 9, Decimal("7.5"))]
        product_columns = ("day", "currency", "product_id", "purchases", "units", "revenue")
        client.insert("products_daily_versions", products, column_names=product_columns)
    yield of_london
    with connected(of_london, SYSTEM_DATABASE) as client:
        client.command(f"DROP DATABASE {name} SYNC")


def _sales_daily() -> list[tuple[Any, ...]]:
    amounts = (Decimal("100.0001"), Decimal("10.5"), Decimal("0.25"))
    return [
        (DAYS[0], "GBP", 3, 7, *amounts, 2, 1),
        (DAYS[0], "EUR", 1, 1, Decimal("9.99"), Decimal(0), Decimal(0), 1, 1),
        (DAYS[1], "GBP", 8, 9, Decimal("0.0005"), Decimal(0), Decimal(0), 8, 0),
        (DAYS[2], "GBP", 0, 0, Decimal(0), Decimal("20.123"), Decimal(0), 0, 0),
    ]


def test_sales_daily_derives_net_average_and_returning_buyers(settings: Settings) -> None:
    answer = run(settings, "sales_daily", DAYS[0], DAYS[2])
    assert answer.columns == (
        *SALES[:7],
        "net",
        "average_order_value",
        "buyers",
        "new_buyers",
        "returning_buyers",
    )
    none = Decimal(0)
    assert answer.rows == [
        (DAYS[0], "EUR", 1, 1, Decimal("9.99"), none, none, Decimal("9.99"), Decimal("9.99"), 1, 1, 0),
        (
            *(DAYS[0], "GBP", 3, 7, Decimal("100.0001"), Decimal("10.5"), Decimal("0.25")),
            *(Decimal("89.2501"), Decimal("33.3334"), 2, 1, 1),
        ),
        (DAYS[1], "GBP", 8, 9, Decimal("0.0005"), none, none, Decimal("0.0005"), Decimal("0.0001"), 8, 0, 8),
        (DAYS[2], "GBP", 0, 0, none, Decimal("20.123"), none, Decimal("-20.123"), None, 0, 0, 0),
    ]


def test_both_days_are_included(settings: Settings) -> None:
    assert {row[0] for row in run(settings, "sales_daily", DAYS[1], DAYS[1]).rows} == {DAYS[1]}
    assert {row[0] for row in run(settings, "sales_daily", DAYS[1], DAYS[2]).rows} == set(DAYS[1:])


def test_totals_add_up_each_currency_alone(settings: Settings) -> None:
    answer = run(settings, "sales_totals")
    assert [dict(zip(answer.columns, row, strict=True)) for row in answer.rows] == [
        {
            "currency": "EUR",
            "days": 1,
            "orders": 1,
            "units": 1,
            "gross": Decimal("9.99"),
            "refunds": Decimal(0),
            "cancelled": Decimal(0),
            "net": Decimal("9.99"),
            "average_order_value": Decimal("9.99"),
        },
        {
            "currency": "GBP",
            "days": 3,
            "orders": 11,
            "units": 16,
            "gross": Decimal("100.0006"),
            "refunds": Decimal("30.623"),
            "cancelled": Decimal("0.25"),
            "net": Decimal("69.1276"),
            "average_order_value": Decimal("9.0910"),
        },
    ]


def test_minutes_belong_to_days_of_the_shop_and_are_shown_in_its_time_zone(settings: Settings) -> None:
    (first,) = run(settings, "sales_minutely", DAYS[0], DAYS[0]).rows
    (second,) = run(settings, "sales_minutely", DAYS[1], DAYS[1]).rows
    assert (first[0], second[0]) == (
        datetime(2026, 6, 1, 23, 59, tzinfo=ZoneInfo("Europe/London")),
        datetime(2026, 6, 2, 0, 0, tzinfo=ZoneInfo("Europe/London")),
    )
    assert first[0].isoformat() == "2026-06-01T23:59:00+01:00"


def test_products_come_best_selling_first(settings: Settings) -> None:
    rows = run(settings, "products_daily").rows
    assert [(row[2], row[5]) for row in rows] == [("p2", Decimal("7.5")), ("p1", Decimal(5))]


@pytest.mark.parametrize("name", queries())
def test_an_answer_without_rows_still_names_its_columns(settings: Settings, name: str) -> None:
    empty, full = run(settings, name, date(1999, 1, 1), date(1999, 1, 2)), run(settings, name)
    assert len(empty.rows) == (1 if name in OF_THE_SHOP else 0)
    assert empty.columns == full.columns


def test_a_clickhouse_that_is_away_is_named(settings: Settings) -> None:
    away = settings.model_copy(update={"clickhouse_url": "http://127.0.0.1:9"})
    with pytest.raises(DependencyUnavailable, match=r"ClickHouse at http://127\.0\.0\.1:9 does not answer"):
        run(away, "sales_daily")


def test_a_database_without_tables_is_refused_in_words(settings: Settings) -> None:
    with pytest.raises(StatementRefused, match="sales_daily"):
        run(settings.model_copy(update={"clickhouse_database": "default"}), "sales_daily")
