"""``verify``: is every table as a ledger says that it must be?"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from cli.context import out, settings_of
from cli.progress import working

if TYPE_CHECKING:
    from operations.verification import Difference, LedgerFile, RecordsReport, TableReport
    from schemas.settings import Settings

SETTLE_SECONDS: Final = 900.0


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(rich_help_panel="Results")(verify)


def verify(
    ctx: typer.Context,
    ledger: Annotated[Path, typer.Option(help="The file that './shop simulate --ledger' wrote.", show_default=False)],
    table: Annotated[
        list[str] | None, typer.Option(help="Only this table; may be repeated.", show_default=False)
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
    wait: Annotated[float, typer.Option(help="Seconds to wait until every event is counted.", min=0)] = SETTLE_SECONDS,
) -> None:
    """Compare every table with a ledger, row by row; exits with 1 on any difference.

    The ledger's records must be the only ones that the platform ever received, once or several times as a whole.
    """
    from operations.verification import check_settings, check_tables, compare_records, read_ledger

    settings = settings_of(ctx)
    with working(f"Reading {ledger} ..."):
        truth = read_ledger(ledger)
    check_settings(truth, settings)
    check_tables(truth, table or ())
    _settle(settings, wait)
    with working("Counting records ..."):
        records = compare_records(truth, settings)
    tables = _compare(truth, settings, tuple(table or ()))
    if as_json:
        json.dump(as_json_object(records, tables), sys.stdout, indent=1, ensure_ascii=False, default=str)
        sys.stdout.write("\n")
    else:
        _show_records(records)
        _show_tables(tables)
    if not (records.agrees and all(report.agrees for report in tables.values())):
        raise typer.Exit(1)


def _settle(settings: Settings, wait_seconds: float) -> None:
    from operations.lag import wait_until_settled

    with working("Waiting until everything is counted ...") as status:
        wait_until_settled(settings, lambda lag: status.update(f"Waiting: {lag} ..."), wait_seconds)


def _compare(truth: LedgerFile, settings: Settings, names: tuple[str, ...]) -> dict[str, TableReport]:
    from operations.verification import compare_tables

    reports: dict[str, TableReport] = {}
    with working("Comparing ...") as status:
        for name, report in compare_tables(truth, settings, names):
            reports[name] = report
            status.update(f"Comparing: {name} has {report.actual:,} rows ...")
    return reports


def _show_records(records: RecordsReport) -> None:
    from rich.table import Table

    shown = Table("records", "must be", "is", "", box=None, header_style="bold")
    for name, (expected, actual) in records.counts.items():
        shown.add_row(name, f"{expected:,}", f"{actual:,}", _mark(expected == actual))
    for column in shown.columns[1:3]:
        column.justify = "right"
    out.print(shown)
    if records.times > 1:
        out.print(f"The ledger's records were sent {records.times} times.")
    out.print()


def _show_tables(tables: dict[str, TableReport]) -> None:
    from rich.table import Table

    shown = Table("table", "rows", "missing", "extra", "different", "", box=None, header_style="bold")
    for column in shown.columns[1:5]:
        column.justify = "right"
    for name, report in tables.items():
        counts = [f"{report.counts[kind]:,}" for kind in ("missing", "extra", "different")]
        shown.add_row(name, f"{report.expected:,}", *counts, report.problem or _mark(report.agrees))
    out.print(shown)
    for name, report in tables.items():
        for difference in report.examples:
            out.print(f"{name} {describe(difference)}", markup=False, soft_wrap=True)


def _mark(agrees: bool) -> str:
    return "[green]equal[/]" if agrees else "[bold red]differs[/]"


def describe(difference: Difference) -> str:
    """One difference in one line."""
    key = ", ".join(map(str, difference.key))
    if difference.kind == "different":
        cells = "; ".join(
            f"{name} must be {expected}, is {actual}" for name, (expected, actual) in difference.cells.items()
        )
    else:
        side = 0 if difference.kind == "missing" else 1
        cells = ", ".join(f"{name} {pair[side]}" for name, pair in difference.cells.items())
    return f"[{key}] {difference.kind}: {cells}"


def as_json_object(records: RecordsReport, tables: dict[str, TableReport]) -> dict[str, Any]:
    """All findings in plain values."""
    return {
        "agrees": records.agrees and all(report.agrees for report in tables.values()),
        "times_sent": records.times,
        "records": {name: {"must_be": expected, "is": actual} for name, (expected, actual) in records.counts.items()},
        "tables": {
            name: {
                "agrees": report.agrees,
                "problem": report.problem,
                "rows": {"must_be": report.expected, "is": report.actual},
                **{kind: report.counts[kind] for kind in ("missing", "extra", "different")},
                "examples": [{"kind": row.kind, "key": list(row.key), "cells": row.cells} for row in report.examples],
            }
            for name, report in tables.items()
        },
    }
