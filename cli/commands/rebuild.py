"""``rebuild``: a store filled anew from the lake and the topics."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Final

import typer

from cli.context import err, out, settings_of
from cli.progress import working

if TYPE_CHECKING:
    from operations.rebuild.request import RebuildReport, RebuildRequest
    from operations.stores import Store

WAIT_SECONDS: Final = 120.0
OPTIONS: Final = {"tables": "--table", "as_of": "--as-of", "to_url": "--to-url"}


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(rich_help_panel="History")(rebuild)


def rebuild(
    ctx: typer.Context,
    store: Annotated[str, typer.Argument(help="Which store: clickhouse or redis.", show_default=False)],
    table: Annotated[
        list[str] | None, typer.Option(help="clickhouse: only this table; may be repeated.", show_default=False)
    ] = None,
    as_of: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%S.%f"],
            help="redis: write the keys as they were at this moment (UTC); needs --to-url.",
            show_default=False,
        ),
    ] = None,
    to_url: Annotated[
        str, typer.Option(help="redis: write into another, empty Redis: redis://host:port/1.", show_default=False)
    ] = "",
    wait: Annotated[float, typer.Option(help="redis: seconds to wait for its sink.", min=0)] = WAIT_SECONDS,
) -> None:
    """Fill a store anew from the lake and the topics.

    ClickHouse: events from the lake and Kafka, results from their topics. Redis: histories from the lake and Kafka, and
    the lists of the active model from them.
    """
    from operations.rebuild.request import NotRebuilt, RebuildRequest
    from operations.stores import store_named
    from schemas.errors import ConfigurationError

    chosen = store_named(store)
    if isinstance(chosen.rebuild, NotRebuilt):
        message = f"{chosen.sink.title} cannot be filled anew: {chosen.rebuild.because}."
        raise ConfigurationError(message)
    moment = as_of.replace(tzinfo=UTC) if as_of else None
    request = RebuildRequest(tuple(table or ()), moment, to_url, wait)
    _check_options(chosen, request, chosen.rebuild.options)
    with working(f"Rebuilding {chosen.sink.title} ...") as status:
        report = chosen.rebuild.run(settings_of(ctx), request, status.update)
    _show(report)


def _check_options(store: Store, request: RebuildRequest, taken: frozenset[str]) -> None:
    from schemas.errors import ConfigurationError

    if refused := [option for name, option in OPTIONS.items() if getattr(request, name) and name not in taken]:
        message = f"A rebuild of {store.sink.title} takes no {', '.join(refused)}."
        raise ConfigurationError(message)


def _show(report: RebuildReport) -> None:
    from rich.table import Table

    if report.rows:
        table = Table(*report.columns, box=None, header_style="bold")
        for column in table.columns[1:]:
            column.justify = "right"
        for row in report.rows:
            table.add_row(*row)
        out.print(table)
    if report.summary:
        err.print(report.summary)
