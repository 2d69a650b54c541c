"""Columns of ``events`` that settings decide."""

from __future__ import annotations

import pytest

from jobs.tables import job_columns
from schemas.settings import Settings

FIELDS = ("event_id", "source", "order_id")


@pytest.mark.parametrize(
    ("sources", "rank"),
    [
        ("backend", "CASE `source` WHEN 'backend' THEN 0 ELSE 1 END"),
        (" erp , backend,erp", "CASE `source` WHEN 'erp' THEN 0 WHEN 'backend' THEN 1 ELSE 2 END"),
        ("it's", "CASE `source` WHEN 'it''s' THEN 0 ELSE 1 END"),
        ("", "0"),
    ],
)
def test_sources_are_ranked_as_they_are_listed(sources: str, rank: str) -> None:
    assert job_columns(Settings(order_sources=sources), FIELDS)[-1] == f"source_rank AS {rank}"


@pytest.mark.parametrize(("is_folded", "key"), [(True, "COALESCE(order_id, event_id)"), (False, "event_id")])
def test_an_order_is_folded_unless_a_setting_says_otherwise(is_folded: bool, key: str) -> None:
    assert f"order_key AS {key}" in job_columns(Settings(fold_orders=is_folded), FIELDS)


def test_a_job_that_does_not_count_orders_has_no_such_columns() -> None:
    assert not [column for column in job_columns(Settings(), ("event_id", "order_id")) if "order_key" in column]


@pytest.mark.parametrize(("is_included", "on_top"), [(True, "CAST(0 AS DECIMAL(18, 4))"), (False, "COALESCE(tax, 0)")])
def test_tax_is_on_top_where_prices_do_not_include_it(is_included: bool, on_top: str) -> None:
    assert f"tax_on_top AS {on_top}" in job_columns(Settings(prices_include_tax=is_included), ("value", "tax"))
