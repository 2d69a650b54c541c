"""The queries: their names, what they answer, and their rows.

Every result has one of its name, which follows from its description; the others are files of ``dashboards/queries/``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from importlib.resources import files
from typing import Any, Final

from clickhouse_connect.driver.client import Client

from connections.clickhouse import connected
from schemas.errors import ConfigurationError
from schemas.results import RESULTS, Column, Result
from schemas.settings import Settings

FIRST_DAY: Final = date(1970, 1, 1)
LAST_DAY: Final = date(2149, 6, 6)
"""The days that ClickHouse's Date can hold."""

_COLUMNS: Final = re.compile(r"^-- (?P<names>\w+(?:, \w+)*)(?:  +|\n--  +)(?P<meaning>\S.*)$", re.MULTILINE)
"""Columns in the comment of a written query, and what they mean: behind blanks or in the next line."""

DAY: Final = "day"
MINUTE: Final = "minute"
"""Columns of a result: the shop's day, and the start of a minute in UTC. Each result has one of them."""


@dataclass(frozen=True, slots=True)
class Query:
    """One question.

    Attributes:
        name: Its name.
        sql: Its text, with the parameters ``from`` and ``to`` (days, both included) and perhaps ``time_zone``.
    """

    name: str
    sql: str

    @property
    def summary(self) -> str:
        """Its first comment line."""
        return self.sql.splitlines()[0].removeprefix("--").strip()

    @property
    def column_comments(self) -> list[tuple[str, str]]:
        """Of a written query its columns in their order, and what each means, as its comment says."""
        return [
            (name, match["meaning"]) for match in _COLUMNS.finditer(self.sql) for name in match["names"].split(", ")
        ]


@dataclass(frozen=True, slots=True)
class Answer:
    """The rows of a query, in its order.

    Attributes:
        columns: Names of the columns.
        rows: Values: str, int, Decimal, date, aware datetime, or None.
    """

    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]


def queries() -> dict[str, Query]:
    """All queries by name, in alphabetical order."""
    all_queries = {result.name: Query(result.name, result_query(result)) for result in RESULTS} | written_queries()
    return {name: all_queries[name] for name in sorted(all_queries)}


def written_queries() -> dict[str, Query]:
    """The queries that are files, by name, in alphabetical order."""
    entries = (entry for entry in (files("dashboards") / "queries").iterdir() if entry.name.endswith(".sql"))
    written = {entry.name.removesuffix(".sql"): entry.read_text(encoding="utf-8") for entry in entries}
    return {name: Query(name, written[name]) for name in sorted(written)}


def result_query(result: Result) -> str:
    """The text of a result's query: all its columns for the days asked for, minutes in the shop's time zone."""
    columns = ",\n    ".join(_shown(result, column) for column in result.columns)
    order = ", ".join(f"{result.name}.minute" if term == MINUTE else term for term in result.order)
    return (
        f"-- {result.doc} Grain: one row a {result.grain}.\n-- docs/metrics.md says what each column means.\n"
        f"SELECT\n    {columns}\nFROM {result.name}\n"
        f"WHERE {_day(result)} BETWEEN {{from:Date}} AND {{to:Date}}\nORDER BY {order}\n"
    )


def _shown(result: Result, column: Column) -> str:
    return f"toTimeZone({result.name}.minute, {{time_zone:String}}) AS minute" if column.name == MINUTE else column.name


def _day(result: Result) -> str:
    """The day of the shop that a row belongs to."""
    return (
        DAY
        if DAY in {column.name for column in result.columns}
        else f"toDate({result.name}.minute, {{time_zone:String}})"
    )


def query(name: str) -> Query:
    """The query of that name.

    Raises:
        ConfigurationError: There is none.
    """
    known = queries()
    if name not in known:
        message = f"There is no query {name!r}. There are: {', '.join(known)}."
        raise ConfigurationError(message)
    return known[name]


def run(settings: Settings, name: str, first: date = FIRST_DAY, last: date = LAST_DAY) -> Answer:
    """Ask ClickHouse a query by name.

    Args:
        settings: Address of ClickHouse, and the shop's time zone.
        name: One of ``queries()``.
        first: The first day of the shop that is asked for.
        last: The last one.

    Raises:
        ConfigurationError: There is no such query, or the days are in the wrong order.
        DependencyUnavailable: ClickHouse does not answer.
        StatementRefused: ClickHouse refuses the query, for example because nothing was migrated yet.
    """
    question = query(name)
    if first > last:
        message = f"No day lies from {first} to {last}: --from must not be after --to."
        raise ConfigurationError(message)
    parameters = {"from": first, "to": last, "time_zone": settings.time_zone}
    with connected(settings, settings.clickhouse_database) as client:
        result = client.query(question.sql, parameters=parameters, tz_mode="schema")
        columns = result.column_names or _columns(client, question, parameters)
    return Answer(tuple(columns), [tuple(row) for row in result.result_rows])


def _columns(client: Client, question: Query, parameters: dict[str, Any]) -> list[str]:
    """The columns of a query, whose answer does not name them when it has no rows."""
    described = client.query(f"DESCRIBE TABLE (\n{question.sql})", parameters=parameters)
    return [str(row[0]) for row in described.result_rows]
