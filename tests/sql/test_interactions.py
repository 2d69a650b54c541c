"""What counts as an interaction, by training and by the SQL of trending, beside the same by plain Python."""

from __future__ import annotations

import itertools
import json
import random
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from jobs.personalise.job import EVENT_FIELDS
from jobs.sql import load_sql
from jobs.tables import event_columns, view_ddl
from jobs.trending.job import JOB
from lake.columns import to_table
from operations.rebuild.redis import rows_of
from schemas.results import TRENDING, results_of
from schemas.visitors import OF_VISITORS
from tests.sql.test_results import environment, register, result_rows
from tests.sql.test_training import outputs
from tests.support.interactions import Event, kept_additions, kept_purchases, plainly

pytestmark = pytest.mark.flink

HOUR_MS = 3_600_000
T0_MS = 493_000 * HOUR_MS
"""In March 2026."""

PRODUCTS = "abcdef"
INTEREST = {"view_item": 1, "select_item": 1, "add_to_wishlist": 3, "add_to_cart": 4}
PLAIN = (*INTEREST, "remove_from_cart")
Shop = dict[str, list[Event]]


@pytest.fixture(scope="module")
def shop() -> Shop:
    """The events of many users, close together, so that much of what they do is undone or done twice in an hour."""
    rng = random.Random(22)
    return {f"u{number}": [event(rng, f"{number}-{n}") for n in range(rng.randrange(20))] for number in range(150)}


def event(rng: random.Random, number: str) -> Event:
    time_ms = T0_MS + rng.randrange(12) * HOUR_MS // 3
    if rng.random() < 0.5:
        return Event(number, rng.choice(PLAIN), time_ms, rng.choice(PRODUCTS))
    kind = rng.choice(["purchase", "purchase", "refund", "order_cancelled"])
    lines = tuple((rng.choice(PRODUCTS), rng.randrange(1, 4)) for _ in range(rng.randrange(1, 4)))
    order = rng.choice(["o1", "o2", "o3", "R1", "R2"])
    is_whole = kind != "purchase" and rng.random() < 0.4
    return Event(number, kind, time_ms, "", order, rng.choice(["0", "1", "2.5", "5"]), () if is_whole else lines)


def rows(shop: Shop) -> list[dict[str, Any]]:
    return [
        each.row(user) | {"event_time": datetime.fromtimestamp(each.time_ms / 1000, UTC)}
        for user, events in shop.items()
        for each in events
    ]


def test_training_counts_what_plain_python_counts(shop: Shop, jvm: None, tmp_path: Path) -> None:
    interactions = outputs(rows(shop), tmp_path)["interactions"]
    newest: dict[str, dict[tuple[str, str], int]] = {user: {} for user in shop}
    for user, _, product, kind, time_ms, _ in interactions:
        newest[user][kind, product] = max(time_ms, newest[user].get((kind, product), 0))
    assert newest == {user: plainly(events) for user, events in shop.items()}
    orders = Counter((user, product, order) for user, _, product, kind, _, order in interactions if kind == "purchase")
    assert orders == Counter((user, each[0], each[1]) for user in shop for each in kept_purchases(shop[user]))
    assert len(orders) > 100


def test_demand_counts_what_plain_python_counts_in_whatever_order_it_comes(
    shop: Shop, jvm: None, tmp_path: Path
) -> None:
    expected = demand_of(shop)
    for seed in (1, 2):
        folder = tmp_path / str(seed)
        folder.mkdir()
        tables = environment(JOB, "UTC")
        register(tables, JOB, random.Random(seed).sample(rows(shop), len(rows(shop))), folder)
        JOB.register_views(tables)
        (result,) = results_of(TRENDING)
        made = {(product, hour): (interest, orders) for product, hour, interest, orders in result_rows(tables, result)}
        assert made == expected


def demand_of(shop: Shop) -> dict[tuple[str, int], tuple[int, int]]:
    """Interest and orders by product and hour: each user, kind and product counts once an hour."""
    done: set[tuple[str, str, str, int]] = set()
    for user, events in shop.items():
        looks = [e for e in events if e.kind in INTEREST and e.kind != "add_to_cart"]
        done |= {(user, e.kind, e.product, e.time_ms // HOUR_MS) for e in (*looks, *kept_additions(events))}
        done |= {(user, "purchase", product, at // HOUR_MS) for product, _, at in kept_purchases(events)}
    demand = {("", max(e.time_ms for events in shop.values() for e in events) // HOUR_MS): (0, 0)}
    for _, kind, product, hour in done:
        interest, orders = demand.get((product, hour), (0, 0))
        demand[product, hour] = interest + INTEREST.get(kind, 10), orders + (kind == "purchase")
    return demand


def test_personalise_and_a_rebuild_of_redis_take_the_same_rows(shop: Shop, jvm: None, tmp_path: Path) -> None:
    given = [*with_visitors(rows(shop)), *signing_in_and_out()]
    tables = environment(JOB, "UTC")
    lines = [json.dumps(dict.fromkeys(EVENT_FIELDS) | each | {"event_time": milliseconds(each)}) for each in given]
    (tmp_path / "events.json").write_text("\n".join(lines))
    tables.execute_sql(
        f"CREATE TEMPORARY TABLE events ({', '.join(event_columns(EVENT_FIELDS))}) "
        f"WITH ('connector'='filesystem', 'path'='file://{tmp_path}/events.json', 'format'='json')"
    )
    tables.execute_sql(view_ddl("interactions", load_sql("jobs.personalise", "interactions")))
    query = "SELECT * FROM interactions WHERE" + load_sql("jobs.personalise", "fresh_lists").partition("WHERE")[2]
    with tables.sql_query(query).execute().collect() as changes:
        by_job = Counter(tuple(row) for row in changes)

    records = [
        {
            "source": "test",
            **each,
            "event_time": milliseconds(each),
            "value": Decimal(each["value"]).quantize(Decimal("0.0001")) if "value" in each else None,
            "items": [{**item, "price": Decimal(1), "category": None} for item in each.get("items", [])],
        }
        for each in given
    ]
    table = to_table(records, "events", 0, range(len(records)), range(len(records)))
    assert Counter(rows_of(table)) == by_job
    assert len(by_job) > 1000
    assert {bool(row[9]) for row in by_job} == {bool(row[10]) for row in by_job} == {False, True}


def with_visitors(given: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """The events with a visitor each, which is its user for some, another for some, and none for others."""
    for number, each in enumerate(given):
        visitor = (None, each["user_id"], f"v{number % 7}")[number % 3]
        yield each | {"anonymous_id": visitor, "session_id": f"s{number % 5}" if number % 2 else None}


def signing_in_and_out() -> Iterator[dict[str, Any]]:
    for number, (kind, visitor) in enumerate(itertools.product(OF_VISITORS, (None, "v1", "u1"))):
        at = datetime.fromtimestamp(T0_MS / 1000 + number, UTC)
        yield {"event_id": f"x{number}", "event_type": kind, "event_time": at, "user_id": "u1", "anonymous_id": visitor}


def milliseconds(row: dict[str, Any]) -> int:
    return round(row["event_time"].timestamp() * 1000)
