"""``faults``: break each part while a troubled shop trades, and prove that every table is right afterwards."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.context import err, out

if TYPE_CHECKING:
    from rich.table import Table

    from local.faults.fault import Fault, Outcome


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(rich_help_panel="Platform")(faults)


def faults(
    fault: Annotated[list[str] | None, typer.Option(help="Only this one; may be repeated.", show_default=False)] = None,
    events: Annotated[int, typer.Option(help="Records that arrive during each at the least.", min=100)] = 4_000,
    rate: Annotated[float, typer.Option(help="Records per second.", min=1)] = 400.0,
    kills: Annotated[int, typer.Option(help="How often the TaskManager is killed.", min=1)] = 10,
    stop: Annotated[float, typer.Option(help="Seconds for which a part is stopped by SIGSTOP.", min=1)] = 10.0,
    away: Annotated[float, typer.Option(help="Seconds for which a part is kept away.", min=1)] = 90.0,
    markdown: Annotated[
        Path | None, typer.Option(help="Write the rows into the table of this page.", show_default=False)
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
    only_list: Annotated[bool, typer.Option("--list", help="List the faults, and break nothing.")] = False,
) -> None:
    """Break each part of platforms of its own while a troubled shop trades, and compare every table with its ledger.

    It touches no other platform. Exits with 1 when anything differs.
    """
    from local.faults.catalogue import FAULTS, chosen
    from local.faults.fault import Verdict
    from local.faults.report import as_json_object, split_page, write_markdown
    from local.faults.run import Suite, in_order
    from local.faults.scene import Options

    wanted = chosen(fault or [])
    if only_list:
        out.print(_list_of(wanted))
        return
    if markdown is not None:
        split_page(markdown)
    outcomes = []
    with Suite(Options(events, rate, kills, stop, away), _teller()) as suite:
        for each in in_order(wanted):
            outcomes.append(suite.run(each))
            _tell_outcome(outcomes[-1])
            if markdown is not None:
                write_markdown(markdown, outcomes, [each.name for each in FAULTS])
    if as_json:
        json.dump([as_json_object(outcome) for outcome in outcomes], sys.stdout, indent=1)
        sys.stdout.write("\n")
    else:
        out.print(_table_of(outcomes))
    if any(outcome.verdict in (Verdict.DIFFERS, Verdict.BROKEN) for outcome in outcomes):
        raise typer.Exit(1)


def _teller() -> Callable[[str], None]:
    started = time.monotonic()

    def tell(line: str) -> None:
        err.print(f"{time.monotonic() - started:7.1f} s  {line}", markup=False, soft_wrap=True)

    return tell


def _tell_outcome(outcome: Outcome) -> None:
    from local.faults.report import COLUMNS, cells

    figures = dict(zip(COLUMNS, cells(outcome), strict=True))
    words = ", ".join(f"{name} {figures[name]}" for name in COLUMNS[2:-1])
    err.print(f"{'':11}{outcome.fault.name}: {outcome.verdict}; {words}", markup=False, soft_wrap=True)
    if outcome.problem:
        err.print(f"{'':11}{outcome.problem}", markup=False, soft_wrap=True)


def _list_of(wanted: list[Fault]) -> Table:
    from rich.table import Table

    table = Table("fault", "what is done", "not in ./shop test, as", box=None, header_style="bold")
    for fault in wanted:
        table.add_row(fault.name, fault.words, fault.slow_because)
    return table


def _table_of(outcomes: list[Outcome]) -> Table:
    from rich.table import Table

    from local.faults.report import COLUMNS, cells

    table = Table(*COLUMNS, box=None, header_style="bold")
    for column in table.columns[2:7]:
        column.justify = "right"
    for outcome in outcomes:
        table.add_row(*cells(outcome))
    return table
