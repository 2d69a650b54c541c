from __future__ import annotations

from datetime import date

import pytest

from dashboards.queries import queries, query, run
from schemas.errors import ConfigurationError
from schemas.settings import Settings


def test_every_query_says_first_what_it_answers_and_its_grain() -> None:
    assert {"products_daily", "sales_daily", "sales_minutely", "sales_totals"} <= set(queries())
    for found in queries().values():
        assert "Grain: one row a" in found.summary
        assert "{from:Date}" in found.sql
        assert "{to:Date}" in found.sql


def test_an_unknown_query_names_those_there_are() -> None:
    with pytest.raises(ConfigurationError, match=r"no query 'sales'\. There are: .*sales_daily, sales_minutely"):
        query("sales")


def test_days_in_the_wrong_order_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="from 2026-01-02 to 2026-01-01"):
        run(Settings(), "sales_daily", date(2026, 1, 2), date(2026, 1, 1))
