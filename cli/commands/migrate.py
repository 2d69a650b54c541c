"""``migrate``."""

from __future__ import annotations

import typer

from cli.context import err, settings_of
from cli.progress import working


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("migrate", rich_help_panel="Platform")(migrate_command)


def migrate_command(ctx: typer.Context) -> None:
    """Create the topics, schemas and tables that are missing; harmless when none is."""
    from operations.migrate import migrate

    with working("Bringing topics, schemas and tables up to date ..."):
        done = migrate(settings_of(ctx))
    for what, names in (("topic", done.topics), ("schema", done.subjects), ("table migration", done.tables)):
        err.print(f"{len(names)} {what}{'' if len(names) == 1 else 's'} added{': ' if names else ''}{', '.join(names)}")
