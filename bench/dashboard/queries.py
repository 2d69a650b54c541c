"""How long each query takes over two years of aggregates and many raw events, in a database of its own that is dropped.

    python -m bench.dashboard.queries --events 10000000 --rounds 20

asks the ClickHouse of a running platform (SHOP_PORT_BASE). The rows are made by ClickHouse from their numbers, so they
are the same in every run. Each query is asked for the last 28 days, as a page opens with, and for the two years.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass

import psutil

from bench.dashboard.processes import listener_of
from connections.clickhouse import SYSTEM_DATABASE, connected
from connections.errors import StatementRefused
from dashboards.queries import queries
from dashboards.questions import Query
from dashboards.service.clickhouse import TOO_MANY_ROWS, ClickHouse
from operations.migrate import migrate_tables
from schemas.settings import Settings

DATABASE = "bench_dashboard"
DAYS = 730
FIRST, MONTH, LAST = "2024-06-10", "2026-05-13", "2026-06-09"
LIMIT_SECONDS = 0.150
DAY = f"toDate('{FIRST}') + number % {DAYS}"
NUMBER = f"intDiv(number, {DAYS})"
AMOUNT = "toDecimal128(number % 9973 / 7, 4)"

ROWS: dict[str, tuple[int, str, str]] = {
    "sales_daily": (
        DAYS * 3,
        "day, currency, orders, units, gross, refunds, cancelled, buyers, new_buyers",
        f"{DAY}, ['GBP', 'EUR', 'USD'][{NUMBER} + 1], 500, 900, {AMOUNT}, 1, 0, 400, 50",
    ),
    "sales_minutely": (
        1_000_000,
        "minute, currency, orders, units, gross, refunds, cancelled",
        f"toDateTime64('{FIRST}', 3, 'UTC') + INTERVAL number MINUTE, 'GBP', 1, 2, {AMOUNT}, 0, 0",
    ),
    "activity_minutely": (
        1_000_000,
        "minute, events, page_views, views, cart_additions, searches, purchases, users",
        f"toDateTime64('{FIRST}', 3, 'UTC') + INTERVAL number MINUTE, 9, 4, 3, 1, 1, 1, 5",
    ),
    "revenue_breakdown_daily": (
        DAYS * 200,
        "day, currency, dimension, member, orders, units, revenue",
        f"{DAY}, 'GBP', ['country', 'channel', 'category'][{NUMBER} % 3 + 1], toString({NUMBER}), 3, 4, {AMOUNT}",
    ),
    "orders_by_channel_daily": (DAYS * 6, "day, channel, orders, units", f"{DAY}, toString({NUMBER}), 9, 12"),
    "products_daily": (
        DAYS * 2_000,
        "day, currency, product_id, purchases, units, revenue, returned_units, refunded",
        f"{DAY}, 'GBP', concat('p', toString({NUMBER})), 3, 4, {AMOUNT}, 0, 0",
    ),
    "product_activity_daily": (
        DAYS * 2_000,
        "day, product_id, views, cart_additions, purchases",
        f"{DAY}, concat('p', toString({NUMBER})), 30, 6, 3",
    ),
    "funnel_daily": (
        DAYS,
        "day, sessions, visitors, viewed, carted, checked_out, paid, purchased, converted, carts, abandoned_carts",
        f"{DAY}, 1400, 1300, 900, 300, 200, 120, 100, 110, 320, 210",
    ),
    "carts_daily": (DAYS, "day, additions, removals, units_added, units_removed", f"{DAY}, 400, 50, 500, 60"),
    "sessions": (
        1_000_000,
        "session_id, day, user_id, started_at, ended_at, events, page_views, entry_page, device, cart_additions, "
        "purchases, steps",
        f"concat('s', toString(number)), toDate('{FIRST}') + intDiv(number, 1370), "
        "concat('u', toString(number % 90000)), "
        f"toDateTime64('{FIRST}', 3, 'UTC') + INTERVAL number MINUTE, "
        f"toDateTime64('{FIRST}', 3, 'UTC') + INTERVAL number + number % 20 MINUTE, 10, 5, "
        "concat('/p/', toString(number % 500)), ['phone', 'desktop'][number % 2 + 1], number % 3, number % 11 = 0, "
        "number % 6",
    ),
    "search_daily": (DAYS, "day, searches, zero_results, clicks", f"{DAY}, 900, 40, 500"),
    "search_queries_daily": (
        DAYS * 700,
        "day, query, searches, zero_results, clicks",
        f"{DAY}, concat('query ', toString({NUMBER})), 9, 1, 4",
    ),
    "payments_daily": (
        DAYS,
        "day, currency, initiated, succeeded, failed, amount",
        f"{DAY}, 'GBP', 200, 180, 20, {AMOUNT}",
    ),
    "payment_failures_daily": (
        DAYS * 5,
        "day, currency, reason, failed, amount",
        f"{DAY}, 'GBP', toString({NUMBER}), 4, {AMOUNT}",
    ),
    "recommendation_activity_daily": (
        DAYS * 160,
        "day, model_version, recommendation_source, experiment_arm, position, shown, clicks, purchases",
        f"{DAY}, 'm1', toString({NUMBER} % 8), '', intDiv({NUMBER}, 8), 90, 9, 1",
    ),
    "recommendation_coverage_daily": (
        DAYS * 8,
        "day, model_version, recommendation_source, lists, users, products",
        f"{DAY}, 'm1', toString({NUMBER}), 900, 500, 800",
    ),
    "recommendation_revenue_daily": (
        DAYS * 160,
        "day, currency, model_version, recommendation_source, experiment_arm, position, "
        "units, gross, refunds, cancelled",
        f"{DAY}, 'GBP', 'm1', toString({NUMBER} % 8), '', intDiv({NUMBER}, 8), 1, {AMOUNT}, 0, 0",
    ),
    "users_daily": (DAYS, "day, active_users, new_users, registrations", f"{DAY}, 1200, 90, 20"),
    "user_days": (DAYS * 1_200, "day, user_id", f"{DAY}, concat('u', toString(cityHash64(number) % 90000))"),
}
EVENTS = (
    "event_id, event_type, event_time, user_id, source, session_id, order_id, currency, value, items",
    "concat('e', toString(number)), if(number % 25 = 0, 'purchase', 'page_view'), "
    f"toDateTime64('{FIRST}', 3, 'UTC') + INTERVAL toInt64(number * 6.3) SECOND, "
    "concat('u', toString(number % 90000)), 'bench', "
    "concat('s', toString(intDiv(number, 10))), concat('o', toString(number)), 'GBP', 12.5, [('p1', 2, 6.25, NULL)]",
)


def fill(settings: Settings, events: int) -> None:
    """Make the tables and their rows."""
    migrate_tables(settings, wait_seconds=30)
    with connected(settings, DATABASE) as client:
        for table, (count, columns, values) in ROWS.items():
            client.command(
                f"INSERT INTO {table}_versions ({columns}) SELECT {values} FROM numbers({count}) "
                "SETTINGS max_partitions_per_insert_block = 0"
            )
        step = 2_000_000
        for first in range(0, events, step):
            count = min(step, events - first)
            client.command(
                f"INSERT INTO events ({EVENTS[0]}) SELECT {EVENTS[1]} FROM numbers({first}, {count}) "
                "SETTINGS max_partitions_per_insert_block = 0"
            )


@dataclass(frozen=True, slots=True)
class Measured:
    """One query over one range: seconds, and CPU seconds of ClickHouse, which others on the machine do not change."""

    name: str
    days: str
    p50: float
    p95: float
    cpu: float


async def measure(settings: Settings, rounds: int, only: str) -> list[Measured]:
    """Each query over each range that it can answer."""
    clickhouse = ClickHouse(settings)
    server = listener_of(settings.port("clickhouse"))
    measured = []
    for each in queries().values():
        for days, first in (("28 days", MONTH), ("two years", FIRST)):
            if only in each.name and (days == "28 days" or each.parameters):
                try:
                    result = await measure_one(clickhouse, server, each, days, first, rounds)
                except StatementRefused as error:
                    if error.code != TOO_MANY_ROWS:
                        raise
                    print(f"{each.name:<34} {days:<10} more rows than are answered")
                    continue
                print(
                    f"{each.name:<34} {days:<10} p50 {result.p50 * 1000:7.1f} ms  p95 {result.p95 * 1000:7.1f} ms  "
                    f"CPU {result.cpu * 1000:6.1f} ms"
                )
                measured.append(result)
    await clickhouse.close()
    return measured


async def measure_one(
    clickhouse: ClickHouse, server: psutil.Process, query: Query, days: str, first: str, rounds: int
) -> Measured:
    """One query, after one answer that is not counted."""
    await once(clickhouse, query, first)
    before = sum(server.cpu_times()[:2])
    seconds = sorted([await once(clickhouse, query, first) for _ in range(rounds)])
    cpu = (sum(server.cpu_times()[:2]) - before) / rounds
    return Measured(query.name, days, seconds[rounds // 2], seconds[min(rounds - 1, round(rounds * 0.95))], cpu)


async def once(clickhouse: ClickHouse, query: Query, first: str) -> float:
    """The seconds of one answer."""
    given = {"from": first, "to": LAST} if any(each.name == "from" for each in query.parameters) else {}
    if any(each.name == "product" for each in query.parameters) and query.name == "product_by_day":
        given["product"] = "p7"
    started = time.perf_counter()
    await clickhouse.ask(query.sql, query.values(given, "Europe/London"))
    return time.perf_counter() - started


def report(measured: Sequence[Measured]) -> None:
    """The slowest, and what is over the limit, by the clock and by CPU."""
    month = [each for each in measured if each.days == "28 days"]
    slowest = max(month, key=lambda each: each.p95)
    costliest = max(month, key=lambda each: each.cpu)
    slow = [each.name for each in month if each.p95 > LIMIT_SECONDS]
    print(f"28 days: the slowest is {slowest.name}, p95 {slowest.p95 * 1000:.1f} ms")
    print(f"the costliest is {costliest.name}, {costliest.cpu * 1000:.1f} ms of CPU")
    print(f"over {LIMIT_SECONDS * 1000:.0f} ms: {', '.join(slow) or 'none'}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=10_000_000)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--only", default="", help="queries whose name has this")
    parser.add_argument("--keep", action="store_true", help="keep the database, and use the one that was kept")
    arguments = parser.parse_args()
    shop = Settings(clickhouse_database=DATABASE, time_zone="Europe/London")
    with connected(shop, SYSTEM_DATABASE) as system:
        is_kept = bool(system.command(f"EXISTS DATABASE {DATABASE}"))
    if not is_kept:
        fill(shop, arguments.events)
    report(asyncio.run(measure(shop, arguments.rounds, arguments.only)))
    if not arguments.keep:
        with connected(shop, SYSTEM_DATABASE) as system:
            system.command(f"DROP DATABASE {DATABASE} SYNC")
    sys.exit(0)
