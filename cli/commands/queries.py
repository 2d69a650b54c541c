"""``query``."""

from __future__ import annotations

import csv
import json
import sys
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from cli.context import out, settings_of

if TYPE_CHECKING:
    from dashboards.queries import Answer

WIDEST: Final = 10_000
"""Columns of a terminal; no table is wider."""


class Format(StrEnum):
    """How the answer is written."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(rich_help_panel="Results")(query)


def query(
    ctx: typer.Context,
    name: Annotated[str | None, typer.Argument(help="The query; without a name, all are listed.")] = None,
    first: Annotated[
        datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="First day, in the shop's time zone.")
    ] = None,
    last: Annotated[datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help="Last day, included.")] = None,
    fmt: Annotated[
        Format,
        typer.Option(
            "--format",
            help="table for reading; csv with a header; json as a list of objects, amounts as strings to stay exact.",
        ),
    ] = Format.TABLE,
    values: Annotated[
        list[str] | None,
        typer.Option("--set", help="Another parameter of the query: name=value.", metavar="NAME=VALUE"),
    ] = None,
) -> None:
    """Run a query by its name."""
    if name is None:
        list_queries()
        return
    from dashboards.queries import run
    from dashboards.questions import FIRST_DAY, LAST_DAY

    answer = run(
        settings_of(ctx),
        name,
        first.date() if first else FIRST_DAY,
        last.date() if last else LAST_DAY,
        dict(map(_named_value, values or ())),
    )
    {Format.TABLE: show_table, Format.CSV: write_csv, Format.JSON: write_json}[fmt](answer)


def _named_value(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        message = f"--set takes name=value, not {text!r}"
        raise typer.BadParameter(message)
    return name, value


def list_queries() -> None:
    """Write the name of each query and what it answers."""
    from dashboards.queries import queries

    for each in queries().values():
        out.print(f"[bold]{each.name}[/]  {each.summary}", soft_wrap=True)


def show_table(answer: Answer) -> None:
    """Write the answer as a table, as wide as it is: a figure that is cut short is worse than a line that wraps."""
    from rich.table import Table

    table = Table(box=None, header_style="bold", pad_edge=False)
    first_row = answer.rows[0] if answer.rows else ()
    for index, column in enumerate(answer.columns):
        right = index < len(first_row) and isinstance(first_row[index], int | Decimal)
        table.add_column(column, justify="right" if right else "left", no_wrap=True)
    for row in answer.rows:
        table.add_row(*map(_for_reading, row))
    table.width = out.measure(table, options=out.options.update(max_width=WIDEST)).maximum
    out.print(table, crop=False)


def write_csv(answer: Answer) -> None:
    """Write a header and the rows; NULL is empty, amounts have all their decimals and no exponent."""
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(answer.columns)
    writer.writerows([_plain(value) for value in row] for row in answer.rows)


def write_json(answer: Answer) -> None:
    """Write a list of objects; amounts, days and times are strings, counts are numbers, NULL is null."""
    rows = [dict(zip(answer.columns, row, strict=True)) for row in answer.rows]
    json.dump(rows, sys.stdout, default=_plain, ensure_ascii=False, indent=1)
    sys.stdout.write("\n")


def _plain(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, date):
        return value.isoformat()
    return str(value)


def _for_reading(value: Any) -> str:
    if isinstance(value, Decimal):
        return f"{value:,f}"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    return "-" if value is None else _plain(value)
