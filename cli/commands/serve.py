"""``serve``: the recommendation service alone, in the foreground."""

from __future__ import annotations

import typer

from cli.context import settings_of


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("serve", rich_help_panel="Recommendations")(serve)


def serve(ctx: typer.Context) -> None:
    """Recommend by HTTP until Ctrl-C; './shop up' runs the service already."""
    import logging

    from serving.server import serve as run

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)-7s %(name)s: %(message)s")
    run(settings_of(ctx))
