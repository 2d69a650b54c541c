from __future__ import annotations

from datetime import date

import pytest

from dashboards.queries import queries, query, result_query, run, written_queries
from schemas.errors import ConfigurationError
from schemas.results import RESULTS, result_named
from schemas.settings import Settings


def test_every_query_says_first_what_it_answers_and_its_grain() -> None:
    assert {"products_daily", "sales_daily", "sales_minutely", "sales_totals"} <= set(queries())
    for each in queries().values():
        assert "Grain: one row a" in each.summary
        assert "{from:Date}" in each.sql
        assert "{to:Date}" in each.sql


def test_every_result_has_a_query_of_its_name_and_its_columns() -> None:
    assert {result.name for result in RESULTS} <= set(queries())
    assert query("products_daily").sql == (
        "-- What one product sold on one day of the shop in one currency. Grain: one row a day of the shop, "
        "currency and product.\n-- docs/metrics.md says what each column means.\n"
        "SELECT\n    day,\n    currency,\n    product_id,\n    purchases,\n    units,\n    revenue,\n"
        "    returned_units,\n    refunded\n"
        "FROM products_daily\n"
        "WHERE day BETWEEN {from:Date} AND {to:Date}\n"
        "ORDER BY day, currency, revenue DESC, product_id\n"
    )


def test_a_written_query_says_what_its_columns_mean() -> None:
    described = dict(written_queries()["sales_totals"].column_comments)

    assert list(described) == [
        *("currency", "days", "orders", "units", "gross", "refunds", "cancelled", "net", "average_order_value")
    ]
    assert described["days"] == "days with an order, a refund or a cancellation"
    assert described["net"] == "sums of those in sales_daily"


def test_minutes_are_shown_and_cut_into_days_in_the_time_zone_that_is_asked_for() -> None:
    lines = result_query(result_named("activity_minutely")).splitlines()

    assert lines[3] == "    toTimeZone(activity_minutely.minute, {time_zone:String}) AS minute,"
    assert lines[-2:] == [
        "WHERE toDate(activity_minutely.minute, {time_zone:String}) BETWEEN {from:Date} AND {to:Date}",
        "ORDER BY activity_minutely.minute",
    ]


def test_an_unknown_query_names_those_there_are() -> None:
    with pytest.raises(ConfigurationError, match=r"no query 'sales'\. There are: .*sales_daily, sales_minutely"):
        query("sales")


def test_days_in_the_wrong_order_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="from 2026-01-02 to 2026-01-01"):
        run(Settings(), "sales_daily", date(2026, 1, 2), date(2026, 1, 1))
