"""Rows of a person in ClickHouse."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from clickhouse_connect.driver.client import Client

from connections.clickhouse import connected
from operations.personal.data import PersonalData
from schemas.codec import load_schema
from schemas.customer_values import ROWS as EXPECTED_VALUES
from schemas.results import RESULTS
from schemas.settings import Settings
from schemas.visitors import LINKS, SIGN_OUT

USER_RESULTS: Final = tuple(
    result for result in RESULTS if "user_id" in {field["name"] for field in load_schema(result.name)["fields"]}
)
"""The results that name people; all others only count them."""

TABLES: Final = ("events", *(result.storage_table for result in USER_RESULTS), EXPECTED_VALUES)
"""Expected values come last: what computes them takes out those whose orders are gone."""

_WHOLE: Final = {"mutations_sync": 2}
"""Wait until the rows are gone from the disk."""


def count_rows(client: Client, table: str, user_id: str) -> int:
    """How many rows of a table name a user."""
    parameters = {"table": table, "user": user_id}
    answer = client.query("SELECT count() FROM {table:Identifier} WHERE user_id = {user:String}", parameters)
    return int(answer.result_rows[0][0])


@dataclass(frozen=True, slots=True)
class Visitors:
    """The anonymous ids of the browsers and devices with which somebody was signed in.

    Attributes:
        alone: Those with which nobody else ever was.
        shared: Those with which others were, too.
        signed_in: Those of the shared ones with which the user signed in last, and nobody signed out since.
    """

    alone: tuple[str, ...]
    shared: tuple[str, ...]
    signed_in: tuple[str, ...]


_VISITORS: Final = """
SELECT
  anonymous_id,
  countIf(user_id NOT IN ('', anonymous_id, {user:String})) > 0 AS is_shared,
  argMaxIf(
    if(event_type = {sign_out:String}, '', user_id),
    (event_time, event_type = {sign_out:String}, event_id),
    event_type = {sign_out:String} OR (event_type IN {links:Array(String)} AND user_id NOT IN ('', anonymous_id))
  ) = {user:String} AS is_signed_in
FROM events
WHERE anonymous_id IN (
  SELECT anonymous_id FROM events WHERE user_id = {user:String} AND anonymous_id NOT IN ('', user_id)
)
GROUP BY anonymous_id
ORDER BY anonymous_id
"""


def visitors_of(client: Client, user_id: str) -> Visitors:
    """The anonymous ids that a user's devices had."""
    rows = client.query(_VISITORS, {"user": user_id, "sign_out": SIGN_OUT, "links": list(LINKS)}).result_rows
    return Visitors(
        alone=tuple(str(visitor) for visitor, is_shared, _ in rows if not is_shared),
        shared=tuple(str(visitor) for visitor, is_shared, _ in rows if is_shared),
        signed_in=tuple(str(visitor) for visitor, is_shared, is_signed_in in rows if is_shared and is_signed_in),
    )


def delete_rows(client: Client, table: str, user_id: str) -> None:
    """Delete the rows of a table that name a user; returns when they are gone from the disk."""
    client.command(f"ALTER TABLE `{table}` DELETE WHERE user_id = %(user)s", {"user": user_id}, settings=_WHOLE)


def _held(settings: Settings, user_id: str) -> dict[str, int]:
    with connected(settings, settings.clickhouse_database) as client:
        return {f"ClickHouse: {table}": count_rows(client, table, user_id) for table in TABLES}


def _erase(settings: Settings, user_id: str) -> None:
    with connected(settings, settings.clickhouse_database) as client:
        for table in TABLES:
            delete_rows(client, table, user_id)


IN_CLICKHOUSE: Final = PersonalData(_held, _erase)
