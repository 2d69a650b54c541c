"""The importers end to end: the daily tables equal a few lines of pandas on the imported files.

The tests build on each other in their order, on the platform that the demo has left. Each data set has days of its own:
the made-up rows of RetailRocket's form are of 2013 and 2014, those of REES46's of 2019; RetailRocket's own are of 2015.
"""

from __future__ import annotations

import csv
import io
import random
import time
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from connections.clickhouse import connected
from local.commands import run_shop
from local.platform import Platform
from operations.failed_events import failed_events
from operations.lag import wait_until_settled
from schemas.failures import Reason
from tests.support.data_sets import data_set
from tests.support.faults import kill
from tests.support.platforms import shop_in_background, start

pytestmark = [pytest.mark.platform, pytest.mark.timeout(1800)]

JOBS = ("ingest", "analytics")
SETTLE_SECONDS = 600
IMPORT_RATE = 500
IMPORTED_SLOWLY = 6_000
"""So many rows at so many a second: Kafka is killed and is back while they are imported."""

Rows = list[dict[str, str]]
BAD_ROWS = {
    "2019-10-02 10:00:00 UTC,purchase,1,,,,-79.37,501,s": "price: '-79.37' is not between 0 and 100000000000000",
    "2019-10-02 10:00:00 UTC,wishlist,1,,,,1.00,501,s": (
        "event_type: 'wishlist' is none of view, cart, remove_from_cart, purchase"
    ),
    "2019-10-02 10:00:00 UTC,view,1": "has 3 columns instead of 9",
}


@pytest.fixture(scope="module")
def shop(platform_of_the_demo: Platform) -> Platform:
    """The demo's, whose jobs run; where this module runs alone, started here."""
    if not platform_of_the_demo.is_up():
        start(platform_of_the_demo, JOBS)
    return platform_of_the_demo


@pytest.fixture(scope="module")
def rees46(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Rows of three days, some of them more than once, three of them bad; as a compressed file."""
    rng = random.Random(46)
    products = [
        (str(number), f"{rng.randrange(1, 200_000) / 100:.2f}", rng.choice(["", "electronics.audio", "apparel"]))
        for number in range(1, 30)
    ]
    start = pd.Timestamp("2019-10-01 22:00", tz="UTC")
    moments = sorted(start + pd.Timedelta(seconds=rng.randrange(30 * 3600)) for _ in range(400))
    lines = []
    for moment in moments:
        product, price, category = rng.choice(products)
        kind = rng.choices(["view", "cart", "remove_from_cart", "purchase"], [5, 3, 1, 2])[0]
        user = rng.randrange(500, 540)
        line = f"{moment:%Y-%m-%d %H:%M:%S} UTC,{kind},{product},77,{category},,{price},{user},visit-{user}"
        lines += [line] * rng.choice([1, 1, 1, 1, 2, 3])
    for bad in BAD_ROWS:
        lines.insert(rng.randrange(len(lines)), bad)
    path = tmp_path_factory.mktemp("rees46") / "2019-Oct.csv.gz"
    header = "event_time,event_type,product_id,category_id,category_code,brand,price,user_id,user_session"
    pd.Series([header, *lines]).to_csv(path, index=False, header=False, quoting=csv.QUOTE_NONE, sep="\x01")
    return path


@pytest.fixture(scope="module")
def retailrocket(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return retailrocket_file(tmp_path_factory.mktemp("retailrocket"), "2014-05-03 12:00", 400)


def retailrocket_file(folder: Path, first: str, size: int) -> Path:
    """Rows of two days, in the disorder of the generator, the first twenty twice."""
    rng = random.Random(7)
    start_seconds = int(pd.Timestamp(first, tz="UTC").timestamp())
    kinds = ["view", "addtocart", "transaction"]
    rows = [
        (
            start_seconds + rng.randrange(30 * 3600),
            rng.randrange(1, 20),
            rng.choices(kinds, [7, 2, 1])[0],
            rng.randrange(1, 15),
        )
        for _ in range(size)
    ]
    path = folder / "events.parquet"
    pd.DataFrame(rows + rows[:20], columns=["timestamp", "user", "event", "item"]).to_parquet(path)
    return path


@pytest.fixture(scope="module")
def rees46_rows(rees46: Path) -> pd.DataFrame:
    """Day, kind, product, price and user of each good row, by pandas."""
    frame = pd.read_csv(rees46, dtype=str)
    frame["cents"] = frame["price"].map(Decimal)
    good = frame[frame["event_type"].isin(["view", "cart", "remove_from_cart", "purchase"]) & (frame["cents"] >= 0)]
    return pd.DataFrame(
        {
            "day": good["event_time"].str[:10],
            "kind": good["event_type"].replace("remove_from_cart", "removal"),
            "product": good["product_id"],
            "price": good["cents"],
            "user": good["user_id"],
        }
    )


def retailrocket_rows(path: Path) -> pd.DataFrame:
    """The same of a file of RetailRocket's, whose prices are 0."""
    frame = pd.read_parquet(path)
    return pd.DataFrame(
        {
            "day": pd.to_datetime(frame["timestamp"], unit="s").dt.strftime("%Y-%m-%d"),
            "kind": frame["event"].replace({"addtocart": "cart", "transaction": "purchase"}),
            "product": frame["item"].astype(str),
            "price": Decimal(0),
            "user": frame["user"].astype(str),
        }
    )


def test_killing_kafka_while_an_import_runs_ends_in_the_tables_that_pandas_finds(
    shop: Platform, tmp_path: Path
) -> None:
    """The other parts are killed in tests/faults; none of them is what an import talks to."""
    path = retailrocket_file(tmp_path, "2013-05-03 12:00", IMPORTED_SLOWLY)
    before = count_events(shop)
    arguments = ("import", "retailrocket", str(path), "--rate", str(IMPORT_RATE))
    with shop_in_background(shop.settings, *arguments) as importing:
        time.sleep(4)
        kill(shop, "kafka")
        assert importing.poll() is None, "the import ended before Kafka was killed"

    wait_until_settled(shop.settings, lambda _lag: None, SETTLE_SECONDS)

    rows = retailrocket_rows(path)
    assert_tables_equal(shop, rows)
    assert count_events(shop) - before == len(rows) == IMPORTED_SLOWLY + 20


def test_a_rees46_file_becomes_the_tables_that_pandas_finds(
    shop: Platform, rees46: Path, rees46_rows: pd.DataFrame
) -> None:
    printed = imported(shop, "rees46", rees46)

    assert f"{len(rees46_rows):>12,} events, acknowledged by Kafka after" in printed
    assert "           3 rows are no events; ingest keeps them in failed-events\n" in printed
    for reason in BAD_ROWS.values():
        assert reason in printed
    assert_tables_equal(shop, rees46_rows)


def test_bad_rows_lie_in_failed_events_as_they_stood_in_the_file(shop: Platform, rees46: Path) -> None:
    failed = [event for event in failed_events(shop.settings) if rees46.name in (event.key or b"").decode()]

    assert {event.reason for event in failed} == {Reason.WRONG_MAGIC_BYTE}
    assert {(event.value or b"").decode(): key_of(event.key)[1] for event in failed} == BAD_ROWS
    assert all(key_of(event.key)[0].startswith(f"{rees46.name}, line ") for event in failed)


def test_a_retailrocket_file_becomes_the_tables_that_pandas_finds(shop: Platform, retailrocket: Path) -> None:
    printed = imported(shop, "retailrocket", retailrocket)

    assert "         420 events, acknowledged by Kafka after" in printed
    assert_tables_equal(shop, retailrocket_rows(retailrocket))


def test_importing_again_changes_nothing(shop: Platform, rees46: Path, retailrocket: Path) -> None:
    before = {name: table(shop, name) for name in ("product_activity_daily", "carts_daily", "sales_daily")}
    events = count_events(shop)

    imported(shop, "rees46", rees46)
    imported(shop, "retailrocket", retailrocket)

    assert {name: table(shop, name) for name in before} == before
    assert count_events(shop) == events


def test_the_whole_of_retailrocket_becomes_the_tables_that_pandas_finds(shop: Platform) -> None:
    path = data_set("retailrocket_funnel", "events.parquet")

    printed = imported(shop, "retailrocket", path)

    assert "      97,381 events, acknowledged by Kafka after" in printed
    rows = retailrocket_rows(path)
    assert Counter(rows["kind"]) == {"view": 75_374, "cart": 12_456, "purchase": 9_551}
    assert_tables_equal(shop, rows)


def test_a_file_that_cannot_be_imported_is_a_word_to_the_person(shop: Platform, tmp_path: Path) -> None:
    path = tmp_path / "notes.csv"
    path.write_text("a,b\n")
    for data_set_name, expected in {"rees46": "begins with 'a,b'", "retailrocket": "has the columns a, b"}.items():
        answer = run_shop(shop.settings, "import", data_set_name, str(path))
        assert answer.returncode == 2
        assert expected in " ".join(answer.stderr.split())
        assert "Traceback" not in answer.stderr


def imported(shop: Platform, name: str, path: Path) -> str:
    """Import and wait until all of it is counted; what the command printed, one reason per line."""
    answer = run_shop(shop.settings, "import", name, str(path))
    assert answer.returncode == 0, answer.stderr
    wait_until_settled(shop.settings, lambda _lag: None, SETTLE_SECONDS)
    return answer.stderr


def assert_tables_equal(shop: Platform, rows: pd.DataFrame) -> None:
    """The daily tables on the days of these rows are what pandas counts in them."""
    first, last = rows["day"].min(), rows["day"].max()
    assert activity(table(shop, "product_activity_daily", first, last)) == expected_activity(rows)
    assert cart_days(table(shop, "carts_daily", first, last)) == expected_cart_days(rows)
    assert product_sales(table(shop, "products_daily", first, last)) == expected_product_sales(rows)
    assert sales(table(shop, "sales_daily", first, last)) == expected_sales(rows)


def activity(found: Rows) -> dict[tuple[str, str], tuple[int, ...]]:
    columns = ("views", "cart_additions", "purchases")
    return {(row["day"], row["product_id"]): tuple(int(row[name]) for name in columns) for row in found}


def expected_activity(rows: pd.DataFrame) -> dict[tuple[str, str], tuple[int, ...]]:
    shown = rows[rows["kind"] != "removal"]
    counts = pd.crosstab([shown["day"], shown["product"]], shown["kind"])
    return {key: (row["view"], row["cart"], row["purchase"]) for key, row in counts.iterrows()}


def cart_days(found: Rows) -> dict[str, tuple[str, ...]]:
    return {row["day"]: (row["additions"], row["removals"], row["units_added"], row["units_removed"]) for row in found}


def expected_cart_days(rows: pd.DataFrame) -> dict[str, tuple[str, ...]]:
    of_carts = rows[rows["kind"].isin(["cart", "removal"])]
    counts = pd.crosstab(of_carts["day"], of_carts["kind"]).reindex(columns=["cart", "removal"], fill_value=0)
    return {day: (str(added), str(removed)) * 2 for day, added, removed in counts.itertuples()}


def product_sales(found: Rows) -> dict[tuple[str, str], tuple[str, int, int, Decimal]]:
    return {
        (row["day"], row["product_id"]): (
            row["currency"],
            int(row["purchases"]),
            int(row["units"]),
            Decimal(row["revenue"]),
        )
        for row in found
    }


def expected_product_sales(rows: pd.DataFrame) -> dict[tuple[str, str], tuple[str, int, int, Decimal]]:
    bought = rows[rows["kind"] == "purchase"].groupby(["day", "product"])["price"].agg(["size", "sum"])
    return {(day, product): ("USD", size, size, Decimal(total)) for (day, product), size, total in bought.itertuples()}


def sales(found: Rows) -> dict[str, tuple[Any, ...]]:
    columns = ("orders", "units", "buyers")
    return {
        row["day"]: (row["currency"], *(int(row[name]) for name in columns), Decimal(row["gross"])) for row in found
    }


def expected_sales(rows: pd.DataFrame) -> dict[str, tuple[Any, ...]]:
    days = rows[rows["kind"] == "purchase"].groupby("day")
    return {
        day: ("USD", len(bought), len(bought), bought["user"].nunique(), Decimal(bought["price"].sum()))
        for day, bought in days
    }


def table(shop: Platform, query: str, first: str = "2014-01-01", last: str = "2019-12-31") -> Rows:
    answer = run_shop(shop.settings, "query", query, "--from", first, "--to", last, "--format", "csv")
    assert answer.returncode == 0, answer.stderr
    return list(csv.DictReader(io.StringIO(answer.stdout)))


def key_of(key: bytes | None) -> tuple[str, str]:
    """Place and reason that a failed row's key names."""
    place, _, reason = (key or b"").decode().partition(": ")
    return place, reason


def count_events(shop: Platform) -> int:
    with connected(shop.settings, shop.settings.clickhouse_database) as client:
        return int(str(client.command("SELECT count() FROM events")))
