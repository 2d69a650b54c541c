"""Customers of the bundled data set: the queries beside a few lines of pandas, and expected values beside what came."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pandas as pd
import pytest

from connections.clickhouse import SYSTEM_DATABASE, connected
from customers.tables import bookings, day_number, day_of
from customers.valuation import value_customers
from dashboards.queries import Answer, run
from operations.migrate import migrate_tables
from operations.personal.clickhouse import IN_CLICKHOUSE
from schemas.settings import Settings
from tests.support.customers import COLUMNS, booked_rows, purchases
from tests.support.online_retail import order_lines

pytestmark = pytest.mark.platform

FIRST, LAST = date(2010, 12, 1), date(2011, 12, 9)
QUARTER = 91
"""The last three months of the data, and as many days before them."""


@pytest.fixture(scope="module")
def shop(platform: Any) -> Iterator[Settings]:
    """A shop with the orders of the data set."""
    name = f"customers_{uuid.uuid4().hex[:10]}"
    settings: Settings = platform.settings.model_copy(update={"clickhouse_database": name})
    migrate_tables(settings, wait_seconds=30)
    rows = booked_rows()
    with connected(settings, name) as client:
        client.insert("customer_orders_versions", rows, column_names=COLUMNS)
        days = sorted({(row[0], row[2]) for row in rows if row[4]})
        client.insert("user_days_versions", days, column_names=("day", "user_id"))
    yield settings
    with connected(settings, SYSTEM_DATABASE) as client:
        client.command(f"DROP DATABASE {name} SYNC")


@pytest.fixture(scope="module")
def lines() -> pd.DataFrame:
    return order_lines()


@pytest.fixture(scope="module")
def orders(lines: pd.DataFrame) -> pd.DataFrame:
    return purchases(lines)


def asked(settings: Settings, name: str, **given: str) -> pd.DataFrame:
    answer: Answer = run(settings, name, FIRST, LAST, given)
    return pd.DataFrame(answer.rows, columns=list(answer.columns))


@pytest.mark.parametrize(("period", "code"), [("day", "D"), ("week", "W-SUN"), ("month", "M")])
@pytest.mark.parametrize("query", ["cohorts_by_first_purchase", "cohorts_by_first_visit"])
def test_cohorts_are_those_of_pandas(shop: Settings, orders: pd.DataFrame, query: str, period: str, code: str) -> None:
    """In this data set a visit is an order."""
    periods = orders["day"].dt.to_period(code)
    cohort = periods.groupby(orders["user"]).transform("min")
    later = (periods - cohort).map(lambda distance: distance.n)
    size = orders.groupby(cohort)["user"].nunique()
    expected = orders.groupby([cohort.rename("cohort"), later.rename("number")])["user"].nunique()

    answer = asked(shop, query, period=period, periods="60")
    people, came = answer.columns[2], answer.columns[3]

    answered = {(row["cohort"], row["number"]): row[came] for _, row in answer.iterrows()}
    counted = {(first.start_time.date(), number): n for (first, number), n in expected.items() if number <= 60}
    assert {key: n for key, n in answered.items() if n} == counted
    assert dict(zip(answer["cohort"], answer[people], strict=True)) == {p.start_time.date(): n for p, n in size.items()}
    begun = {(first.start_time.date(), n) for first in size.index for n in range(61) if first + n <= periods.max()}
    assert answered.keys() == begun


@pytest.mark.parametrize("guests", ["with", "without"])
def test_repeat_rate_and_days_between_orders_are_those_of_pandas(
    shop: Settings, orders: pd.DataFrame, guests: str
) -> None:
    known = orders if guests == "with" else orders[~orders["guest"]]
    counts = known.groupby("user").size()
    gaps = known.sort_values("day").groupby("user")["day"].diff().dropna().dt.days

    (row,) = asked(shop, "customers_repeat", guests=guests).to_dict("records")
    buckets = asked(shop, "days_between_orders", guests=guests, bucket="30")

    assert (row["customers"], row["repeat_customers"], row["orders"]) == (len(counts), (counts > 1).sum(), counts.sum())
    assert row["repeat_rate"] == pytest.approx((counts > 1).mean())
    assert (row["gaps"], row["median_days_between"]) == (len(gaps), gaps.median())
    assert row["average_days_between"] == pytest.approx(gaps.mean())
    assert dict(zip(buckets["first_day"], buckets["orders"], strict=True)) == {
        number * 30: n for number, n in (gaps // 30).value_counts().items()
    }


def test_scores_segments_and_value_to_date_are_those_of_pandas(
    shop: Settings, lines: pd.DataFrame, orders: pd.DataFrame
) -> None:
    moved = lines[lines["sold"] | lines["returned"]]
    table = pd.DataFrame(
        {
            "last": orders.groupby("user")["day"].max(),
            "orders": orders.groupby("user").size(),
            "net": moved.groupby("user")["amount"].sum(),
        }
    ).dropna()
    for score, column in (("recency", "last"), ("frequency", "orders"), ("monetary", "net")):
        values = table[column].astype(float) if column == "net" else table[column]
        table[score] = 1 + (5 * (values.rank(method="min").astype(int) - 1)) // len(table)

    answer = asked(shop, "customers_top", limit="10000").set_index("user_id")
    answer.index = answer.index.str.replace("anonymous:", "anonymous ")
    columns = ["orders", "net", "recency", "frequency", "monetary"]
    assert answer[columns].sort_index().to_dict() == table[columns].sort_index().to_dict()
    assert answer["net"].sum() == table["net"].sum() > Decimal(9_000_000)

    segments = asked(shop, "rfm_segments").set_index("segment")
    assert segments["customers"].to_dict() == answer["segment"].value_counts().to_dict()
    champions = table[(table["recency"] == 5) & (table["frequency"] >= 4)]
    assert segments.loc["champions", ["customers", "net"]].to_list() == [len(champions), champions["net"].sum()]
    assert segments["customers"].sum() == len(table)
    (totals,) = asked(shop, "customers_totals").to_dict("records")
    assert (totals["customers"], totals["net"]) == (len(table), table["net"].sum())


def test_expected_values_are_near_what_came(shop: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    """Of the three quarters that can be left out, the last is Christmas, which no model can know of (ADR 0037)."""
    valued = value_customers(shop, datetime.now(UTC), QUARTER, None, lambda _: None)
    (valuation,) = valued.valuations
    checked = valuation.hold_outs
    mean = {name: sum(abs(getattr(each, name)) for each in checked) / 3 for name in ("orders_error", "value_error")}

    with capsys.disabled():
        print()  # noqa: T201
        for each in checked:
            orders = f"{each.expected_orders:,.0f} orders expected, {each.orders:,.0f} came ({each.orders_error:+.1%})"
            value = f"value {each.expected_value:,.0f} expected, {each.value:,.0f} came ({each.value_error:+.1%})"
            print(f"  {day_of(each.first)}, {QUARTER} days: {orders}; {value}")  # noqa: T201
        print(f"  mean error: orders {mean['orders_error']:.1%}, value {mean['value_error']:.1%}")  # noqa: T201

    christmas, *others = checked
    assert len(others) == 2
    assert all(abs(each.orders_error) < 0.15 and abs(each.value_error) < 0.15 for each in others)
    assert -0.30 < christmas.orders_error < 0
    assert -0.45 < christmas.value_error < 0


def test_expected_values_are_stored_of_each_known_customer_and_erased_with_them(
    shop: Settings, orders: pd.DataFrame
) -> None:
    before = value_customers(shop, datetime.now(UTC), 30, date(2011, 6, 30), lambda _: None)
    assert before.valuations[0].as_of == date(2011, 6, 30)
    value_customers(shop, datetime.now(UTC), 90, None, lambda _: None)
    known = orders[~orders["guest"]]["user"].nunique()

    (row,) = asked_now(shop, "customers_expected")
    assert (row["as_of"], row["days"], row["customers"]) == (LAST, 90, known)
    best = asked_now(shop, "customers_expected_top")[0]
    held = IN_CLICKHOUSE.held(shop, best["user_id"])
    assert held["ClickHouse: customer_value_rows"] == 1
    assert held["ClickHouse: customer_orders_versions"] >= best["orders"]

    IN_CLICKHOUSE.erase(shop, best["user_id"])
    assert sum(IN_CLICKHOUSE.held(shop, best["user_id"]).values()) == 0
    assert best["user_id"] not in {each["user_id"] for each in asked_now(shop, "customers_expected_top")}


def asked_now(settings: Settings, name: str) -> list[dict[str, Any]]:
    answer = run(settings, name)
    return [dict(zip(answer.columns, row, strict=True)) for row in answer.rows]


def test_bookings_are_those_until_a_day(shop: Settings) -> None:
    with connected(shop, shop.clickhouse_database) as client:
        booked, names = bookings(client, "GBP", date(2010, 12, 31))
        none, nobody = bookings(client, "GBP", date(2009, 1, 1))
    assert booked.day.max() <= day_number(date(2010, 12, 31))
    assert names == sorted(names)
    assert booked.customer.max() == len(names) - 1
    assert (len(none.day), nobody) == (0, [])
