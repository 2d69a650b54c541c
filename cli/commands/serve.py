"""``serve``: the recommendation service alone, in the foreground."""

from __future__ import annotations

import typer

from cli.context import settings_of


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("serve", rich_help_panel="Recommendations")(serve)


def serve(ctx: typer.Context) -> None:
    """Run the recommendation service until Ctrl-C; './shop up' runs one already."""
    from serving.server import serve as run
    from web.server import log_to_standard_error

    log_to_standard_error()
    run(settings_of(ctx))
