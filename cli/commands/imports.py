"""``import``: a real data set into the domain topics."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.context import err, settings_of

if TYPE_CHECKING:
    from producers.importers import ImportSummary
    from schemas.settings import Settings


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("import", rich_help_panel="Events")(import_data_set)


def import_data_set(
    ctx: typer.Context,
    name: Annotated[
        str, typer.Argument(help="The data set: online-retail, rees46 or retailrocket.", show_default=False)
    ],
    path: Annotated[
        Path | None, typer.Argument(help="The data set's file; online-retail is bundled.", show_default=False)
    ] = None,
    rate: Annotated[float | None, typer.Option(help="Most events per second.", min=0.001)] = None,
) -> None:
    """Publish a data set's events, in the order in which they happened."""
    summary = run_import(settings_of(ctx), name, path, rate)
    for event_type, count in summary.events_by_type.items():
        err.print(f"{count:>12,} {event_type}")
    err.print(f"{summary.events:>12,} events, acknowledged by Kafka after {summary.seconds:.1f} s")
    if summary.rejected:
        _tell_rejected(summary)


def _tell_rejected(summary: ImportSummary) -> None:
    err.print(f"{summary.rejected:>12,} rows are no events; ingest keeps them in failed-events")
    for row in summary.first_rejected:
        err.print(f"  {row}", markup=False, soft_wrap=True)
    if more := summary.rejected - len(summary.first_rejected):
        err.print(f"  and {more:,} more: ./shop failed list")


def run_import(settings: Settings, name: str, path: Path | None = None, rate: float | None = None) -> ImportSummary:
    """Import a data set and show how far it is.

    Raises:
        ConfigurationError: Nobody knows that name, or the file is not that data set.
        ContractError: The registry has no schema of ShopEvent, or an event breaks the contract.
        DependencyUnavailable: Kafka or the registry does not answer.
        DeliveryError: Kafka did not take an event.
    """
    from cli.progress import event_progress, file_progress, working
    from producers.importers import import_events, open_importer
    from producers.publisher import Publisher

    with working(f"Reading {name} ..."):
        importer = open_importer(name, path)
    file = importer.file
    bar = event_progress() if file is None else file_progress()
    with Publisher(settings) as publisher, bar as progress:
        task = progress.add_task(name, total=importer.total if file is None else file.size_bytes, events=0)

        def show(sent: int) -> None:
            progress.update(task, completed=sent if file is None else file.read_bytes, events=sent)

        return import_events(importer, publisher, show, rate)
