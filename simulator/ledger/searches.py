"""Searches, their results and clicks on these."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from typing import Final

from simulator.events import Event
from simulator.ledger.books import COUNT, DAY, RATE, TEXT, Cell, Table, rate_cell

_COLUMNS: Final = {
    "searches": COUNT,
    "zero_results": COUNT,
    "clicks": COUNT,
    "zero_result_rate": RATE,
    "click_through_rate": RATE,
}


class Searches:
    """The book of searches."""

    def __init__(self) -> None:
        self._daily: defaultdict[date, list[int]] = defaultdict(lambda: [0, 0, 0])
        self._queries: defaultdict[tuple[date, str], list[int]] = defaultdict(lambda: [0, 0, 0])

    def enter(self, event: Event, day: date, minute: int) -> None:  # noqa: ARG002
        """Enter an event."""
        if event.event_type not in ("search", "select_item"):
            return
        query = event.body.fields.get("search_query")
        if not query:
            return
        for account in (self._daily[day], self._queries[day, query.lower().strip(" ")]):
            if event.event_type == "select_item":
                account[2] += 1
                continue
            account[0] += 1
            account[1] += event.body.fields.get("search_results") == 0

    def tables(self) -> Iterator[Table]:
        """search_daily, search_queries_daily."""
        rows: Iterator[tuple[Cell, ...]] = (
            (day.isoformat(), *_cells(*account)) for day, account in self._daily.items()
        )
        yield Table.of("search_daily", {"day": DAY, **_COLUMNS}, 1, rows)
        rows = ((day.isoformat(), query, *_cells(*account)) for (day, query), account in self._queries.items())
        yield Table.of("search_queries_daily", {"day": DAY, "query": TEXT, **_COLUMNS}, 2, rows)


def _cells(searches: int, zero_results: int, clicks: int) -> tuple[Cell, ...]:
    return searches, zero_results, clicks, rate_cell(zero_results, searches), rate_cell(clicks, searches)
