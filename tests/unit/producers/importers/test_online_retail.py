"""The importer against a few lines of pandas over the same file."""

from __future__ import annotations

import itertools
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from producers.encoder import EventEncoder
from producers.importers import open_importer
from producers.importers.importer import ImportedEvent
from producers.importers.online_retail import BUNDLED, OnlineRetail
from producers.publisher import checked_bytes
from schemas.codec import load_schema
from schemas.errors import ConfigurationError

Event = dict[str, Any]
ENCODER = EventEncoder(load_schema("shop_event"), 1)


@pytest.fixture(scope="module")
def lines() -> pd.DataFrame:
    """The file, with the exact amount of each line."""
    table = pd.read_parquet(BUNDLED)
    price = table.UnitPrice.map(lambda number: Decimal(repr(number)))
    return table.assign(price=price, amount=table.Quantity.map(Decimal) * price, day=table.InvoiceDate.dt.date)


@pytest.fixture(scope="module")
def importer() -> OnlineRetail:
    return OnlineRetail()


@pytest.fixture(scope="module")
def imported(importer: OnlineRetail) -> list[ImportedEvent]:
    return list(importer.events())


@pytest.fixture(scope="module")
def events(imported: list[ImportedEvent]) -> list[Event]:
    return [event for event, _ in imported]


def of_type(events: list[Event], event_type: str) -> list[Event]:
    return [event for event in events if event["event_type"] == event_type]


def by_id(events: list[Event], event_id: str) -> Event:
    (event,) = [event for event in events if event["event_id"] == event_id]
    return event


def sums_per_day(events: list[Event]) -> dict[Any, Decimal]:
    sums: dict[Any, Decimal] = {}
    for event in events:
        day = pd.Timestamp(event["event_time"], unit="ms").date()
        sums[day] = sums.get(day, Decimal(0)) + event["value"]
    return sums


def test_the_whole_data_set_becomes_30235_events(importer: OnlineRetail, events: list[Event]) -> None:
    assert Counter(event["event_type"] for event in events) == {
        "purchase": 19_960,
        "refund": 3_838,
        "stock_changed": 2_515,
        "product_created": 3_922,
    }
    assert importer.total == len(events)


def test_gross_and_refunds_are_exact(events: list[Event]) -> None:
    assert sum(event["value"] for event in of_type(events, "purchase")) == Decimal("10666684.544")
    assert sum(event["value"] for event in of_type(events, "refund")) == Decimal("918936.610")


def test_gross_is_that_of_pandas_on_each_of_the_305_days(lines: pd.DataFrame, events: list[Event]) -> None:
    expected = lines[lines.amount > 0].groupby("day").amount.sum()
    assert len(expected) == 305
    assert sums_per_day(of_type(events, "purchase")) == expected.to_dict()


def test_refunds_are_those_of_pandas_on_each_day(lines: pd.DataFrame, events: list[Event]) -> None:
    expected = -lines[lines.amount < 0].groupby("day").amount.sum()
    assert sums_per_day(of_type(events, "refund")) == expected.to_dict()


def test_every_invoice_has_the_value_that_pandas_finds(lines: pd.DataFrame, events: list[Event]) -> None:
    values = {event["order_id"]: event["value"] for event in of_type(events, "purchase")}
    assert values == lines[lines.amount > 0].groupby("InvoiceNo").amount.sum().to_dict()


def test_every_line_is_in_exactly_one_event_and_equal_products_stay_apart(
    lines: pd.DataFrame, events: list[Event]
) -> None:
    expected = Counter(zip(lines.InvoiceNo, lines.StockCode, lines.Quantity.abs(), lines.price.map(abs), strict=True))
    imported = Counter(
        (event["order_id"], item["product_id"], item["quantity"], item["price"])
        for event in events
        for item in event.get("items", ())
    )
    imported.update(
        (event["order_id"], event["product_id"], abs(event["quantity"]), Decimal(0))
        for event in of_type(events, "stock_changed")
    )
    assert imported == expected


def test_event_ids_are_unique_and_the_same_each_time(events: list[Event]) -> None:
    ids = [event["event_id"] for event in events]
    assert len(set(ids)) == len(ids)
    assert ids == [event["event_id"] for event, _ in OnlineRetail().events()]


def test_every_event_is_valid(events: list[Event]) -> None:
    assert sum(bool(checked_bytes(event, ENCODER)) for event in events) == 30_235


def test_events_come_in_the_order_of_their_time_and_were_received_when_they_happened(
    imported: list[ImportedEvent],
) -> None:
    times = [event["event_time"] for event, _ in imported]
    assert times == sorted(times)
    assert [received for _, received in imported] == times


def test_an_invoice_happened_when_its_first_line_did(lines: pd.DataFrame, events: list[Event]) -> None:
    first = lines.groupby("InvoiceNo").InvoiceDate.min()
    assert (lines.groupby("InvoiceNo").InvoiceDate.nunique() > 1).any()
    for event in events:
        if event["event_type"] != "product_created":
            assert pd.Timestamp(event["event_time"], unit="ms") == first[event["order_id"]]


def test_the_longest_invoice_keeps_its_1114_lines(events: list[Event]) -> None:
    longest = max(of_type(events, "purchase"), key=lambda event: len(event["items"]))
    assert longest["order_id"] == "573585"
    assert len(longest["items"]) == 1_114


def test_a_customer_is_named_by_the_number_alone(events: list[Event]) -> None:
    first = by_id(events, "online-retail:536365:purchase")
    assert first["user_id"] == "17850"
    assert first["anonymous_id"] is None
    assert (first["order_id"], first["currency"], first["source"]) == ("536365", "GBP", "online-retail")
    assert first["country"] == "United Kingdom"


def test_an_invoice_without_a_customer_belongs_to_a_visitor_of_its_own(
    lines: pd.DataFrame, events: list[Event]
) -> None:
    anonymous = set(lines[lines.CustomerID.isna() & (lines.amount != 0)].InvoiceNo)
    visitors = {event["user_id"] for event in events if event["user_id"].startswith("anonymous:")}
    assert visitors == {f"anonymous:{number}" for number in anonymous}
    assert all(event["anonymous_id"] == event["user_id"] for event in events if event["user_id"] in visitors)


def test_a_bad_debt_of_a_negative_price_is_a_refund(events: list[Event]) -> None:
    bad_debt = by_id(events, "online-retail:A563186:refund")
    assert bad_debt["value"] == Decimal("11062.06")
    assert bad_debt["items"] == [{"product_id": "B", "quantity": 1, "price": Decimal("11062.06")}]
    assert by_id(events, "online-retail:A563185:purchase")["value"] == Decimal("11062.06")


def test_a_cancelled_invoice_is_a_refund_of_positive_lines(events: list[Event]) -> None:
    cancelled = by_id(events, "online-retail:C536379:refund")
    assert cancelled["value"] == Decimal("27.5")
    assert cancelled["items"] == [{"product_id": "D", "quantity": 1, "price": Decimal("27.5")}]


def test_a_price_of_a_tenth_of_a_penny_stays_one(events: list[Event]) -> None:
    prices = {item["price"] for event in events for item in event.get("items", ())}
    assert min(prices) == Decimal("0.001")


def test_stock_changes_keep_the_sign_of_the_file_and_the_number_of_their_row(
    lines: pd.DataFrame, events: list[Event]
) -> None:
    without_money = lines[lines.amount == 0]
    expected = {
        f"online-retail:{row}:stock": (product, quantity)
        for row, product, quantity in zip(
            without_money.index, without_money.StockCode, without_money.Quantity, strict=True
        )
    }
    changes = of_type(events, "stock_changed")
    assert {event["event_id"]: (event["product_id"], event["quantity"]) for event in changes} == expected
    assert {event["user_id"] for event in changes} == {""}


def test_a_product_is_created_once_before_it_first_sells_under_its_commonest_title(
    lines: pd.DataFrame, events: list[Event]
) -> None:
    announced: set[str] = set()
    for event in events:
        announced |= {event["product_id"]} if event["event_type"] == "product_created" else set()
        if event["event_type"] == "purchase":
            assert {item["product_id"] for item in event["items"]} <= announced
    created = {event["product_id"]: event["product_title"] for event in of_type(events, "product_created")}
    sold = lines[(lines.amount > 0) & (lines.StockCode == "85123A")].Description.str.strip()
    assert created["85123A"] == sold.value_counts().idxmax() == "WHITE HANGING HEART T-LIGHT HOLDER"
    assert created.keys() == set(lines[lines.amount > 0].StockCode)


def test_without_titles_there_are_no_products(tmp_path: Path) -> None:
    path = tmp_path / "lines.parquet"
    table().to_parquet(path)
    assert [event["event_type"] for event, _ in OnlineRetail(path).events()] == ["purchase"]


def table(**columns: list[Any]) -> pd.DataFrame:
    rows = len(next(iter(columns.values()), [0]))
    defaults: dict[str, Any] = {
        "InvoiceNo": ["1"] * rows,
        "StockCode": ["a"] * rows,
        "Quantity": [1] * rows,
        "InvoiceDate": pd.to_datetime(["2011-01-01 10:00"] * rows),
        "UnitPrice": [1.0] * rows,
        "CustomerID": pd.array([7] * rows, dtype="Int32"),
        "Country": ["France"] * rows,
    }
    return pd.DataFrame({**defaults, **columns})


LINES = st.lists(
    st.tuples(
        st.sampled_from(["1", "2", "C3", "A4"]),
        st.integers(-100, 100),
        st.decimals(min_value=-10, max_value=100_000, places=3),
        st.integers(0, 60),
    ),
    min_size=1,
    max_size=20,
)


@given(LINES)
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_no_money_and_no_line_is_lost_whatever_the_file_says(
    tmp_path: Path, rows: list[tuple[str, int, Decimal, int]]
) -> None:
    path = tmp_path / "lines.parquet"
    numbers, quantities, prices, minutes = map(list, zip(*rows, strict=True))
    table(
        InvoiceNo=numbers,
        Quantity=quantities,
        UnitPrice=[float(price) for price in prices],
        InvoiceDate=[pd.Timestamp("2011-01-01") + pd.Timedelta(minutes=minute) for minute in minutes],
    ).to_parquet(path)
    importer = OnlineRetail(path)
    events = [event for event, _ in importer.events()]
    amounts = [quantity * price for _, quantity, price, _ in rows]
    assert importer.total == len(events)
    assert sum(event.get("value", Decimal(0)) for event in events) == sum(map(abs, amounts))
    assert sum(len(event.get("items", ())) or 1 for event in events) == len(rows)
    assert all(checked_bytes(event, ENCODER) for event in events)
    assert all(a["event_time"] <= b["event_time"] for a, b in itertools.pairwise(events))


def test_a_missing_file_is_named() -> None:
    with pytest.raises(ConfigurationError, match=r"There is no file nowhere/x\.parquet"):
        open_importer("online-retail", Path("nowhere/x.parquet"))


def test_a_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    path.write_text("InvoiceNo,StockCode\n", encoding="utf-8")
    with pytest.raises(ConfigurationError, match="cannot be read as a Parquet file"):
        open_importer("online-retail", path)


def test_a_directory_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read as a Parquet file"):
        open_importer("online-retail", tmp_path)


def test_missing_columns_are_named(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    table().drop(columns=["Quantity", "Country"]).to_parquet(path)
    with pytest.raises(ConfigurationError, match="lacks the columns Quantity, Country"):
        open_importer("online-retail", path)


@pytest.mark.parametrize(
    ("columns", "problem"),
    [
        ({"Quantity": ["many"]}, "column Quantity is not of type int64"),
        ({"Quantity": [1.5]}, "column Quantity is not of type int64"),
        ({"UnitPrice": [float("inf")]}, "column UnitPrice holds values that are no numbers"),
        ({"InvoiceNo": [None]}, "column InvoiceNo is empty in 1 rows"),
        ({"InvoiceDate": ["yesterday"]}, "column InvoiceDate is not of type timestamp"),
    ],
)
def test_a_column_that_cannot_be_used_is_named(tmp_path: Path, columns: dict[str, Any], problem: str) -> None:
    path = tmp_path / "x.parquet"
    table(**columns).to_parquet(path)
    with pytest.raises(ConfigurationError, match=problem):
        open_importer("online-retail", path)


def test_an_unknown_data_set_is_answered_with_the_known_ones() -> None:
    known = r"There is no data set 'offline'\. Known are: online-retail, rees46, retailrocket\."
    with pytest.raises(ConfigurationError, match=known):
        open_importer("offline")
