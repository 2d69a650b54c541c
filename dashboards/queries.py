"""The queries: their names, what they answer, and their rows.

Every result has one of its name, which follows from its description; the others are files of ``dashboards/queries/``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any, Final

from connections.clickhouse import connected
from dashboards.questions import FIRST_DAY, FROM, LAST_DAY, TO, Query, closed, result_query, written_query
from schemas.errors import ConfigurationError
from schemas.results import RESULTS
from schemas.settings import Settings

SHOP_RANGE: Final = "shop_range"
RANGE_DAYS: Final = ("first_day", "last_day")
"""The query that knows the shop's days, and its columns of them."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The rows of a query, in its order.

    Attributes:
        columns: Names of the columns.
        rows: Values: str, int, Decimal, date, aware datetime, or None.
    """

    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]


@cache
def queries() -> Mapping[str, Query]:
    """All queries by name, in alphabetical order."""
    all_queries = {result.name: result_query(result) for result in RESULTS} | dict(written_queries())
    return {name: all_queries[name] for name in sorted(all_queries)}


@cache
def written_queries() -> Mapping[str, Query]:
    """The queries that are files, by name, in alphabetical order."""
    entries = (entry for entry in (files("dashboards") / "queries").iterdir() if entry.name.endswith(".sql"))
    written = {entry.name.removesuffix(".sql"): entry.read_text(encoding="utf-8") for entry in entries}
    return {name: written_query(name, written[name]) for name in sorted(written)}


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


def run(
    settings: Settings,
    name: str,
    first: date = FIRST_DAY,
    last: date = LAST_DAY,
    given: Mapping[str, str] | None = None,
) -> Answer:
    """Ask ClickHouse a query by name.

    Args:
        settings: Address of ClickHouse, and the shop's time zone.
        name: One of ``queries()``.
        first: The first day of the shop that is asked for.
        last: The last one.
        given: Further parameters of the query, as text.

    Raises:
        ConfigurationError: There is no such query, or a parameter is wrong.
        DependencyUnavailable: ClickHouse does not answer.
        StatementRefused: ClickHouse refuses the query, for example because nothing was migrated yet.
    """
    question = query(name)
    days = {FROM: str(first), TO: str(last)}
    names = {each.name for each in question.parameters}
    chosen = {key: value for key, value in days.items() if key in names} | dict(given or {})
    parameters = question.values(chosen, settings.time_zone)
    with connected(settings, settings.clickhouse_database) as client:
        if question.is_open(chosen):
            known = query(SHOP_RANGE)
            answer = client.query(known.sql, parameters=known.values({}, settings.time_zone))
            (row,) = answer.named_results()
            first_and_last = (None if row[day] is None else str(row[day]) for day in RANGE_DAYS)
            parameters = question.values(closed(chosen, *first_and_last), settings.time_zone)
        result = client.query(question.sql, parameters=parameters, tz_mode="schema")
    return Answer(tuple(each.name for each in question.columns), [tuple(row) for row in result.result_rows])
