"""``collector``: the tracking API alone, in the foreground."""

from __future__ import annotations

import typer

from cli.context import settings_of


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("collector", rich_help_panel="Events")(collector)


def collector(ctx: typer.Context) -> None:
    """Take events by HTTP until Ctrl-C; './shop up' runs a collector already."""
    import logging

    from producers.collector.server import serve

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)-7s %(name)s: %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    serve(settings_of(ctx))
