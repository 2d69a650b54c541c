"""What follows from the description of a result."""

from __future__ import annotations

import json
from typing import Any

import pytest

from schemas.codec import load_schema, schema_text
from schemas.result_tables import added_columns_ddl, handwritten_view, settings_ddl, table_ddl, view_ddl
from schemas.results import (
    PRODUCT_DEMAND,
    PRODUCTS,
    RANKED,
    RECOMMENDATION_LISTS,
    RESULTS,
    SERVED,
    Result,
    described_by,
    results_of,
)

ALL = pytest.mark.parametrize("result", [*RESULTS, *SERVED, *RANKED], ids=lambda result: result.name)
QUERIED = pytest.mark.parametrize("result", RESULTS, ids=lambda result: result.name)

MADE: dict[str, Any] = {
    "type": "record",
    "name": "Made",
    "doc": "Something made.",
    "result": {
        "job": "making",
        "store": "clickhouse",
        "grain": "day and maker",
        "key": ["day", "maker"],
        "order": ["day", "things DESC", "maker"],
        "low_cardinality": ["maker"],
        "derived": [
            {"name": "left", "after": "things", "expression": "things - broken", "doc": "things - broken."},
            {"name": "twice", "expression": "2 * things", "doc": "2 * things."},
        ],
    },
    "fields": [
        {"name": "day", "type": {"type": "int", "logicalType": "date"}, "doc": "The day."},
        {"name": "maker", "type": "string", "doc": "Who."},
        {"name": "things", "type": "long", "doc": "Things made."},
        {"name": "broken", "type": ["null", "long"], "default": None, "doc": "Of those, broken."},
    ],
}


def test_derived_columns_stand_where_their_description_says() -> None:
    result = described_by("made_daily", MADE)

    assert [column.name for column in result.columns] == ["day", "maker", "things", "left", "broken", "twice"]
    assert [column.name for column in result.stored] == ["day", "maker", "things", "broken"]
    assert (result.topic, result.storage_table) == ("metrics-made-daily", "made_daily_versions")


def test_the_table_the_added_columns_and_the_view_of_a_description() -> None:
    result = described_by("made_daily", MADE)

    assert table_ddl(result) == (
        "CREATE TABLE IF NOT EXISTS `made_daily_versions`\n"
        "(\n"
        "    `day` Date,\n"
        "    `maker` LowCardinality(String),\n"
        "    `things` Int64,\n"
        "    `broken` Nullable(Int64),\n"
        "    _version UInt64 DEFAULT toUInt64OrZero(splitByChar('-', getSetting('insert_deduplication_token'))[-2]),\n"
        "    _is_deleted UInt8 DEFAULT 0\n"
        ")\n"
        "ENGINE = ReplacingMergeTree(_version, _is_deleted)\n"
        "PARTITION BY toYYYYMM(`day`)\n"
        "ORDER BY (`day`, `maker`)\n"
        "SETTINGS non_replicated_deduplication_window = 10000"
    )
    assert added_columns_ddl(result) == (
        "ALTER TABLE `made_daily_versions`\n"
        "    ADD COLUMN IF NOT EXISTS `things` Int64 AFTER `maker`,\n"
        "    ADD COLUMN IF NOT EXISTS `broken` Nullable(Int64) AFTER `things`"
    )
    assert settings_ddl(result) == (
        "ALTER TABLE `made_daily_versions` "
        "MODIFY SETTING min_age_to_force_merge_seconds = 3600, min_age_to_force_merge_on_partition_only = 1"
    )
    assert view_ddl(result) == (
        "CREATE OR REPLACE VIEW `made_daily` AS\n"
        "SELECT\n"
        "    `day`,\n"
        "    `maker`,\n"
        "    `things`,\n"
        "    things - broken AS `left`,\n"
        "    `broken`,\n"
        "    2 * things AS `twice`\n"
        "FROM `made_daily_versions` FINAL\n"
        "SETTINGS do_not_merge_across_partitions_select_final = 1"
    )


def test_a_table_without_months_is_merged_as_usual() -> None:
    described = MADE | {"result": MADE["result"] | {"key": ["maker", "day"]}}

    assert settings_ddl(described_by("made_daily", described)) == ""


def test_what_is_served_has_a_topic_of_its_plain_name() -> None:
    assert (PRODUCTS.topic, RECOMMENDATION_LISTS.topic) == ("products", "recommendation-lists")
    assert SERVED == (PRODUCTS, RECOMMENDATION_LISTS)
    assert (PRODUCT_DEMAND.topic, RANKED) == ("product-demand", (PRODUCT_DEMAND,))


def test_the_results_of_a_job() -> None:
    assert [result.name for result in results_of("sessions")] == ["funnel_daily", "sessions"]


@ALL
def test_a_description_names_its_own_columns(result: Result) -> None:
    stored = [column.name for column in result.stored]
    columns = [column.name for column in result.columns]

    assert set(result.key) <= set(stored)
    assert result.low_cardinality <= set(stored)
    assert {term.removesuffix(" DESC") for term in result.order} <= set(columns)
    assert len(set(columns)) == len(columns)
    assert [column.name for column in result.columns if not column.doc] == []


@QUERIED
def test_a_result_that_is_queried_has_a_day_or_a_minute_and_a_section(result: Result) -> None:
    assert len({"day", "minute"} & {column.name for column in result.stored}) == 1
    assert result.section


@QUERIED
def test_a_derived_column_has_an_expression_unless_the_view_is_written_by_hand(result: Result) -> None:
    expressions = {column.expression != "" for column in result.columns if not column.is_stored}

    assert expressions <= {not handwritten_view(result.name)}


@ALL
def test_the_registry_gets_a_schema_without_what_concerns_no_reader_of_records(result: Result) -> None:
    whole = load_schema(result.name)
    registered = json.loads(schema_text(result.name))

    assert whole.keys() - registered.keys() == {"result"}
    assert registered == {name: value for name, value in whole.items() if name != "result"}


def test_a_schema_that_describes_no_result_is_registered_as_it_is_written() -> None:
    assert json.loads(schema_text("shop_event")) == load_schema("shop_event")
    assert "\n" in schema_text("shop_event")
