"""The window's first rows, by ClickHouse."""

from __future__ import annotations

from datetime import date, timedelta
from importlib.resources import files
from typing import Final

from dashboards.queries import SHOP_RANGE, query
from dashboards.questions import FROM
from dashboards.service.clickhouse import ClickHouse
from dashboards.service.live.records import ORDER_COLUMNS, key_of, row_of
from dashboards.service.live.window import DAYS, LIVE_RESULTS, ORDERS, ORDERS_TABLE, SESSIONS, Window
from schemas.results import result_named

_VISITS: Final = (files("dashboards") / "service" / "live" / "visits.sql").read_text(encoding="utf-8")


async def filled_window(clickhouse: ClickHouse, time_zone: str) -> Window:
    """A window as ClickHouse has it now.

    Args:
        clickhouse: Whom to ask.
        time_zone: The shop's.

    Raises:
        DependencyUnavailable: ClickHouse does not answer.
        StatementRefused: It refuses, for example because nothing was migrated yet.
    """
    window = Window()
    question = query(SHOP_RANGE)
    (known,) = (await clickhouse.ask(question.sql, question.values({}, time_zone))).dicts()
    if known["newest_event"] is None:
        return window
    first_day = (date.fromisoformat(known["last_day"]) - timedelta(days=DAYS - 1)).isoformat()
    for result in LIVE_RESULTS:
        asked = query(result.name)
        answer = await clickhouse.ask(asked.sql, asked.values({FROM: first_day}, time_zone))
        columns = tuple(column.name for column in result.stored)
        rows = [row_of(columns, row) for row in answer.dicts()]
        window.fill(result.name, ((key_of(result.key, row), row) for row in rows))
    key = result_named(SESSIONS).key
    sessions = (await clickhouse.ask(_VISITS)).dicts()
    window.fill(SESSIONS, ((key_of(key, row), row) for row in sessions))
    orders = query("last_orders")
    values = orders.values({FROM: first_day, "limit": str(ORDERS)}, time_zone)
    for row in (await clickhouse.ask(orders.sql, values)).dicts():
        window.fill(ORDERS_TABLE, [((row["event_id"],), {name: row[name] for name in ORDER_COLUMNS})])
    return window
