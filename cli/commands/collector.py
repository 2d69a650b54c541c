"""``collector``: the tracking API alone, in the foreground."""

from __future__ import annotations

import typer

from cli.context import settings_of


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("collector", rich_help_panel="Events")(collector)


def collector(ctx: typer.Context) -> None:
    """Run a collector, which takes events over HTTP, until Ctrl-C; './shop up' runs one already."""
    from producers.collector.server import serve
    from web.server import log_to_standard_error

    log_to_standard_error()
    serve(settings_of(ctx))
