"""README's first command, word for word, twice; then the main job, end to end on the orders that the demo imported.

The platform gets nothing else. The tests build on each other in their order: the tables are compared with a few lines
of pandas, then junk comes in, and nothing of what was right changes.
"""

from __future__ import annotations

import csv
import io
import json
import subprocess
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import psutil
import pytest
from confluent_kafka import Producer

from cli.commands.demo import DEMO_JOBS
from connections.clickhouse import connected
from connections.registry import SchemaRegistry
from flink.code import streaming_jobs
from local.commands import environment_of, run_shop
from local.paths import ROOT
from local.platform import Platform
from operations import failed_events as failures
from operations.failed_events import FailedEvent
from operations.lag import wait_until_settled
from operations.repair.run import ACCEPTED_BEFORE
from schemas.codec import Encoder, load_schema
from schemas.failures import Reason
from schemas.settings import Settings
from schemas.topics import EVENTS, HEADER_RECEIVED_AT
from tests.support import dashboard_pages, online_retail
from tests.support.browsers import chromium
from tests.support.dashboard_pages import amounts, in_cents, look_at, texts, viewer
from tests.support.faults import process_of

pytestmark = [pytest.mark.platform, pytest.mark.timeout(2400)]

JOBS = ("ingest", "analytics", "catalogue")
FIGURES = ("10,666,684.544", "918,936.610", "9,747,747.934", "19,960", "305")
SETTLE_SECONDS = 600
REGISTRY_AWAY_SECONDS = 20
"""Twice the time-out of a request to it."""
ERASED = "17850"
"""A customer of the data set."""


@pytest.fixture(scope="module")
def shop(platform_of_the_demo: Platform) -> Platform:
    return platform_of_the_demo


@pytest.fixture(scope="module")
def lines() -> pd.DataFrame:
    return online_retail.order_lines()


@pytest.fixture(scope="module")
def days(lines: pd.DataFrame) -> list[dict[str, str]]:
    return online_retail.expected_days(lines)


def settle(shop: Platform) -> None:
    wait_until_settled(shop.settings, lambda _lag: None, SETTLE_SECONDS)


def table(shop: Platform, query: str) -> list[dict[str, str]]:
    answer = run_shop(shop.settings, "query", query, "--format", "csv")
    assert answer.returncode == 0, answer.stderr
    return list(csv.DictReader(io.StringIO(answer.stdout)))


def test_the_demo_prints_the_same_figures_every_time(shop: Platform) -> None:
    first = demo(shop.settings, "--once")
    assert not shop.is_up()
    second = demo(shop.settings)
    assert shop.is_up()

    for shown in (first, second):
        assert shown.returncode == 0, shown.stderr
        for figure in FIGURES:
            assert figure in shown.stdout
        assert "Recommended to customer 17850 by the model 2011" in shown.stdout
        port = shop.settings.port("serving")
        assert f"curl 'http://127.0.0.1:{port}/v1/recommend/17850?n=5&explain=true'" in shown.stdout
    assert first.stdout == second.stdout
    for job in DEMO_JOBS:
        assert f"{job} is submitted, from the beginning," in first.stderr
        assert f"{job} is submitted, from checkpoint chk-" in second.stderr
    for job in set(streaming_jobs()) - set(DEMO_JOBS):
        assert not any(f"{job} is submitted" in shown.stderr for shown in (first, second))


def demo(settings: Settings, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [ROOT / "shop", "demo", *options],
        env=environment_of(settings),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=1_200,
        check=False,
    )


def test_the_second_import_changed_nothing(shop: Platform, days: list[dict[str, str]]) -> None:
    assert table(shop, "sales_daily") == days
    for events in ("count()", "uniqExact(event_id)"):
        assert count(shop, f"SELECT {events} FROM events") == online_retail.EVENTS


def test_the_totals_are_those_of_the_data_set(shop: Platform) -> None:
    (totals,) = table(shop, "sales_totals")

    assert totals["currency"] == "GBP"
    assert totals["days"] == "305"
    assert totals["orders"] == "19960"
    amounts = {name: Decimal(totals[name]) for name in ("gross", "refunds", "cancelled", "net")}
    assert amounts == {
        "gross": Decimal("10666684.544"),
        "refunds": Decimal("918936.610"),
        "cancelled": Decimal(0),
        "net": Decimal("9747747.934"),
    }


def test_products_and_minutes_equal_pandas(shop: Platform, lines: pd.DataFrame) -> None:
    sold = lines[lines["sold"]]
    keys = [sold["InvoiceDate"].dt.strftime("%Y-%m-%d"), sold["StockCode"]]
    products = sold.groupby(keys).agg(
        purchases=("Quantity", "size"), units=("Quantity", "sum"), revenue=("amount", "sum")
    )
    rows = {(row["day"], row["product_id"]): row for row in table(shop, "products_daily")}
    purchased = {key: row for key, row in rows.items() if row["purchases"] != "0"}

    assert purchased.keys() == set(products.index)
    for key, row in purchased.items():
        expected = products.loc[key]
        assert (int(row["purchases"]), int(row["units"])) == (expected["purchases"], expected["units"]), key
        assert Decimal(row["revenue"]) == expected["revenue"], key

    invoices = lines.groupby("InvoiceNo")["InvoiceDate"].min()
    minute = sold["InvoiceNo"].map(invoices).dt.strftime("%Y-%m-%d %H:%M")
    gross = sold.groupby(minute)["amount"].sum()
    sales = {row["minute"][:16].replace("T", " "): Decimal(row["gross"]) for row in table(shop, "sales_minutely")}
    assert {each: amount for each, amount in sales.items() if amount} == gross.to_dict()


def test_a_newcomer_opens_the_dashboard_and_finds_the_net_revenue_of_each_day(
    shop: Platform, days: list[dict[str, str]]
) -> None:
    with chromium() as browser, viewer(browser) as page:
        look_at(page, f"http://127.0.0.1:{shop.settings.port('dashboard')}")

        assert page.inner_text("[aria-current=page]") == "Sales"
        four_weeks = [each for each in days if each["day"] >= "2011-11-12"]
        assert dashboard_pages.figure(page, "net") == sum(Decimal(each["net"]) for each in four_weeks)
        day, net, *_ = texts(page, "[data-tile=net] .unseen tbody tr:last-child td")
        assert (day, days[-1]["day"]) == ("Fri, 9 Dec 2011", "2011-12-09")
        assert amounts([net]) == [in_cents(Decimal(days[-1]["net"]))]


def test_the_platform_stays_below_five_gigabytes(shop: Platform) -> None:
    answer = run_shop(shop.settings, "status", "--json")

    assert answer.returncode == 0, answer.stderr
    assert 0 < json.loads(answer.stdout)["memory_bytes"] < 5_000_000_000


def test_junk_of_every_kind_is_kept_with_its_reason_and_fails_no_job(
    shop: Platform, days: list[dict[str, str]]
) -> None:
    good = encoder(shop).encode(purchase("junk-0"))
    junk: dict[bytes | None, Reason] = {
        b"\x93 no framing at all \xff": Reason.WRONG_MAGIC_BYTE,
        b"\x01" + good[1:]: Reason.WRONG_MAGIC_BYTE,
        b"\x00\x7f\xff\xff\xff" + good[5:]: Reason.UNKNOWN_SCHEMA_ID,
        good[:-7]: Reason.UNDECODABLE,
        b"": Reason.EMPTY_VALUE,
        None: Reason.NULL_VALUE,
        encoder(shop).encode(purchase("junk-1", value=Decimal("-5"))): Reason.INVALID_VALUE,
    }
    restarts = {name: restarts_of(shop, name) for name in JOBS}

    offsets = send(shop, {value: [] for value in junk})
    settle(shop)

    failed = {event.value: event for event in failed_events(shop)}
    assert {value: event.reason for value, event in failed.items()} == {v: r.value for v, r in junk.items()}
    for value, (partition, offset) in offsets.items():
        event = failed[value]
        assert (event.topic, event.partition, event.offset) == ("order-events", partition, offset)
        assert event.message
    assert {name: restarts_of(shop, name) for name in JOBS} == restarts
    assert table(shop, "sales_daily") == days

    listed = run_shop(shop.settings, "failed", "list", "--format", "json")
    assert listed.returncode == 0, listed.stderr
    assert len(json.loads(listed.stdout)) == len(junk)


def test_a_registry_that_does_not_answer_for_a_while_costs_no_record(shop: Platform) -> None:
    schema = load_schema("shop_event")
    schema["fields"].append({"name": "added_later", "type": ["null", "string"], "default": None})
    with closing(SchemaRegistry(shop.settings.registry_url)) as registry:
        schema_id = registry.register(f"{EVENTS}-value", json.dumps(schema))
    value = Encoder(schema, schema_id).encode(purchase("while-away") | {"added_later": "x"})
    failed_before = len(failed_events(shop))

    registry_process = process_of(shop, "registry")
    with suspended(registry_process):
        send(shop, {value: [(HEADER_RECEIVED_AT, b"1767225600000")]})
        time.sleep(REGISTRY_AWAY_SECONDS)
    settle(shop)

    assert len(failed_events(shop)) == failed_before
    assert count(shop, "SELECT count() FROM events WHERE event_id = 'while-away'") == 1


def test_a_repaired_event_counts_and_repairing_again_changes_nothing(
    shop: Platform, tmp_path: Path, days: list[dict[str, str]]
) -> None:
    broken = encoder(shop).encode(purchase("broken", value=Decimal("-1.5")))
    send(shop, {broken: [(HEADER_RECEIVED_AT, b"1767225600000")]})
    settle(shop)
    rule = tmp_path / "rule.py"
    rule.write_text("def repair(event):\n    return event | {'value': abs(event['value'])}\n")
    asked = ("failed", "repair", "--where", "event.order_id=broken", "--with", str(rule), "--json")
    for repaired, skipped in ((1, {}), (0, {ACCEPTED_BEFORE: 1})):
        done = run_shop(shop.settings, *asked)
        assert done.returncode == 0, done.stderr
        counts = json.loads(done.stdout)
        assert (counts["repaired"], counts["skipped"], counts["invalid"]) == (repaired, skipped, {})
        settle(shop)
        rows = table(shop, "sales_daily")
        assert [row for row in rows if row["currency"] == "GBP"] == days
        (corrected,) = (row for row in rows if row["currency"] == "EUR")
        assert (corrected["orders"], corrected["gross"]) == ("2", "3.0000")
    again = run_shop(shop.settings, "failed", "repair", "--where", "reason=wrong_magic_byte")
    assert again.returncode == 1
    assert "still invalid" in again.stdout


def test_an_erased_user_is_gone_and_no_replay_brings_them_back(shop: Platform) -> None:
    sales = table(shop, "sales_daily")
    everybody = count(shop, "SELECT count() FROM events")
    theirs = count(shop, f"SELECT count() FROM events WHERE user_id = '{ERASED}'")
    answer = run_shop(shop.settings, "erase", ERASED, "--json")
    assert answer.returncode == 0, answer.stderr
    report = json.loads(answer.stdout)
    held = {each["store"]: each["before"] for each in report["holdings"]}
    assert held["ClickHouse: events"] == held["lake: events"] == theirs > 1
    assert [each["left"] for each in report["holdings"]] == [0] * len(held)
    assert {each["topic"]: each["records"] for each in report["remainders"]}[EVENTS] == theirs

    replayed = run_shop(shop.settings, "replay", "--from", "2009-01-01", "--to", "2026-12-31")
    assert replayed.returncode == 0, replayed.stderr
    late = encoder(shop).encode(purchase("late") | {"user_id": ERASED})
    send(shop, {late: [(HEADER_RECEIVED_AT, b"1767225600000")]})
    settle(shop)

    assert count(shop, "SELECT count() FROM events") == everybody - theirs
    assert count(shop, f"SELECT count() FROM events WHERE user_id = '{ERASED}'") == 0
    assert table(shop, "sales_daily") == sales
    (refused,) = (event for event in failed_events(shop) if event.reason is Reason.ERASED_USER)
    assert (refused.key, refused.value) == (None, None)


class suspended:  # noqa: N801
    """SIGSTOP for the length of the block; the supervisor may meanwhile have replaced the process."""

    def __init__(self, process: psutil.Process) -> None:
        self._process = process

    def __enter__(self) -> None:
        self._process.suspend()

    def __exit__(self, *_: object) -> None:
        if self._process.is_running():
            self._process.resume()


def encoder(shop: Platform) -> Encoder:
    with closing(SchemaRegistry(shop.settings.registry_url)) as registry:
        latest = registry.latest("order-events-value")
    assert latest is not None
    return Encoder(load_schema("shop_event"), latest[0])


def purchase(event_id: str, value: Decimal = Decimal("1.5")) -> dict[str, Any]:
    return {
        "event_id": event_id,
        "event_type": "purchase",
        "event_time": int(datetime(2026, 1, 1, tzinfo=UTC).timestamp() * 1000),
        "user_id": "ada",
        "source": "test",
        "order_id": event_id,
        "currency": "EUR",
        "value": value,
        "items": [{"product_id": "p-1", "quantity": 1, "price": Decimal("1.5")}],
    }


def send(shop: Platform, records: dict[Any, list[tuple[str, bytes]]]) -> dict[bytes | None, tuple[int, int]]:
    """Raw records into a domain topic; where each one came to lie."""
    places: dict[bytes | None, tuple[int, int]] = {}

    def note(value: bytes | None) -> Callable[[Any, Any], None]:
        def delivered(error: Any, message: Any) -> None:
            assert error is None, error
            places[value] = (message.partition(), message.offset())

        return delivered

    producer = Producer({"bootstrap.servers": shop.settings.kafka_bootstrap_servers})
    for value, headers in records.items():
        producer.produce("order-events", value=value, key=b"somebody", headers=headers, on_delivery=note(value))
    assert producer.flush(30) == 0
    return places


def failed_events(shop: Platform) -> list[FailedEvent]:
    return list(failures.failed_events(shop.settings))


def count(shop: Platform, sql: str) -> int:
    with connected(shop.settings, shop.settings.clickhouse_database) as client:
        return int(str(client.command(sql)))


def restarts_of(shop: Platform, job: str) -> int:
    answer = json.loads(run_shop(shop.settings, "status", "--json").stdout)
    return int(answer["jobs"][job]["restarts"])
