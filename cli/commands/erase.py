"""``erase``: a person is forgotten."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Final

import typer

from cli.context import err, out, settings_of
from cli.progress import working

if TYPE_CHECKING:
    from operations.erasure.run import Report

WAIT_SECONDS: Final = 300.0


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(rich_help_panel="History")(erase)


def erase(
    ctx: typer.Context,
    user: Annotated[str, typer.Argument(help="The user's id.", show_default=False)],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
    wait: Annotated[
        float, typer.Option(help="Seconds to wait for each reader of events to catch up.", min=0)
    ] = WAIT_SECONDS,
) -> None:
    """Erase a user from every store and refuse the user's later events; running it again is harmless.

    So are the anonymous ids of browsers and devices with which nobody else was ever signed in.

    Exits with 1 when a store still holds something of the user.
    """
    from operations.erasure.run import erase as run
    from schemas.errors import ConfigurationError

    if not user:
        raise ConfigurationError("Give the user_id of somebody: events of the catalogue and the stock have none.")
    with working("Erasing ...") as status:
        report = run(settings_of(ctx), user, wait, status.update)
    if as_json:
        json.dump(asdict(report) | {"is_complete": report.is_complete}, out.file, indent=1, default=str)
        out.file.write("\n")
    else:
        _show(report)
    if not report.is_complete:
        raise typer.Exit(1)


def _show(report: Report) -> None:
    from rich.table import Table

    table = Table("store", "held", "left", box=None)
    for column in table.columns[1:]:
        column.justify = "right"
    for holding in report.holdings:
        table.add_row(holding.store, f"{holding.before:,}", f"{holding.left:,}")
    out.print(table)
    for each in report.remainders:
        err.print(f"Kafka keeps {each.records:,} records of {each.topic} until {each.until:%Y-%m-%d %H:%M} UTC.")
    for about, ids in (
        ("Anonymous ids of devices that nobody else used, erased as well", report.erased_visitors),
        ("Anonymous ids of devices that others used, too, which keep their other events", report.visitors),
    ):
        if ids:
            err.print(f"{about}: {', '.join(ids)}", markup=False, soft_wrap=True)
