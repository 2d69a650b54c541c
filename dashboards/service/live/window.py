"""The window: the last minutes and days of some results, who is in the shop now, and the last orders."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from dashboards.questions import DAY, MINUTE
from schemas.recommendations import utc_text
from schemas.results import Result, result_named

MINUTES: Final = 60
DAYS: Final = 2
ORDERS: Final = 50
VISITORS: Final = timedelta(minutes=30)
VISITORS_NOW: Final = timedelta(minutes=5)

SESSIONS: Final = "sessions"
ORDERS_TABLE: Final = "orders"
VISITS_TABLE: Final = "visits"
LIVE_RESULTS: Final = tuple(
    map(
        result_named,
        (
            "activity_minutely",
            "sales_minutely",
            "sales_daily",
            "carts_daily",
            "funnel_daily",
            "payments_daily",
            "payment_failures_daily",
            "search_daily",
        ),
    )
)
"""Few rows a day or a minute, however large the shop."""

LIVE_TABLES: Final = (*(result.name for result in LIVE_RESULTS), VISITS_TABLE, ORDERS_TABLE)

_CHECKOUT: Final = 3
"""The step of the funnel from which a checkout is under way."""

Key = tuple[str, ...]
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Change:
    """A row that is new, or another than before; or, without a row, one that is gone.

    Attributes:
        table: Its table: a live result, ``sessions`` or ``orders``.
        key: The row's key.
        row: Its columns as JSON has them; None for one that is gone.
        offset: The record it came with: topic-partition:offset.
        at_ms: When that was published, epoch milliseconds.
    """

    table: str
    key: Key
    row: Row | None
    offset: str
    at_ms: int


@dataclass(slots=True)
class _Rows:
    """Rows of one table, and since when they are in the window."""

    column: str
    rows: dict[Key, Row] = field(default_factory=dict)
    newest: str = ""
    since: str = ""


class Window:
    """The rows that live pages show. The window ends with the newest event, not with the clock."""

    def __init__(self) -> None:
        self._tables = {result.name: _Rows(_time_column(result)) for result in LIVE_RESULTS}
        self._orders: dict[Key, Row] = {}
        self._sessions: dict[Key, Row] = {}
        self._visits: Row | None = None
        self._last_session: Change | None = None

    def fill(self, table: str, rows: Iterable[tuple[Key, Row]]) -> None:
        """Take rows as they are now, without telling of a change."""
        self.apply(Change(table, key, row, "", 0) for key, row in rows)

    def apply(self, changes: Iterable[Change]) -> list[Change]:
        """Take changes in their order; those of rows that are shown. Of visits ``changed_visits`` tells."""
        shown: dict[tuple[str, Key], Change] = {}
        for change in changes:
            if change.table == SESSIONS:
                self._take_session(change)
            elif self._take(change):
                shown[change.table, change.key] = change
        return list(shown.values())

    @property
    def is_visited(self) -> bool:
        """Whether sessions have changed since visits were last counted."""
        return self._last_session is not None

    def changed_visits(self) -> Change | None:
        """Count visits; the change where they are others than before. It takes milliseconds where thousands visit."""
        last, self._last_session = self._last_session, None
        visits, before_that = self.visits(), self._visits
        self._visits = visits
        if last is None or visits == before_that:
            return None
        return Change(VISITS_TABLE, (), visits, last.offset, last.at_ms)

    def tables(self) -> dict[str, list[Row]]:
        """All rows by table, those of a table in the order of their keys; orders with the newest first."""
        rows = {name: [each.rows[key] for key in sorted(each.rows)] for name, each in self._tables.items()}
        orders = sorted(self._orders.values(), key=_newest_first, reverse=True)
        return {**rows, VISITS_TABLE: [self.visits()], ORDERS_TABLE: orders}

    def visits(self) -> Row:
        """Who is in the shop, as the query visits_now says it."""
        newest = max((row["ended_at"] for row in self._sessions.values()), default=None)
        if newest is None:
            return _visits(None, [], [])
        self._forget_sessions(newest)
        now = before(newest, VISITORS_NOW)
        recent = list(self._sessions.values())
        return _visits(newest, recent, [row for row in recent if row["ended_at"] > now])

    def _forget_sessions(self, newest: str) -> None:
        since = before(newest, VISITORS)
        for key in [key for key, row in self._sessions.items() if row["ended_at"] <= since]:
            del self._sessions[key]

    def _take(self, change: Change) -> bool:
        if change.table == ORDERS_TABLE:
            return self._take_order(change)
        table = self._tables[change.table]
        if change.row is None:
            return table.rows.pop(change.key, None) is not None
        at = change.row[table.column]
        if at > table.newest:
            table.newest, table.since = at, _since(table.column, at)
            for key in [key for key, row in table.rows.items() if row[table.column] < table.since]:
                del table.rows[key]
        if at < table.since or table.rows.get(change.key) == change.row:
            return False
        table.rows[change.key] = change.row
        return True

    def _take_order(self, change: Change) -> bool:
        if change.row is None or change.key in self._orders:
            return False
        self._orders[change.key] = change.row
        if len(self._orders) > ORDERS:
            oldest = min(self._orders, key=lambda key: _newest_first(self._orders[key]))
            del self._orders[oldest]
        return change.key in self._orders

    def _take_session(self, change: Change) -> None:
        self._last_session = change
        if change.row is None:
            self._sessions.pop(change.key, None)
        else:
            self._sessions[change.key] = change.row


def before(moment: str, duration: timedelta) -> str:
    """The time that lies a duration before another, both RFC 3339 in UTC."""
    return utc_text(datetime.fromisoformat(moment).astimezone(UTC) - duration)


def _visits(newest: str | None, recent: Sequence[Row], now: Sequence[Row]) -> Row:
    carts = [row for row in recent if row["cart_additions"] > 0 and row["purchases"] == 0]
    return {
        "newest_event": newest,
        "visitors_5_minutes": len({row["user_id"] for row in now}),
        "visitors_30_minutes": len({row["user_id"] for row in recent}),
        "open_carts": len(carts),
        "open_checkouts": sum(row["steps"] >= _CHECKOUT for row in carts),
    }


def _newest_first(order: Mapping[str, Any]) -> tuple[str, str]:
    return order["at"], order["event_id"]


def _time_column(result: Result) -> str:
    return MINUTE if MINUTE in result.key else DAY


def _since(column: str, newest: str) -> str:
    """The first minute or day in the window."""
    if column == DAY:
        return (date.fromisoformat(newest) - timedelta(days=DAYS - 1)).isoformat()
    return before(newest, timedelta(minutes=MINUTES - 1))
