"""Builds the ``./shop`` command from the modules of ``cli/commands`` and turns errors into exit codes."""

from __future__ import annotations

import signal
import sys
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from typer.core import TyperGroup

from cli.commands import (
    backfill,
    collector,
    customers,
    demo,
    development,
    erase,
    evaluate,
    failed,
    faults,
    imports,
    jobs,
    lake,
    migrate,
    models,
    platform,
    queries,
    rebuild,
    replay,
    reports,
    serve,
    simulate,
    verify,
)
from cli.context import GlobalOptions, err, plain
from schemas.errors import ShopError

COMMANDS: Final = (
    platform,
    demo,
    jobs,
    models,
    lake,
    replay,
    backfill,
    rebuild,
    erase,
    imports,
    simulate,
    collector,
    queries,
    customers,
    reports,
    verify,
    faults,
    failed,
    evaluate,
    serve,
    migrate,
    development,
)
"""Modules of ``cli/commands``; the first to name a panel puts it on the help page."""

TERMINATED: Final = 128 + signal.SIGTERM
"""The exit code after SIGTERM, as shells give it."""


class Commands(TyperGroup):
    """The commands; what is wrong with an option is said in our words."""

    def invoke(self, ctx: Any) -> Any:
        """Run the chosen command.

        Raises:
            BadParameter: An option has a value that it cannot have.
        """
        try:
            return super().invoke(ctx)
        except typer.BadParameter as error:
            error.message = plain(error.message)
            raise


app = typer.Typer(
    name="shop",
    cls=Commands,
    help="One event stream of a shop becomes exact analytics and fresh recommendations.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)


@app.callback()
def _global_options(
    ctx: typer.Context,
    data_dir: Annotated[
        Path | None,
        typer.Option(
            envvar="SHOP_DATA_DIR",
            help="Where the embedded platform keeps its state.",
            show_default=".shop beside the program",
            file_okay=False,
        ),
    ] = None,
    port_base: Annotated[
        int | None,
        typer.Option(
            envvar="SHOP_PORT_BASE", help="All ports follow this one.", show_default="19000", min=1024, max=65000
        ),
    ] = None,
) -> None:
    ctx.obj = GlobalOptions(data_dir, port_base)


for _module in COMMANDS:
    _module.register(app)


def main() -> None:
    """Run the command line; an error that shopstream raises on purpose ends it with that error's exit code.

    SIGTERM ends it as Ctrl-C does: what it has under way, such as a job of Flink's, is ended first.
    """
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(TERMINATED))
    try:
        app(prog_name="./shop")
    except ShopError as error:
        err.print(f"[bold red]Error:[/] {_escaped(str(error))}", soft_wrap=True)
        sys.exit(error.exit_code)


def _escaped(text: str) -> str:
    return text.replace("[", r"\[")
