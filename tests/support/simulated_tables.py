"""ClickHouse tables as the jobs would leave them after a simulated shop, without jobs: from the simulator's ledger."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from clickhouse_connect.driver.client import Client

from connections.clickhouse import connected
from schemas.results import RESULTS, Result
from schemas.settings import Settings
from simulator.ledger.books import Table
from simulator.ledger.ledger import Ledger
from simulator.plan import Plan
from simulator.simulation import Simulation


def fill_tables(settings: Settings, plan: Plan, until_ms: int) -> None:
    """Insert what every table holds once the events of a plan, up to an instant, are counted."""
    ledger = Ledger(plan.time_zone, plan.lateness_ms, plan.skew_ms)
    for received_ms, _, event, _ in Simulation(plan).records():
        if received_ms <= until_ms:
            ledger.receive(received_ms, event)
    results = {result.name: result for result in RESULTS}
    with connected(settings, settings.clickhouse_database) as client:
        for table in ledger.tables():
            if table.rows and table.name in results:
                _insert(client, results[table.name], table)


def _insert(client: Client, result: Result, table: Table) -> None:
    stored = {column.name for column in result.stored}
    places = [(place, name) for place, name in enumerate(table.columns) if name in stored]
    types = {row[0]: row[1] for row in client.query(f"DESCRIBE TABLE {result.storage_table}").result_rows}
    rows = [[_cell(row[place], types[name]) for place, name in places] for row in table.rows]
    client.insert(result.storage_table, rows, column_names=[name for _, name in places])


def _cell(value: Any, kind: str) -> Any:
    if value is None or not isinstance(value, str):
        return value
    if "DateTime" in kind:
        return datetime.fromisoformat(value)
    if "Decimal" in kind:
        return Decimal(value)
    return date.fromisoformat(value) if "Date" in kind else value


def rows_of(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> list[dict[str, Any]]:
    """Rows by the names of their columns."""
    return [dict(zip(columns, row, strict=True)) for row in rows]
