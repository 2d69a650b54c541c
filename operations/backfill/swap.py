"""Puts backfilled rows in the place of live ones that differ.

A row is inserted under the version of the live row that it replaces: of two rows of one version the later insert
counts, and the next row of the live job, whose version is greater, counts over both. So the live job and the sink go
on meanwhile, and no row of theirs is ever covered by an older one. A live row that the backfill does not know is
deleted in the same way.
"""

from __future__ import annotations

from clickhouse_connect.driver.client import Client

from operations.backfill.comparison import Comparison, Difference, columns_of
from schemas.results import Result

_AS_IT_IS = {"insert_deduplicate": 0, "max_partitions_per_insert_block": 0}
"""An insert that equals an earlier one counts all the same: someone may have changed the row in between."""


def drop_impossible_versions(client: Client, result: Result, newest: int) -> int:
    """Delete rows whose version no record of the result's topic has: nothing the live job writes would ever count.

    Args:
        client: ClickHouse.
        result: Which.
        newest: The largest version that there can be.

    Returns:
        How many there were.
    """
    condition = f"FROM `{result.storage_table}` WHERE _version > {{newest:UInt64}}"
    count = int(client.query(f"SELECT count() {condition}", parameters={"newest": newest}).result_rows[0][0])
    if count:
        client.command(
            f"ALTER TABLE `{result.storage_table}` DELETE WHERE _version > {newest:d}", settings={"mutations_sync": 2}
        )
    return count


def swap(client: Client, comparison: Comparison) -> int:
    """Put the backfilled rows in place, in one insert.

    Returns:
        How many rows were replaced, added or deleted.
    """
    result = comparison.result
    rows = [_row(difference) for difference in comparison.differences]
    if rows:
        names = (*columns_of(result), "_version", "_is_deleted")
        client.insert(result.storage_table, rows, column_names=names, settings=_AS_IT_IS)
    return len(rows)


def _row(difference: Difference) -> tuple[object, ...]:
    row, is_deleted = (difference.shadow, 0) if difference.shadow is not None else (difference.live, 1)
    assert row is not None
    return (*row, difference.version, is_deleted)
