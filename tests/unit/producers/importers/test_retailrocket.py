"""The importer of RetailRocket's data set, on small tables of both forms."""

from __future__ import annotations

import itertools
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from producers.encoder import EventEncoder
from producers.importers import open_importer
from producers.importers.retailrocket import RetailRocket
from producers.publisher import checked_bytes
from schemas.codec import load_schema
from schemas.errors import ConfigurationError

Event = dict[str, Any]
Row = tuple[int, int, str, int]
ENCODER = EventEncoder(load_schema("shop_event"), 1)

NOON = 1_433_160_000
MINUTE = 60


def written(path: Path, *rows: Row) -> Path:
    pd.DataFrame(rows, columns=["timestamp", "user", "event", "item"]).to_parquet(path)
    return path


def original(path: Path, *rows: str) -> Path:
    path.write_text("\n".join(["timestamp,visitorid,event,itemid,transactionid", *rows]) + "\n", encoding="utf-8")
    return path


def events(path: Path) -> list[Event]:
    importer = RetailRocket(path)
    imported = list(importer.events())
    assert importer.total == len(imported)
    assert all(received == event["event_time"] for event, received in imported)
    assert all(checked_bytes(event, ENCODER) for event, _ in imported)
    return [event for event, _ in imported]


def sessions(path: Path) -> list[str]:
    return [event["session_id"] for event in events(path)]


def test_each_row_becomes_the_event_of_its_kind(tmp_path: Path) -> None:
    rows: list[Row] = [(NOON, 7, "view", 1), (NOON + 1, 7, "addtocart", 1), (NOON + 2, 7, "transaction", 1)]
    view, cart, purchase = events(written(tmp_path / "x.parquet", *rows))
    header = {"user_id": "7", "source": "retailrocket", "session_id": f"retailrocket:7:{NOON}000"}
    assert view == header | {
        "event_id": f"retailrocket:{NOON}000:7:view:1:1",
        "event_type": "view_item",
        "event_time": NOON * 1000,
        "product_id": "1",
    }
    assert cart == header | {
        "event_id": f"retailrocket:{NOON + 1}000:7:addtocart:1:1",
        "event_type": "add_to_cart",
        "event_time": (NOON + 1) * 1000,
        "product_id": "1",
        "quantity": 1,
    }
    assert purchase == header | {
        "event_id": f"retailrocket:{NOON + 2}000:7:transaction:1:1",
        "event_type": "purchase",
        "event_time": (NOON + 2) * 1000,
        "order_id": f"retailrocket:{NOON + 2}000:7:transaction:1:1",
        "currency": "USD",
        "value": Decimal(0),
        "items": [{"product_id": "1", "quantity": 1, "price": Decimal(0)}],
    }


def test_seconds_and_milliseconds_give_the_same_events(tmp_path: Path) -> None:
    seconds = events(written(tmp_path / "s.parquet", (NOON, 7, "view", 1)))
    assert events(written(tmp_path / "ms.parquet", (NOON * 1000, 7, "view", 1))) == seconds


def test_the_original_csv_gives_the_same_events(tmp_path: Path) -> None:
    expected = events(written(tmp_path / "x.parquet", (NOON, 7, "view", 1), (NOON + 1, 8, "addtocart", 2)))
    rows = (f"{NOON}000,7,view,1,", f"{NOON + 1}000,8,addtocart,2,")
    assert events(original(tmp_path / "events.csv", *rows)) == expected


def test_rows_of_one_transaction_are_the_lines_of_one_purchase(tmp_path: Path) -> None:
    first, other, user = events(
        original(
            tmp_path / "events.csv",
            f"{NOON}000,7,transaction,1,4000",
            f"{NOON}000,7,transaction,2,4001",
            f"{NOON}005,7,transaction,2,4000",
            f"{NOON}006,7,transaction,2,4000",
            f"{NOON}007,8,transaction,3,4000",
        )
    )
    assert (first["event_id"], first["order_id"]) == ("retailrocket:4000:7", "retailrocket:4000:7")
    assert first["event_time"] == NOON * 1000
    assert [item["product_id"] for item in first["items"]] == ["1", "2", "2"]
    assert [item["product_id"] for item in other["items"]] == ["2"]
    assert (user["user_id"], user["order_id"]) == ("8", "retailrocket:4000:8")


def test_equal_rows_are_events_of_their_own(tmp_path: Path) -> None:
    row: Row = (NOON, 7, "view", 1)
    ids = [event["event_id"] for event in events(written(tmp_path / "x.parquet", row, row, (NOON, 7, "view", 2), row))]
    assert [event_id.removeprefix(f"retailrocket:{NOON}000:7:view:") for event_id in ids] == [
        "1:1",
        "1:2",
        "2:1",
        "1:3",
    ]


def test_half_an_hour_without_an_event_ends_a_visit_and_a_second_less_does_not(tmp_path: Path) -> None:
    times = [NOON, NOON + 30 * MINUTE, NOON + 60 * MINUTE, NOON + 90 * MINUTE + 1]
    session_ids = sessions(written(tmp_path / "x.parquet", *[(time, 7, "view", 1) for time in times]))
    assert session_ids == [f"retailrocket:7:{NOON}000"] * 3 + [f"retailrocket:7:{times[3]}000"]


def test_a_visit_goes_on_across_midnight(tmp_path: Path) -> None:
    midnight = int(pd.Timestamp("2015-06-02", tz="UTC").timestamp())
    rows: list[Row] = [(midnight - MINUTE, 7, "view", 1), (midnight + MINUTE, 7, "view", 2)]
    assert set(sessions(written(tmp_path / "x.parquet", *rows))) == {f"retailrocket:7:{midnight - MINUTE}000"}


def test_each_user_has_visits_of_their_own(tmp_path: Path) -> None:
    rows: list[Row] = [(NOON, 7, "view", 1), (NOON, 8, "view", 1), (NOON + 31 * MINUTE, 7, "view", 1)]
    session_ids = sessions(written(tmp_path / "x.parquet", *rows))
    assert len(set(session_ids)) == 3


KINDS = st.sampled_from(["view", "addtocart", "transaction"])
ROWS = st.lists(
    st.tuples(st.integers(NOON, NOON + 3 * 60 * MINUTE), st.integers(1, 3), KINDS, st.integers(1, 2)),
    min_size=1,
    max_size=40,
)


@given(ROWS)
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_every_row_is_an_event_of_its_own_in_the_order_of_time(tmp_path: Path, rows: list[Row]) -> None:
    path = written(tmp_path / "x.parquet", *rows)
    imported = events(path)
    assert len({event["event_id"] for event in imported}) == len(imported) == len(rows)
    assert [event["event_time"] for event in imported] == sorted(row[0] * 1000 for row in rows)
    assert events(path) == imported


@given(ROWS)
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_pauses_of_more_than_half_an_hour_lie_between_visits_and_none_inside(tmp_path: Path, rows: list[Row]) -> None:
    of_user: dict[str, list[Event]] = {}
    for event in events(written(tmp_path / "x.parquet", *rows)):
        of_user.setdefault(event["user_id"], []).append(event)
    for visited in of_user.values():
        for before, after in itertools.pairwise(visited):
            pause_ms = after["event_time"] - before["event_time"]
            assert (before["session_id"] != after["session_id"]) == (pause_ms > 30 * MINUTE * 1000)


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ((NOON, 7, "wishlist", 1), r"column event holds \['wishlist'\]; known are view, addtocart, transaction"),
        ((NOON * 1_000_000, 7, "view", 1), "neither all of them are seconds since 1970 nor all of them milliseconds"),
        ((-1, 7, "view", 1), "column timestamp goes from -1 to 1433160000"),
        ((NOON * 1000, 7, "view", 1), "column timestamp goes from 1433160000 to 1433160000000"),
        ((NOON, None, "view", 1), "column user is empty in 1 rows"),
        ((NOON, 7, None, 1), "column event is empty in 1 rows"),
    ],
)
def test_a_value_that_cannot_be_is_named_before_anything_is_sent(tmp_path: Path, row: Row, problem: str) -> None:
    with pytest.raises(ConfigurationError, match=problem):
        RetailRocket(written(tmp_path / "x.parquet", (NOON, 7, "view", 1), row))


def test_a_view_with_a_transaction_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="1 rows have a transactionid and are no transactions"):
        RetailRocket(original(tmp_path / "events.csv", f"{NOON}000,7,view,1,4000"))


def test_ids_that_are_no_numbers_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="column user is not of type int64"):
        RetailRocket(original(tmp_path / "events.csv", f"{NOON}000,ada,view,1,"))


def test_other_columns_are_answered_with_the_right_ones(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("a,b\n1,2\n", encoding="utf-8")
    with pytest.raises(ConfigurationError, match="has the columns a, b; the data set RetailRocket has timestamp, user"):
        open_importer("retailrocket", path)


def test_what_is_no_table_or_no_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    path.write_bytes(b"PAR1 and no more")
    with pytest.raises(ConfigurationError, match="cannot be read as a Parquet or CSV file"):
        open_importer("retailrocket", path)
    with pytest.raises(ConfigurationError, match=r"There is no file nowhere/x\.parquet"):
        open_importer("retailrocket", Path("nowhere/x.parquet"))
    with pytest.raises(ConfigurationError, match=r"Name its file: \./shop import retailrocket FILE"):
        open_importer("retailrocket")


def test_an_empty_file_has_no_events(tmp_path: Path) -> None:
    assert events(original(tmp_path / "events.csv")) == []
