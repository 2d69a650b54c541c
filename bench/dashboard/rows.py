"""Two years of a shop in a database of its own: results and raw events, made by ClickHouse from their numbers."""

from __future__ import annotations

import time
from typing import Final

from clickhouse_connect.driver.client import Client

from connections.clickhouse import SYSTEM_DATABASE, connected
from schemas.settings import Settings

DATABASE: Final = "bench_dashboard"
DAYS: Final = 730
FIRST, MONTH, LAST = "2024-06-10", "2026-05-13", "2026-06-09"
"""The first day, the first of the last 28, and the last."""

DAY: Final = f"toDate('{FIRST}') + number % {DAYS}"
NUMBER: Final = f"intDiv(number, {DAYS})"
AMOUNT: Final = "toDecimal128(number % 9973 / 7, 4)"
USER: Final = "cityHash64(number) % 90000"

ROWS: Final[dict[str, tuple[int, str, str]]] = {
    "sales_daily": (
        DAYS * 3,
        "day, currency, orders, units, gross, refunds, cancelled, buyers, new_buyers",
        f"{DAY}, ['GBP', 'EUR', 'USD'][{NUMBER} + 1], 500, 900, {AMOUNT}, 1, 0, 400, 50",
    ),
    "sales_minutely": (
        DAYS * 1_440,
        "minute, currency, orders, units, gross, refunds, cancelled",
        f"toDateTime64('{FIRST}', 3, 'UTC') + INTERVAL number MINUTE, 'GBP', 1, 2, {AMOUNT}, 0, 0",
    ),
    "activity_minutely": (
        DAYS * 1_440,
        "minute, events, page_views, views, cart_additions, searches, purchases, users",
        f"toDateTime64('{FIRST}', 3, 'UTC') + INTERVAL number MINUTE, 9, 4, 3, 1, 1, 1, 5",
    ),
    "revenue_breakdown_daily": (
        DAYS * 200,
        "day, currency, dimension, member, orders, units, revenue",
        f"{DAY}, 'GBP', ['country', 'channel', 'category'][{NUMBER} % 3 + 1], toString({NUMBER}), 3, 4, {AMOUNT}",
    ),
    "orders_by_channel_daily": (DAYS * 6, "day, channel, orders, units", f"{DAY}, toString({NUMBER}), 9, 12"),
    "sales_booked_daily": (
        DAYS * 3,
        "day, currency, orders, coupon_orders, discounts, net_merchandise, shipping, tax, tax_on_top, line_refunds, "
        "order_refunds, cancelled, returned_shipping, returned_tax, returned_tax_on_top",
        f"{DAY}, ['GBP', 'EUR', 'USD'][{NUMBER} + 1], 500, 60, 90, {AMOUNT}, 70, 80, 0, 5, 4, 3, 2, 1, 0",
    ),
    "coupons_daily": (
        DAYS * 30,
        "day, currency, coupon, orders, discounts, value",
        f"{DAY}, 'GBP', toString({NUMBER}), 5, 20, {AMOUNT}",
    ),
    "folded_orders": (
        DAYS * 30,
        "day, order_id, event_id, source, currency, value, counted_event_id",
        f"{DAY}, toString(number), concat('again', toString(number)), 'web', 'GBP', {AMOUNT}, toString(number)",
    ),
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
        DAYS * 1_440,
        "session_id, day, user_id, started_at, ended_at, events, page_views, entry_page, device, cart_additions, "
        "purchases, steps",
        f"lower(hex(sipHash64(number))), toDate(started), "
        f"concat('u', toString({USER})), "
        f"toDateTime64('{FIRST}', 3, 'UTC') + INTERVAL number MINUTE AS started, "
        "started + INTERVAL number % 20 MINUTE, 10, 5, "
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
    "customer_orders": (
        DAYS * 750,
        "day, order_id, user_id, currency, orders, guest_orders, units, gross, refunds, cancelled, cancellations",
        f"{DAY}, concat('o', toString(intDiv(number, if(number % 5 = 4, 2, 1)))), concat('u', toString({USER})), "
        f"['GBP', 'EUR', 'USD'][{USER} % 3 + 1], number % 5 < 4, 0, 2, if(number % 5 < 4, {AMOUNT}, 0), "
        "if(number % 5 = 4, 1, 0), 0, number % 100 = 9",
    ),
    "user_days": (DAYS * 1_200, "day, user_id", f"{DAY}, concat('u', toString({USER}))"),
}
EXPERIMENT_DAYS: Final = 56
"""How long the experiment runs, to the last day."""

EVENTS: Final = (
    "event_id, event_type, event_time, user_id, source, session_id, order_id, currency, value, items, "
    "recommendation_id, experiment_arm",
    "concat('e', toString(number)), "
    "multiIf(number % 100 < 4, 'purchase', number % 100 = 4, 'refund', number % 100 < 20, 'recommendation_shown', "
    "number % 100 < 22, 'recommendation_clicked', number % 100 < 60, 'view_item', 'page_view') AS kind, "
    f"toDateTime64('{FIRST}', 3, 'UTC') + INTERVAL toInt64(number * 6.3) SECOND AS at, "
    f"concat('u', toString({USER})), 'bench', lower(hex(sipHash64(intDiv(number, 10)))), "
    "if(kind IN ('purchase', 'refund'), concat('o', toString(number - if(kind = 'refund', 4, 0))), ''), "
    "if(kind IN ('purchase', 'refund'), 'GBP', ''), multiIf(kind = 'purchase', 12.5, kind = 'refund', 2.5, NULL), "
    "if(kind = 'purchase', [('p1', 2, 6.25, NULL)], []), "
    "if(startsWith(kind, 'recommendation'), toString(number - if(endsWith(kind, 'clicked'), 10, 0)), ''), "
    f"if(startsWith(kind, 'recommendation') AND toDate(at) > toDate('{LAST}') - {EXPERIMENT_DAYS}, "
    f"['list:a', 'list:b'][{USER} % 2 + 1], '')",
)
"""Of a hundred events four are purchases, one a partial refund, fifteen show recommendations and two click on them."""

EVENTS_AT_ONCE: Final = 2_000_000
NEWEST_INSERTS: Final = 20
"""How often the newest day is inserted again, as the sink does while the day goes on."""

_SETTINGS: Final = "max_partitions_per_insert_block = 0, insert_deduplicate = 0"


def fill(settings: Settings, events: int) -> None:
    """Make the rows; months that are over are merged, as they are in a shop an hour later."""
    with connected(settings, DATABASE) as client:
        for table, (count, columns, values) in ROWS.items():
            started = time.monotonic()
            _fill_result(client, f"{table}_versions", count, columns, values)
            print(f"{table:<34} {count:>10,} rows, {time.monotonic() - started:.1f} s", flush=True)
        for first in range(0, events, EVENTS_AT_ONCE):
            count = min(EVENTS_AT_ONCE, events - first)
            _insert(client, "events", *EVENTS, first=first, count=count)
            print(f"{'events':<34} {first + count:>10,} rows", flush=True)


def _fill_result(client: Client, table: str, count: int, columns: str, values: str) -> None:
    _insert(client, table, columns, values, count=count)
    for partition in _partitions(client, table)[:-1] or ["tuple()"]:
        client.command(f"OPTIMIZE TABLE {table} PARTITION {partition} FINAL")
    day = next(each for each in columns.split(", ") if each in ("day", "minute"))
    for _ in range(NEWEST_INSERTS):
        client.command(
            f"INSERT INTO {table} ({columns}, _version) SELECT {columns}, _version + 1 FROM {table} FINAL "
            f"WHERE {day} >= toDate('{LAST}') SETTINGS {_SETTINGS}"
        )


def _insert(client: Client, table: str, columns: str, values: str, *, count: int, first: int = 0) -> None:
    client.command(
        f"INSERT INTO {table} ({columns}) SELECT {values} FROM numbers({first}, {count}) SETTINGS {_SETTINGS}"
    )


def _partitions(client: Client, table: str) -> list[str]:
    rows = client.query(
        "SELECT DISTINCT partition FROM system.parts WHERE active AND database = currentDatabase() AND table = "
        "{table:String} ORDER BY partition",
        {"table": table},
    ).result_rows
    return [str(row[0]) for row in rows]


def is_there(settings: Settings) -> bool:
    """Whether the database was kept."""
    with connected(settings, SYSTEM_DATABASE) as client:
        return bool(client.command(f"EXISTS DATABASE {DATABASE}"))


def drop(settings: Settings) -> None:
    """Remove the database."""
    with connected(settings, SYSTEM_DATABASE) as client:
        client.command(f"DROP DATABASE {DATABASE} SYNC")
