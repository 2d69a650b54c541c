from __future__ import annotations

from datetime import date

import pytest

from dashboards.queries import queries, query, run, written_queries
from dashboards.questions import Unit, result_query, written_query
from schemas.errors import ConfigurationError
from schemas.results import RESULTS, result_named
from schemas.settings import Settings


def test_every_query_says_first_what_it_answers_and_its_grain() -> None:
    assert {"products_daily", "sales_daily", "sales_minutely", "sales_totals"} <= set(queries())
    for each in queries().values():
        assert "Grain: one row a" in each.summary


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
    described = {each.name: each.doc for each in written_queries()["sales_totals"].columns}

    assert list(described) == [
        *("currency", "days", "orders", "units", "gross", "refunds", "cancelled", "net", "average_order_value")
    ]
    assert described["days"] == "days with an order, a refund or a cancellation"
    assert described["net"] == "sums of those in sales_daily"


def test_minutes_are_shown_and_cut_into_days_in_the_time_zone_that_is_asked_for() -> None:
    lines = result_query(result_named("activity_minutely")).sql.splitlines()

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


def test_every_column_of_every_query_has_a_meaning_and_a_unit() -> None:
    for each in queries().values():
        assert each.columns, each.name
        assert all(column.doc and column.unit in set(Unit) for column in each.columns), each.name


def test_amounts_rates_and_times_of_results_have_their_units() -> None:
    units = {column.name: column.unit for column in query("sales_daily").columns}
    assert (units["day"], units["currency"], units["orders"]) == (Unit.DAY, Unit.TEXT, Unit.COUNT)
    assert (units["net"], units["average_order_value"], units["returning_buyers"]) == (
        *(Unit.MONEY, Unit.MONEY),
        Unit.COUNT,
    )
    assert {each.name: each.unit for each in query("funnel_daily").columns}["conversion_rate"] is Unit.SHARE
    assert {each.name: each.unit for each in query("sales_minutely").columns}["minute"] is Unit.TIME


QUESTION = (
    "-- What sold. Grain: one row a product.\n-- Of all channels.\n-- parameter limit = 20 (1 to 500)  rows\n"
    "-- parameter by = views (views, sales)\n--                              what to order by\n"
    "-- product [text]    the product\n-- sold, returned [count]\n--                   units\n"
    "SELECT {limit:UInt32}, {by:String}, {time_zone:String} WHERE day BETWEEN {from:Date} AND {to:Date}\n"
)


def test_a_written_query_describes_its_parameters() -> None:
    question = written_query("sold", QUESTION)

    assert (question.title, question.description) == ("Sold", "What sold.")
    assert (question.grain, question.remarks) == ("one row a product", "Of all channels.")
    assert [each.name for each in question.columns] == ["product", "sold", "returned"]
    limit, by = question.parameters[2:]
    assert (limit.type, limit.default, limit.least, limit.most, limit.doc) == ("UInt32", "20", 1, 500, "rows")
    assert (by.choices, by.default, by.doc) == (("views", "sales"), "views", "what to order by")


def test_parameters_have_defaults_and_the_shop_s_time_zone() -> None:
    values = written_query("sold", QUESTION).values({"from": "2026-01-02", "limit": "7"}, "Asia/Tokyo")

    assert values == {
        "from": "2026-01-02",
        "to": "2149-06-06",
        "limit": "7",
        "by": "views",
        "time_zone": "Asia/Tokyo",
    }


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"limit": "0"}, "from 1 to 500"),
        ({"limit": "501"}, "from 1 to 500"),
        ({"limit": "-1"}, "from 1 to 500"),
        ({"limit": "9" * 5000}, "from 1 to 500"),
        ({"by": "price"}, "one of views, sales"),
        ({"from": "yesterday"}, "YYYY-MM-DD"),
        ({"to": "2200-01-01"}, "from 1970-01-01 to 2149-06-06"),
        ({"time_zone": "UTC"}, "no parameter time_zone"),
        ({"format": "csv"}, "no parameter format"),
        ({"from": "2026-01-02", "to": "2026-01-01"}, "--from must not be after --to"),
    ],
)
def test_a_wrong_parameter_is_refused(given: dict[str, str], problem: str) -> None:
    with pytest.raises(ConfigurationError, match=problem):
        written_query("sold", QUESTION).values(given, "UTC")


def test_a_parameter_that_nobody_describes_is_a_fault_of_the_file() -> None:
    with pytest.raises(ConfigurationError, match=r"sold\.sql does not describe its parameter channel"):
        written_query("sold", QUESTION + " AND channel = {channel:String}")


def test_a_unit_that_there_is_not_is_a_fault_of_the_file() -> None:
    with pytest.raises(ConfigurationError, match="gives product the unit string"):
        written_query("sold", QUESTION.replace("[text]", "[string]"))
