"""The queries of ``dashboards/queries``: their names, what they answer, and their rows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from importlib.resources import files
from typing import Any, Final

from clickhouse_connect.driver.client import Client

from connections.clickhouse import connected
from schemas.errors import ConfigurationError
from schemas.settings import Settings

FIRST_DAY: Final = date(1970, 1, 1)
LAST_DAY: Final = date(2149, 6, 6)
"""The days that ClickHouse's Date can hold."""


@dataclass(frozen=True, slots=True)
class Query:
    """One file of ``dashboards/queries``.

    Attributes:
        name: Its name without ``.sql``.
        sql: Its text, with the parameters ``from`` and ``to`` (days, both included) and perhaps ``time_zone``.
    """

    name: str
    sql: str

    @property
    def summary(self) -> str:
        """Its first comment line."""
        return self.sql.splitlines()[0].removeprefix("--").strip()


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
    found = sorted((files("dashboards") / "queries").iterdir(), key=lambda entry: entry.name)
    names = ((entry.name.removesuffix(".sql"), entry) for entry in found if entry.name.endswith(".sql"))
    return {name: Query(name, entry.read_text(encoding="utf-8")) for name, entry in names}


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
    asked = query(name)
    if first > last:
        message = f"No day lies from {first} to {last}: --from must not be after --to."
        raise ConfigurationError(message)
    parameters = {"from": first, "to": last, "time_zone": settings.time_zone}
    with connected(settings, settings.clickhouse_database) as client:
        result = client.query(asked.sql, parameters=parameters, tz_mode="schema")
        columns = result.column_names or _columns(client, asked, parameters)
    return Answer(tuple(columns), [tuple(row) for row in result.result_rows])


def _columns(client: Client, asked: Query, parameters: dict[str, Any]) -> list[str]:
    """The columns of a query, whose answer does not name them when it has no rows."""
    described = client.query(f"DESCRIBE TABLE (\n{asked.sql})", parameters=parameters)
    return [str(row[0]) for row in described.result_rows]
