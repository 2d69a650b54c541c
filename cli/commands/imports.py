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
    name: Annotated[str, typer.Argument(help="The data set: online-retail.", show_default=False)],
    path: Annotated[
        Path | None, typer.Argument(help="Its file. [default: the bundled one]", show_default=False)
    ] = None,
    rate: Annotated[float | None, typer.Option(help="Events per second at the most.", min=0.001)] = None,
) -> None:
    """Publish a data set's events, in the order in which they happened."""
    summary = run_import(settings_of(ctx), name, path, rate)
    for event_type, count in summary.events_by_type.items():
        err.print(f"{count:>12,} {event_type}")
    err.print(f"{summary.events:>12,} events, acknowledged by Kafka after {summary.seconds:.1f} s")


def run_import(settings: Settings, name: str, path: Path | None = None, rate: float | None = None) -> ImportSummary:
    """Import a data set and show how far it is.

    Raises:
        ConfigurationError: Nobody knows that name, or the file is not that data set.
        ContractError: The registry has no schema of ShopEvent, or an event breaks the contract.
        DependencyUnavailable: Kafka or the registry does not answer.
        DeliveryError: Kafka did not take an event.
    """
    from cli.progress import event_progress
    from producers.importers import import_events, open_importer
    from producers.publisher import Publisher

    with err.status(f"Reading {name} ..."):
        importer = open_importer(name, path)
    with Publisher(settings) as publisher, event_progress() as progress:
        task = progress.add_task(name, total=importer.total)
        return import_events(importer, publisher, lambda sent: progress.update(task, completed=sent), rate)
