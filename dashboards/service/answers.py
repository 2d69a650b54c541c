"""A query's answer, as JSON and as CSV."""

from __future__ import annotations

import csv
import io
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from dashboards.queries import RANGE_DAYS, SHOP_RANGE
from dashboards.queries import query as query_named
from dashboards.questions import Query, closed
from dashboards.service.clickhouse import ClickHouse, Rows
from dashboards.service.tables import JOB_OF, tables_behind
from schemas.settings import Settings
from schemas.topics import INGEST


@dataclass(frozen=True, slots=True)
class TableState:
    """How fresh a table is.

    Attributes:
        name: The table.
        updated_at: When its newest change was published, RFC 3339; None where nobody knows.
        offsets: Partition of its topic -> the offset before which ClickHouse has all.
        behind: Changes that ClickHouse does not have yet; None where nobody knows.
        since: Since when ClickHouse is behind, RFC 3339; None where it is not.
    """

    name: str
    updated_at: str | None
    offsets: Mapping[str, int]
    behind: int | None
    since: str | None


class Freshness(Protocol):
    """Knows how fresh tables are."""

    async def of(self, tables: Sequence[str]) -> list[TableState]:
        """The state of these tables as it is now; ask it before the tables themselves are read."""
        ...

    def doubtful(self, states: Sequence[TableState]) -> list[dict[str, Any]]:
        """Why figures of these tables may be behind: table, reason, since."""
        ...


@dataclass(frozen=True, slots=True)
class LateJob:
    """A job that has been behind for a while.

    Attributes:
        events: How many it has left to count.
        since: Since when, RFC 3339.
    """

    events: int
    since: str


class Answers:
    """Asks queries for those who look at them.

    Args:
        clickhouse: Whom to ask.
        freshness: How fresh tables are.
        settings: The shop's time zone.
        late_jobs: Gives the jobs that are late by their names, at once.
    """

    def __init__(
        self,
        clickhouse: ClickHouse,
        freshness: Freshness,
        settings: Settings,
        late_jobs: Callable[[], Mapping[str, LateJob]],
    ) -> None:
        self._late_jobs = late_jobs
        self._clickhouse = clickhouse
        self._freshness = freshness
        self._time_zone = settings.time_zone

    async def rows(self, query: Query, given: Mapping[str, str]) -> Rows:
        """The rows of a query.

        Raises:
            ConfigurationError: A parameter is wrong.
            DependencyUnavailable: ClickHouse does not answer.
            StatementRefused: It refuses the query.
        """
        return await self._clickhouse.ask(query.sql, await self._values(query, given))

    async def answer(self, query: Query, given: Mapping[str, str]) -> dict[str, Any]:
        """The rows, and how fresh they are; raises as ``rows``."""
        values = await self._values(query, given)
        states = await self._freshness.of(tables_behind(query))
        started = time.monotonic()
        rows = await self._clickhouse.ask(query.sql, values)
        return {
            "name": query.name,
            "columns": [
                {"name": column.name, "type": kind, "unit": column.unit, "doc": column.doc}
                for column, kind in zip(query.columns, rows.types, strict=True)
            ],
            "rows": rows.rows,
            "updated_at": max((state.updated_at for state in states if state.updated_at), default=None),
            "offsets": {partition: offset for state in states for partition, offset in state.offsets.items()},
            "doubtful": self._freshness.doubtful(states) + self._late(states),
            "seconds": round(time.monotonic() - started, 4),
        }

    def _late(self, states: Sequence[TableState]) -> list[dict[str, Any]]:
        return doubtful(self._late_jobs(), {each.name: JOB_OF.get(each.name, "") for each in states})

    async def _values(self, query: Query, given: Mapping[str, str]) -> dict[str, str]:
        values = query.values(given, self._time_zone)
        if not query.is_open(given):
            return values
        known = query_named(SHOP_RANGE)
        (shop,) = (await self._clickhouse.ask(known.sql, known.values({}, self._time_zone))).dicts()
        return query.values(closed(given, *(shop[day] for day in RANGE_DAYS)), self._time_zone)


def doubtful(late: Mapping[str, LateJob], job_of: Mapping[str, str]) -> list[dict[str, Any]]:
    """Why figures of tables may be behind: ingest, or the job that computes the table, has been behind for a while.

    Args:
        late: Job -> how late it is.
        job_of: Table -> the job that computes it, "" for none.
    """
    return [
        {"table": table, "reason": _reason(job, late[job]), "since": late[job].since}
        for table, own in job_of.items()
        for job in (INGEST, own)
        if job in late
    ]


def _reason(job: str, late: LateJob) -> str:
    what = "records left to check" if job == INGEST else "events left to count"
    return f"The job {job} has {late.events:,} {what}."


def as_csv(rows: Rows) -> str:
    """A header and the rows; NULL is empty."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(rows.names)
    writer.writerows(["" if value is None else value for value in row] for row in rows.rows)
    return text.getvalue()
