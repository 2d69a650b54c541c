"""``faults``: break each part under load, and prove that every table is right afterwards."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.context import err, out

if TYPE_CHECKING:
    from rich.table import Table

    from local.faults.fault import Fault, FaultResult


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(rich_help_panel="Platform")(faults)


def faults(
    fault: Annotated[
        list[str] | None, typer.Option(help="Only this fault; may be repeated.", show_default=False)
    ] = None,
    events: Annotated[int, typer.Option(help="Records sent during each fault, at least.", min=100)] = 4_000,
    rate: Annotated[float, typer.Option(help="Records per second.", min=1)] = 400.0,
    kills: Annotated[int, typer.Option(help="How often the TaskManager is killed.", min=1)] = 10,
    stop: Annotated[float, typer.Option(help="Seconds for which a part is stopped by SIGSTOP.", min=1)] = 10.0,
    away: Annotated[float, typer.Option(help="Seconds for which a part is kept down.", min=1)] = 90.0,
    markdown: Annotated[
        Path | None, typer.Option(help="Write the results into the table of this page.", show_default=False)
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
    only_list: Annotated[bool, typer.Option("--list", help="List the faults, and break nothing.")] = False,
) -> None:
    """Break each part of new platforms under the load of a simulated shop, and compare every table with its ledger.

    It touches no other platform. Exits with 1 when anything differs.
    """
    from local.faults.catalogue import FAULTS, chosen
    from local.faults.context import Options
    from local.faults.fault import Outcome
    from local.faults.report import as_json_object, split_page, write_markdown
    from local.faults.run import Suite, in_order

    selected = chosen(fault or [])
    if only_list:
        out.print(_list_of(selected))
        return
    if markdown is not None:
        split_page(markdown)
    results = []
    with Suite(Options(events, rate, kills, stop, away), _log_to_terminal()) as suite:
        for each in in_order(selected):
            results.append(suite.run(each))
            _print_result(results[-1])
            if markdown is not None:
                write_markdown(markdown, results, [each.name for each in FAULTS], datetime.now(UTC).date())
    if as_json:
        json.dump([as_json_object(result) for result in results], sys.stdout, indent=1)
        sys.stdout.write("\n")
    else:
        out.print(_table_of(results))
    if any(result.outcome in (Outcome.DIFFERS, Outcome.FAILED) for result in results):
        raise typer.Exit(1)


def _log_to_terminal() -> Callable[[str], None]:
    started = time.monotonic()

    def log(line: str) -> None:
        err.print(f"{time.monotonic() - started:7.1f} s  {line}", markup=False, soft_wrap=True)

    return log


def _print_result(result: FaultResult) -> None:
    from local.faults.report import COLUMNS, cells

    figures = dict(zip(COLUMNS, cells(result), strict=True))
    summary = ", ".join(f"{name} {figures[name]}" for name in COLUMNS[2:-1])
    err.print(f"{'':11}{result.fault.name}: {result.outcome}; {summary}", markup=False, soft_wrap=True)
    if result.problem:
        err.print(f"{'':11}{result.problem}", markup=False, soft_wrap=True)


def _list_of(faults: list[Fault]) -> Table:
    from rich.table import Table

    table = Table("fault", "what is injected", "not in ./shop test, as", box=None, header_style="bold")
    for fault in faults:
        table.add_row(fault.name, fault.description, fault.slow_because)
    return table


def _table_of(results: list[FaultResult]) -> Table:
    from rich.table import Table

    from local.faults.report import COLUMNS, cells

    table = Table(*COLUMNS, box=None, header_style="bold")
    for column in table.columns[2:7]:
        column.justify = "right"
    for result in results:
        table.add_row(*cells(result))
    return table
