"""The queries that are files, over a small shop whose figures can be added up by head."""

from __future__ import annotations

import asyncio
import csv
import io
import re
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest

from cli.commands.queries import write_csv
from connections.clickhouse import SYSTEM_DATABASE, connected
from dashboards.queries import queries, run, written_queries
from dashboards.questions import Unit
from dashboards.report import report
from dashboards.service.app import dashboard
from operations.migrate import migrate_tables
from schemas.customer_values import HOLD_OUTS, MODELS
from schemas.customer_values import ROWS as EXPECTED_VALUES
from schemas.results import RESULTS
from schemas.settings import Settings

pytestmark = pytest.mark.platform

FIRST, LAST = date(2026, 6, 8), date(2026, 6, 9)
BEFORE, YEAR_BEFORE = date(2026, 6, 7), date(2025, 6, 9)
GBP, EUR = "GBP", "EUR"
EVENTS_ARE_READ_BY = {"experiments", "last_orders"}
"""What no result has: arms by user, and single orders."""


def at(hour: int, minute: int, day: date = LAST) -> datetime:
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=UTC)


ROWS: dict[str, tuple[str, list[tuple[Any, ...]]]] = {
    "identities": (
        "day anonymous_id session_id user_id first_at last_at events",
        [(FIRST, "phone", "s1", "ada", at(9, 0, FIRST), at(9, 0, FIRST), 1)],
    ),
    "sales_daily": (
        "day currency orders units gross refunds cancelled buyers new_buyers",
        [
            (FIRST, GBP, 3, 7, "100.0001", "10.5", "0.25", 2, 1),
            (LAST, GBP, 1, 1, "50", "0", "0", 1, 1),
            (LAST, EUR, 2, 2, "9.99", "0", "0", 2, 0),
            (BEFORE, GBP, 2, 4, "40", "1", "0", 2, 2),
            (YEAR_BEFORE, GBP, 5, 5, "25", "0", "5", 5, 5),
        ],
    ),
    "sales_minutely": (
        "minute currency orders units gross refunds cancelled",
        [
            (at(22, 59, FIRST), GBP, 1, 2, "3", "0", "0"),  # 23:59 in London, a Monday
            (at(23, 0, FIRST), GBP, 1, 2, "4", "1", "0"),  # midnight of Tuesday
            (at(23, 30, FIRST), GBP, 2, 3, "5", "0", "0"),
            (at(23, 0, LAST), GBP, 9, 9, "9", "0", "0"),  # the day after
        ],
    ),
    "revenue_breakdown_daily": (
        "day currency dimension member orders units revenue",
        [
            (FIRST, GBP, "country", "GB", 2, 5, "75"),
            (LAST, GBP, "country", "GB", 1, 1, "25"),
            (LAST, GBP, "country", "FR", 1, 1, "100"),
            (BEFORE, GBP, "country", "FR", 1, 1, "7"),
            (YEAR_BEFORE, GBP, "country", "GB", 1, 1, "8"),
            (LAST, GBP, "channel", "web", 1, 1, "1"),
        ],
    ),
    "orders_by_channel_daily": (
        "day channel orders units",
        [(FIRST, "web", 3, 9), (LAST, "app", 1, 1), (BEFORE, "web", 5, 6)],
    ),
    "sales_booked_daily": (
        "day currency orders coupon_orders discounts net_merchandise shipping tax tax_on_top "
        "line_refunds order_refunds cancelled returned_shipping returned_tax returned_tax_on_top",
        [
            (FIRST, GBP, 3, 1, "10", "100", "15", "20", "20", "5", "4", "3", "2", "1", "1"),
            (LAST, GBP, 0, 0, *("0",) * 11),
        ],
    ),
    "coupons_daily": ("day currency coupon orders discounts value", [(FIRST, GBP, "TEN", 1, "10", "90")]),
    "folded_orders": (
        "day order_id event_id source currency value counted_event_id",
        [(LAST, "o2", "e3", "web", GBP, "1.5", "e2")],
    ),
    "products_daily": (
        "day currency product_id purchases units revenue returned_units refunded",
        [
            (FIRST, GBP, "p1", 2, 4, "40", 1, "10"),
            (LAST, GBP, "p1", 1, 4, "40", 0, "0"),
            (LAST, EUR, "p1", 1, 1, "11", 0, "0"),
            (LAST, GBP, "p2", 1, 9, "90", 0, "0"),
        ],
    ),
    "product_activity_daily": (
        "day product_id views cart_additions purchases",
        [(FIRST, "p1", 10, 5, 3), (LAST, "p1", 6, 3, 1), (LAST, "p3", 4, 0, 0)],
    ),
    "funnel_daily": (
        "day sessions visitors viewed carted checked_out paid purchased converted carts abandoned_carts",
        [
            (FIRST, 60, 50, 40, 20, 10, 5, 4, 4, 20, 16),
            (LAST, 40, 30, 20, 10, 5, 5, 1, 2, 10, 8),
            (BEFORE, 7, 7, 6, 5, 4, 3, 2, 2, 5, 3),
        ],
    ),
    "search_daily": ("day searches zero_results clicks", [(FIRST, 6, 1, 3), (LAST, 4, 1, 2), (BEFORE, 5, 0, 1)]),
    "search_queries_daily": (
        "day query searches zero_results clicks",
        [(FIRST, "mug", 3, 0, 3), (LAST, "mug", 1, 0, 1), (LAST, "<b>cup</b>", 5, 2, 0)],
    ),
    "payments_daily": (
        "day currency initiated succeeded failed amount",
        [(FIRST, GBP, 4, 3, 1, "30"), (LAST, GBP, 4, 3, 1, "30"), (BEFORE, GBP, 1, 0, 0, "0")],
    ),
    "payment_failures_daily": (
        "day currency reason failed amount",
        [(FIRST, GBP, "declined", 2, "5"), (LAST, GBP, "declined", 1, "5"), (LAST, GBP, "expired", 1, "3")],
    ),
    "recommendation_activity_daily": (
        "day model_version recommendation_source experiment_arm position shown clicks purchases",
        [
            (FIRST, "m1", "personal", "e:a", 1, 10, 4, 1),
            (LAST, "m1", "personal", "e:b", 2, 10, 1, 0),
            (LAST, "", "popular", "", 10, 5, 0, 0),
        ],
    ),
    "recommendation_revenue_daily": (
        "day currency model_version recommendation_source experiment_arm position units gross refunds cancelled",
        [
            (FIRST, GBP, "m1", "personal", "e:a", 1, 2, "20", "3", "1"),
            (LAST, GBP, "m1", "personal", "e:b", 2, 1, "5", "0", "0"),
            (BEFORE, GBP, "m1", "personal", "", 2, 1, "6", "1", "0"),
        ],
    ),
    "sessions": (
        "session_id day user_id started_at ended_at events page_views device cart_additions purchases steps",
        [
            ("s1", FIRST, "u1", at(10, 0, FIRST), at(10, 10, FIRST), 3, 2, "phone", 1, 1, 5),
            ("s2", LAST, "u1", at(11, 0), at(11, 0), 1, 1, "phone", 0, 0, 1),
            ("s3", LAST, "u2", at(11, 0), at(11, 20), 4, 3, None, 2, 0, 3),
            ("s4", LAST, "u3", at(11, 10), at(11, 24), 4, 3, "desktop", 1, 0, 2),
            ("s5", LAST, "u3", at(11, 10), at(11, 25), 4, 3, "desktop", 1, 1, 5),
        ],
    ),
    "carts_daily": ("day additions removals units_added units_removed", [(FIRST, 1, 0, 1, 0)]),
    "recommendation_coverage_daily": (
        "day model_version recommendation_source lists users products",
        [(FIRST, "m1", "personal", 2, 1, 8)],
    ),
    "users_daily": ("day active_users new_users registrations", [(FIRST, 1, 1, 0), (LAST, 1, 0, 0)]),
    "user_days": (
        "day user_id",
        [
            *((FIRST - timedelta(before), "u1") for before in (0, 3, 40)),
            (FIRST - timedelta(6), "u2"),
            (FIRST - timedelta(7), "u3"),
            (FIRST - timedelta(29), "u4"),
            (FIRST - timedelta(30), "u5"),
            (LAST, "u3"),
        ],
    ),
    "activity_minutely": (
        "minute events page_views views cart_additions searches purchases users",
        [(at(11, 25), 3, 1, 1, 0, 0, 1, 2)],
    ),
    "customer_orders": (
        "day order_id user_id currency orders guest_orders units gross refunds cancelled cancellations",
        [
            (FIRST - timedelta(40), "o1", "u1", GBP, 1, 0, 2, "20", "0", "0", 0),
            (FIRST, "o2", "u1", GBP, 1, 0, 1, "10", "0", "0", 0),
            (LAST, "o1", "u1", GBP, 0, 0, 0, "0", "5", "0", 0),
            (LAST, "o6", "u1", EUR, 1, 0, 1, "4", "0", "0", 0),
            (FIRST, "o3", "u2", GBP, 1, 0, 1, "8", "0", "0", 0),
            (LAST, "o3", "u2", GBP, 0, 0, 0, "0", "0", "8", 1),
            (LAST, "o4", "u2", GBP, 1, 0, 3, "30", "0", "0", 0),
            (LAST, "o5", "g1", EUR, 1, 1, 1, "7", "0", "0", 0),
            (LAST, "o7", "u3", GBP, 1, 0, 1, "6", "0", "1", 1),
        ],
    ),
}
NEWEST, OLDER = at(12, 0), at(11, 0)
COMPUTED: dict[str, tuple[str, list[tuple[Any, ...]]]] = {
    MODELS: (
        "computed_at currency as_of days customers r alpha a b p q v",
        [(time, GBP, LAST, 90, 2, *([1.0] * 7)) for time in (OLDER, NEWEST)],
    ),
    EXPECTED_VALUES: (
        "computed_at currency user_id orders net alive expected_orders expected_order_value expected_value",
        [
            (OLDER, GBP, "u9", 9, "9", 0.9, 9.0, "9", "81"),
            (NEWEST, GBP, "u1", 2, "25", 0.5, 1.5, "10", "15"),
            (NEWEST, GBP, "u2", 1, "30", 1.0, 0.5, "40", "20"),
        ],
    ),
    HOLD_OUTS: (
        "computed_at currency first_day last_day customers expected_orders orders expected_value value",
        [(time, GBP, FIRST, LAST, 3, 12.0, 10, "90", "100") for time in (OLDER, NEWEST)],
    ),
}
"""What './shop customer-values' stores; only the newest computation counts."""
EVENTS = "event_id event_type event_time user_id source order_id currency value country items"


@pytest.fixture(scope="module")
def settings(platform: Any) -> Iterator[Settings]:
    """A shop in London."""
    name = f"questions_{uuid.uuid4().hex[:10]}"
    shop: Settings = platform.settings.model_copy(update={"clickhouse_database": name, "time_zone": "Europe/London"})
    migrate_tables(shop, wait_seconds=30)
    with connected(shop, name) as client:
        for table, (columns, rows) in ROWS.items():
            client.insert(f"{table}_versions", [_row(row) for row in rows], column_names=columns.split())
        for table, (columns, rows) in COMPUTED.items():
            client.insert(table, [_row(row) for row in rows], column_names=columns.split())
        items = [("p1", 2, Decimal(5), None), ("p2", 1, Decimal(1), None)]
        purchases = [
            (
                f"e{number}",
                "purchase",
                at(9, number),
                "u1",
                "test",
                f"o{min(number, 2)}",
                GBP,
                Decimal("1.5"),
                "GB",
                items,
            )
            for number in range(4)
        ]
        client.insert(
            "events",
            [*purchases, ("v", "view_item", at(9, 9), "u1", "test", "", "", None, "", [])],
            column_names=EVENTS.split(),
        )
    yield shop
    with connected(shop, SYSTEM_DATABASE) as client:
        client.command(f"DROP DATABASE {name} SYNC")


def _row(row: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(Decimal(each) if isinstance(each, str) and re.fullmatch(r"[\d.]+", each) else each for each in row)


def rows_of(settings: Settings, name: str, **given: str) -> list[dict[str, Any]]:
    answer = run(settings, name, FIRST, LAST, given)
    return [dict(zip(answer.columns, row, strict=True)) for row in answer.rows]


def rows_of_all(settings: Settings, name: str) -> list[dict[str, Any]]:
    answer = run(settings, name)
    return [dict(zip(answer.columns, row, strict=True)) for row in answer.rows]


def chosen(rows: list[dict[str, Any]], *columns: str) -> list[tuple[Any, ...]]:
    return [tuple(row[column] for column in columns) for row in rows]


def test_days_have_the_period_before_and_the_weekday_of_a_year_before(settings: Settings) -> None:
    rows = rows_of(settings, "sales_by_day", currency=GBP)

    assert chosen(rows, "day", "orders", "net", "average_order_value", "returning_buyers") == [
        (FIRST, 3, Decimal("89.2501"), Decimal("33.3334"), 1),
        (LAST, 1, Decimal(50), Decimal(50), 0),
    ]
    assert chosen(rows, "day", "orders_before", "net_before", "orders_year_before", "net_year_before") == [
        (FIRST, 0, 0, 5, 20),  # 9 June 2025 was a Monday, as 8 June 2026 is
        (LAST, 2, 39, 0, 0),
    ]
    assert [row["day"].weekday() for row in rows[:1]] == [YEAR_BEFORE.weekday()]


def test_a_day_without_sales_is_there_for_those_before_it(settings: Settings) -> None:
    answer = run(settings, "sales_by_day", date(2026, 6, 10), date(2026, 6, 11))
    days = [dict(zip(answer.columns, row, strict=True)) for row in answer.rows]

    assert chosen([row for row in days if row["currency"] == GBP], "day", "orders", "orders_before") == [
        (date(2026, 6, 10), 0, 3),
        (date(2026, 6, 11), 0, 1),
    ]


def test_periods_are_beside_one_another(settings: Settings) -> None:
    columns = ("period", "currency", "days", "orders", "net", "average_order_value", "new_buyers")
    assert chosen(rows_of(settings, "sales_periods"), *columns) == [
        ("current", EUR, 1, 2, Decimal("9.99"), Decimal("4.995"), 0),
        ("current", GBP, 2, 4, Decimal("139.2501"), Decimal("37.5"), 2),
        ("before", GBP, 1, 2, Decimal(39), Decimal(20), 2),
        ("year_before", GBP, 1, 5, Decimal(20), Decimal(5), 5),
    ]


def test_open_days_are_the_shop_s_own_where_periods_are_compared(settings: Settings) -> None:
    answer = run(settings, "sales_periods", FIRST, given={"currency": GBP})
    first = dict(zip(answer.columns, answer.rows[0], strict=True))
    assert (first["period"], first["days"], first["orders"]) == ("current", 2, 4)


def test_hours_are_the_shop_s(settings: Settings) -> None:
    assert chosen(rows_of(settings, "sales_by_hour"), "weekday", "hour", "orders", "gross", "net") == [
        (1, 23, 1, Decimal(3), Decimal(3)),
        (2, 0, 3, Decimal(9), Decimal(8)),
    ]


def test_members_have_their_share_and_what_they_had_before(settings: Settings) -> None:
    columns = ("member", "orders", "revenue", "revenue_share", "revenue_before", "revenue_year_before")
    assert chosen(rows_of(settings, "sales_by_member", dimension="country"), *columns) == [
        ("FR", 1, Decimal(100), 0.5, Decimal(7), Decimal(0)),
        ("GB", 3, Decimal(100), 0.5, Decimal(0), Decimal(8)),
    ]
    assert chosen(rows_of(settings, "sales_by_member", dimension="country", limit="1"), "member", "revenue_share") == [
        ("FR", 0.5)
    ]


def test_channels_add_up(settings: Settings) -> None:
    assert chosen(
        rows_of(settings, "orders_by_channel"), "channel", "orders", "average_items_per_order", "orders_before"
    ) == [("web", 3, 3.0, 5), ("app", 1, 1.0, 0)]


def test_products_are_seen_bought_and_given_back(settings: Settings) -> None:
    columns = ("product_id", "currency", "views", "purchases", "units", "revenue", "purchase_rate", "return_rate")
    rows = rows_of(settings, "products_top")

    assert chosen(rows, *columns) == [
        ("p2", GBP, 0, 1, 9, Decimal(90), None, 0.0),
        ("p1", GBP, 16, 3, 8, Decimal(80), 0.25, 0.125),
        ("p1", EUR, 16, 1, 1, Decimal(11), 0.25, 0.0),
        ("p3", "", 4, 0, 0, Decimal(0), 0.0, None),
    ]
    assert [row["product_id"] for row in rows_of(settings, "products_top", order="views", currency=GBP)] == [
        *("p1", "p3", "p2"),
    ]
    assert chosen(rows_of(settings, "products_top", product="p1", currency=GBP), "units") == [(8,)]


@pytest.mark.parametrize("most", [1, 2])
@pytest.mark.parametrize("order", ["revenue", "units", "views", "returned_units"])
def test_the_products_of_any_rank_hold_those_of_each(settings: Settings, order: str, most: int) -> None:
    of_any = rows_of(settings, "products_top", order="any", limit=str(4 * most))
    assert len(of_any) == 4
    for row in rows_of(settings, "products_top", order=order, limit=str(most)):
        assert row in of_any


def test_any_rank_takes_turns_between_the_ranks(settings: Settings) -> None:
    rows = rows_of(settings, "products_top", order="any", limit="2")
    assert chosen(rows, "product_id", "currency") == [("p1", EUR), ("p1", GBP)]


def test_products_in_all(settings: Settings) -> None:
    columns = ("currency", "views", "cart_additions", "purchases", "units", "revenue", "purchase_rate", "refunded")
    assert chosen(rows_of(settings, "products_totals"), *columns) == [
        (EUR, 20, 8, 1, 1, Decimal(11), 0.2, Decimal(0)),
        (GBP, 20, 8, 4, 17, Decimal(170), 0.2, Decimal(10)),
    ]
    assert chosen(rows_of(settings, "products_totals", product="p2"), *columns) == [
        (GBP, 0, 0, 1, 9, Decimal(90), None, Decimal(0))
    ]
    assert chosen(rows_of(settings, "products_totals", product="p3"), *columns) == [
        ("", 4, 0, 0, 0, Decimal(0), 0.0, Decimal(0))
    ]
    assert rows_of(settings, "products_totals", product="p4") == []


def test_one_product_day_by_day(settings: Settings) -> None:
    assert chosen(
        rows_of(settings, "product_by_day", product="p1"), "day", "currency", "views", "units", "returned_units"
    ) == [(FIRST, GBP, 10, 4, 1), (LAST, EUR, 6, 1, 0), (LAST, GBP, 6, 4, 0)]
    assert chosen(rows_of(settings, "product_by_day", product="p3"), "day", "currency", "views", "units") == [
        (LAST, "", 4, 0)
    ]


def test_the_funnel_keeps_and_loses(settings: Settings) -> None:
    columns = ("step", "name", "sessions", "share_of_all", "kept", "lost", "sessions_before")
    assert chosen(rows_of(settings, "funnel_steps"), *columns) == [
        (0, "session", 100, 1.0, None, 0, 7),
        (1, "view", 60, 0.6, 0.6, 40, 6),
        (2, "cart", 30, 0.3, 0.5, 30, 5),
        (3, "checkout", 15, 0.15, 0.5, 15, 4),
        (4, "payment", 10, 0.1, 10 / 15, 5, 3),
        (5, "purchase", 5, 0.05, 0.5, 5, 2),
    ]


def test_visits_of_periods_members_and_days(settings: Settings) -> None:
    periods = rows_of(settings, "visits_periods")
    assert chosen(periods, "period", "sessions", "conversion_rate", "carts", "abandonment_rate") == [
        ("current", 100, 0.06, 30, 0.8),
        ("before", 7, 2 / 7, 5, 0.6),
    ]
    assert chosen(
        rows_of(settings, "visits_by_member"),
        "member",
        "sessions",
        "average_seconds",
        "single_event_share",
        "converted",
    ) == [("desktop", 2, 870.0, 0.0, 1), ("phone", 2, 300.0, 0.5, 1), ("(unknown)", 1, 1200.0, 0.0, 0)]
    assert chosen(rows_of(settings, "visits_by_day"), "day", "sessions", "average_seconds", "median_seconds") == [
        (FIRST, 1, 600.0, 600.0),
        (LAST, 4, (0 + 1200 + 840 + 900) / 4, 900.0),
    ]


def test_visitors_now_are_those_before_the_newest_event(settings: Settings) -> None:
    assert rows_of(settings, "visits_now") == [
        {
            "newest_event": at(11, 25),
            "visitors_5_minutes": 1,  # u2's last event is five minutes old
            "visitors_30_minutes": 3,
            "open_carts": 2,
            "open_checkouts": 1,
        }
    ]


def test_each_user_of_the_last_days_counts_once(settings: Settings) -> None:
    columns = ("day", "total_users", "weekly_active_users", "monthly_active_users")
    assert chosen(rows_of(settings, "users_daily"), *columns) == [
        (FIRST, 1, 2, 4),  # u1 and u2; u3 and u4
        (LAST, 1, 2, 3),  # u1 and u3; u2's day is seven days ago, u4's thirty
    ]


def test_who_came_first_in_a_week_came_again_in_later_weeks(settings: Settings) -> None:
    answer = run(settings, "cohorts_by_first_visit", FIRST - timedelta(60), LAST)
    assert answer.rows == [
        *((date(2026, 4, 27), number, 1, came, float(came)) for number, came in enumerate((1, 0, 0, 0, 0, 1, 1))),
        *((date(2026, 5, 4), number, 2, came, came / 2) for number, came in enumerate((2, 0, 0, 0, 0, 0))),
        *((date(2026, 6, 1), number, 2, came, came / 2) for number, came in enumerate((2, 1))),
    ]
    by_day = run(settings, "cohorts_by_first_visit", FIRST - timedelta(7), FIRST, {"period": "day", "periods": "8"})
    assert [row[:4] for row in by_day.rows if row[3]] == [
        (FIRST - timedelta(7), 0, 1, 1),
        (FIRST - timedelta(7), 8, 1, 1),
        (FIRST - timedelta(6), 0, 1, 1),
    ]


def test_who_bought_first_in_a_month_bought_again_in_later_months(settings: Settings) -> None:
    answer = run(settings, "cohorts_by_first_purchase", FIRST - timedelta(60), LAST)
    assert answer.rows == [
        *((date(2026, 4, 1), number, 1, bought, float(bought)) for number, bought in enumerate((1, 0, 1))),
        (date(2026, 6, 1), 0, 3, 3, 1.0),
    ]
    given = {"guests": "without", "periods": "1"}
    answer = run(settings, "cohorts_by_first_purchase", FIRST - timedelta(60), LAST, given)
    assert [row[:4] for row in answer.rows] == [
        (date(2026, 4, 1), 0, 1, 1),
        (date(2026, 4, 1), 1, 1, 0),
        (date(2026, 6, 1), 0, 2, 2),
    ]
    assert chosen(rows_of(settings, "cohorts_by_first_purchase", period="day"), "cohort", "number", "buyers") == [
        (LAST, 0, 3)  # u2's order of the day before was cancelled
    ]


def test_customers_come_back(settings: Settings) -> None:
    assert rows_of(settings, "customers_repeat") == [
        {
            "customers": 4,
            "new_customers": 3,
            "repeat_customers": 1,
            "repeat_rate": 0.25,
            "orders": 5,
            "orders_per_customer": 1.25,
            "gaps": 2,
            "average_days_between": 20.5,
            "median_days_between": 20.5,
        }
    ]
    without = rows_of(settings, "customers_repeat", guests="without")
    assert chosen(without, "customers", "new_customers", "repeat_customers", "orders") == [(3, 2, 1, 4)]
    buckets = ("first_day", "last_day", "orders", "orders_share")
    assert chosen(rows_of(settings, "days_between_orders"), *buckets) == [(0, 6, 1, 0.5), (35, 41, 1, 0.5)]
    assert chosen(rows_of(settings, "days_between_orders", bucket="100"), *buckets) == [(0, 99, 2, 1.0)]


def test_customers_in_all_pay_in_each_currency(settings: Settings) -> None:
    columns = ("currency", "customers", "orders", "units", "gross", "refunds", "cancelled", "net", "net_per_customer")
    assert chosen(rows_of(settings, "customers_totals"), *columns) == [
        (EUR, 2, 2, 2, Decimal(11), Decimal(0), Decimal(0), Decimal(11), Decimal("5.5")),
        (GBP, 3, 3, 6, Decimal(54), Decimal(5), Decimal(9), Decimal(40), Decimal("13.3333")),
    ]
    assert chosen(rows_of(settings, "customers_totals", guests="without", currency=EUR), *columns[:2]) == [(EUR, 1)]


def test_equal_customers_have_equal_scores_and_customers_come_page_by_page(settings: Settings) -> None:
    columns = ("user_id", "currency", "segment", "recency", "frequency", "monetary", "orders", "net")
    rows = [
        ("u2", GBP, "hibernating", 2, 1, 4, 1, Decimal(30)),
        ("g1", EUR, "hibernating", 1, 1, 3, 1, Decimal(7)),
        ("u1", GBP, "hibernating", 1, 1, 1, 1, Decimal(5)),
        ("u3", GBP, "hibernating", 2, 1, 1, 1, Decimal(5)),
        ("u1", EUR, "hibernating", 1, 1, 1, 1, Decimal(4)),
    ]
    assert chosen(rows_of(settings, "customers_top"), *columns) == rows
    assert chosen(rows_of(settings, "customers_top", limit="2", offset="1"), *columns) == rows[1:3]
    assert chosen(rows_of(settings, "customers_top", order="recent", currency=GBP), "user_id") == [
        *(("u2",), ("u3",), ("u1",)),
    ]
    assert rows_of(settings, "customers_top", segment="champions") == []
    segments = ("currency", "segment", "customers", "customers_share", "orders", "net", "average_recency_days")
    assert chosen(rows_of(settings, "rfm_segments"), *segments) == [
        (EUR, "hibernating", 2, 1.0, 2, Decimal(11), 0.0),
        (GBP, "hibernating", 3, 1.0, 3, Decimal(40), 1 / 3),
    ]


def test_of_expected_values_the_newest_computation_counts(settings: Settings) -> None:
    assert rows_of_all(settings, "customers_expected") == [
        {
            "currency": GBP,
            "as_of": LAST,
            "days": 90,
            "customers": 2,
            "active_customers": 1.5,
            "expected_orders": 2.0,
            "expected_value": Decimal(35),
            "computed_at": NEWEST,
        }
    ]
    assert chosen(rows_of_all(settings, "customers_expected_top"), "user_id", "alive", "expected_value") == [
        ("u2", 1.0, Decimal(20)),
        ("u1", 0.5, Decimal(15)),
    ]
    columns = ("first_day", "customers", "orders_error", "value_error")
    assert chosen(rows_of_all(settings, "customers_expected_checked"), *columns) == [(FIRST, 3, 0.2, -0.1)]


def test_searches(settings: Settings) -> None:
    assert chosen(
        rows_of(settings, "search_periods"), "period", "searches", "zero_result_rate", "click_through_rate"
    ) == [
        ("current", 10, 0.2, 0.5),
        ("before", 5, 0.0, 0.2),
    ]
    assert chosen(rows_of(settings, "search_terms"), "query", "searches", "zero_result_rate") == [
        ("<b>cup</b>", 5, 0.4),
        ("mug", 4, 0.0),
    ]
    assert rows_of(settings, "search_terms", order="clicks", limit="1")[0]["query"] == "mug"


def test_payments(settings: Settings) -> None:
    assert chosen(rows_of(settings, "payments_periods"), "period", "succeeded", "failed", "amount", "success_rate") == [
        ("current", 6, 2, Decimal(60), 0.75),
        ("before", 0, 0, Decimal(0), None),
    ]
    assert chosen(rows_of(settings, "payment_failures"), "reason", "failed", "amount", "failed_share") == [
        ("declined", 3, Decimal(10), 0.75),
        ("expired", 1, Decimal(3), 0.25),
    ]


def test_recommendations_by_each_dimension(settings: Settings) -> None:
    def shown(dimension: str) -> list[tuple[Any, ...]]:
        rows = rows_of(settings, "recommendations_by_member", dimension=dimension)
        return chosen(rows, "member", "shown", "clicks", "click_rate", "conversion_rate")

    assert shown("source") == [("personal", 20, 5, 0.25, 0.2), ("popular", 5, 0, 0.0, None)]
    assert shown("model") == [("m1", 20, 5, 0.25, 0.2), ("", 5, 0, 0.0, None)]
    assert [row[0] for row in shown("arm")] == ["e:a", "e:b", ""]
    assert [row[0] for row in shown("position")] == ["1", "2", "10"]
    rows = rows_of(settings, "recommendation_revenue_by_member")
    assert chosen(rows, "member", "units", "gross", "net", "net_before") == [
        ("personal", 3, Decimal(25), Decimal(21), Decimal(5))
    ]


def test_recommendations_day_by_day(settings: Settings) -> None:
    columns = ("day", "shown", "clicks", "purchases", "click_rate", "conversion_rate")
    assert chosen(rows_of(settings, "recommendations_by_day"), *columns) == [
        (FIRST, 10, 4, 1, 0.4, 0.25),
        (LAST, 15, 1, 0, 1 / 15, 0.0),
    ]
    earned = rows_of(settings, "recommendation_revenue_by_day", currency=GBP)
    assert chosen(earned, "day", "units", "gross", "refunds", "cancelled", "net") == [
        (FIRST, 2, Decimal(20), Decimal(3), Decimal(1), Decimal(16)),
        (LAST, 1, Decimal(5), Decimal(0), Decimal(0), Decimal(5)),
    ]
    assert rows_of(settings, "recommendation_revenue_by_day", currency=EUR) == []


def test_money_adds_up_as_it_is_booked(settings: Settings) -> None:
    names = ("gross_merchandise", "total", "total_without_tax", "refunds", "net_total")
    averages = ("average_gross_merchandise", "average_net_merchandise", "average_total")
    sold, nothing = chosen(rows_of(settings, "sales_booked_daily"), *names, *averages)
    assert sold[:5] == (Decimal(110), Decimal(135), Decimal(115), Decimal(9), Decimal(120))
    assert sold[5:] == (Decimal("36.6667"), Decimal("33.3333"), Decimal(45))
    assert nothing == (*[Decimal(0)] * 5, None, None, None)


def test_the_last_orders_come_first_each_by_the_report_that_counts(settings: Settings) -> None:
    assert chosen(rows_of(settings, "last_orders", limit="2"), "order_id", "at", "value", "units", "country") == [
        ("o2", at(9, 2), Decimal("1.5"), 3, "GB"),
        ("o1", at(9, 1), Decimal("1.5"), 3, "GB"),
    ]


def test_the_shop_s_range(settings: Settings) -> None:
    (row,) = rows_of(settings, "shop_range")
    assert row == {
        "currencies": [GBP, EUR],
        "first_day": FIRST,
        "last_day": LAST + timedelta(days=1),  # 23:00 UTC is the next day in London
        "newest_event": at(23, 0),
    }


TEXTS = {Unit.TEXT: ("String",), Unit.DAY: ("Date",), Unit.TIME: ("DateTime64",), Unit.MONEY: ("Decimal",)}
NUMBERS = ("Int", "UInt", "Float")


@pytest.mark.parametrize("name", queries())
def test_the_columns_are_those_described_with_types_that_fit_their_units(settings: Settings, name: str) -> None:
    question = queries()[name]
    values = question.values({}, settings.time_zone)
    with connected(settings, settings.clickhouse_database) as client:
        described = client.query(f"DESCRIBE TABLE (\n{question.sql})", parameters=values).result_rows

    assert [row[0] for row in described] == [column.name for column in question.columns]
    for (column_name, kind, *_), column in zip(described, question.columns, strict=True):
        assert any(fitting in kind for fitting in TEXTS.get(column.unit, NUMBERS)), (column_name, kind, column.unit)


@pytest.mark.parametrize("name", queries())
def test_no_query_reads_events_where_a_result_has_it(settings: Settings, name: str) -> None:
    question = queries()[name]
    values = question.values({"from": str(FIRST), "to": str(LAST)} if "{from:" in question.sql else {}, "UTC")
    with connected(settings, settings.clickhouse_database) as client:
        plan = client.query(f"EXPLAIN PLAN\n{question.sql}", parameters=values).result_rows
    read = set(re.findall(rf"ReadFrom\w+ \({settings.clickhouse_database}\.(\w+)\)", "\n".join(row[0] for row in plan)))

    assert read, plan
    assert read <= {result.storage_table for result in RESULTS} | COMPUTED.keys() | (
        {"events"} if name in EVENTS_ARE_READ_BY else set()
    )


@pytest.mark.parametrize("name", written_queries())
def test_the_service_answers_what_the_command_line_does(
    settings: Settings, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    days = {"from": str(FIRST), "to": str(LAST)} if "{from:" in queries()[name].sql else {}

    async def answers() -> tuple[dict[str, Any], str]:
        transport = httpx.ASGITransport(dashboard(settings))
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            as_json = await client.get(f"/api/query/{name}", params=days)
            as_csv = await client.get(f"/api/query/{name}.csv", params=days)
            return as_json.json(), as_csv.text

    with ThreadPoolExecutor(1) as thread:  # Playwright's browser, where one is open, has a loop in this one
        by_json, by_csv = thread.submit(asyncio.run, answers()).result()
    write_csv(run(settings, name, FIRST, LAST))
    header, *expected = csv.reader(io.StringIO(capsys.readouterr().out))
    columns = [column["name"] for column in by_json["columns"]]
    times = {each["name"] for each in by_json["columns"] if each["unit"] in ("time", "share", "number", "seconds")}
    kept = [place for place, column in enumerate(columns) if column not in times and column != "currencies"]

    assert columns == header
    assert [["" if row[i] is None else str(row[i]) for i in kept] for row in by_json["rows"]] == [
        [row[i] for i in kept] for row in expected
    ]
    assert next(iter(csv.reader(io.StringIO(by_csv)))) == header
    assert len(by_csv.splitlines()) == len(expected) + 1


def test_the_report_has_the_figures_and_runs_nothing(settings: Settings) -> None:
    html = report(settings, FIRST, LAST, at(8, 0))

    assert html.count("<svg") >= 12
    assert "<h2>Sales in GBP</h2>" in html
    assert '<span title="139.2501">139.25</span> <small>GBP</small>' in html
    assert "▲ up 257.1% on period before (39.00)" in html
    assert "&lt;b&gt;cup&lt;/b&gt;" in html
    assert "<b>cup</b>" not in html
    assert not re.search(r"<script|javascript:|https?://", html)
    assert "Made 9 June 2026 08:00 UTC" in html


def test_a_report_of_days_without_anything_says_so(settings: Settings) -> None:
    html = report(settings, date(1999, 1, 1), date(1999, 1, 2))
    assert "No order, refund or cancellation lies in these days." in html
    assert html.count("Nothing of this lies in these days.") == 6
