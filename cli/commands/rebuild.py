"""``rebuild clickhouse`` and ``rebuild redis``: stores made anew from the lake and the topics."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from cli.context import err, out, settings_of

if TYPE_CHECKING:
    from local.rebuild.clickhouse import Rebuilt

rebuild = typer.Typer(help="Stores made anew from the lake and the topics.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(rebuild, name="rebuild", rich_help_panel="History")


@rebuild.command("clickhouse")
def rebuild_clickhouse(
    ctx: typer.Context,
    table: Annotated[
        list[str] | None, typer.Option(help="Only this table; may be repeated.", show_default=False)
    ] = None,
) -> None:
    """Make ClickHouse's tables anew: events from the lake and Kafka, results from their topics; the sink goes on."""
    from local.rebuild.clickhouse import rebuild_clickhouse as run
    from schemas.errors import ConfigurationError
    from schemas.results import RESULTS
    from schemas.topics import EVENTS

    topics = {EVENTS: EVENTS, **{result.name: result.topic for result in RESULTS}}
    if unknown := sorted(set(table or ()) - topics.keys()):
        message = f"There is no table {', '.join(unknown)}. There are: {', '.join(topics)}."
        raise ConfigurationError(message)
    wanted = [topic for name, topic in topics.items() if not table or name in table]
    with err.status("Rebuilding ClickHouse ...") as status:
        done = list(run(settings_of(ctx), wanted, status.update))
    _show(done)


def _show(done: list[Rebuilt]) -> None:
    from rich.table import Table

    table = Table("table", "from the lake", "from Kafka", "seconds", "rows/s", "away", box=None, header_style="bold")
    for column in table.columns[1:]:
        column.justify = "right"
    for each in done:
        rows = each.from_lake + each.from_kafka
        table.add_row(
            each.table,
            f"{each.from_lake:,}",
            f"{each.from_kafka:,}",
            f"{each.seconds:.1f}",
            f"{rows / max(each.seconds, 1e-9):,.0f}",
            f"{each.away_seconds:.1f} s",
        )
    out.print(table)
