"""``rebuild clickhouse`` and ``rebuild redis``: stores made anew from the lake and the topics."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Final

import typer

from cli.context import err, out, settings_of

if TYPE_CHECKING:
    from operations.rebuild.clickhouse import Rebuilt

WAIT_SECONDS: Final = 120.0

rebuild = typer.Typer(help="Fill stores anew from the lake and the topics.", no_args_is_help=True)


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
    """Fill ClickHouse's tables anew: events from the lake and Kafka, results from their topics."""
    from operations.rebuild.clickhouse import rebuild_clickhouse as run
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


@rebuild.command("redis")
def rebuild_redis(
    ctx: typer.Context,
    as_of: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%S.%f"],
            help="Write the keys as they were at this moment (UTC); needs --to-url.",
            show_default=False,
        ),
    ] = None,
    to_url: Annotated[
        str, typer.Option(help="Write into another, empty Redis: redis://host:port/1.", show_default=False)
    ] = "",
    wait: Annotated[float, typer.Option(help="Seconds to wait for the Redis sink.", min=0)] = WAIT_SECONDS,
) -> None:
    """Fill Redis anew: histories from the lake and Kafka, and the lists of the active model from them."""
    from operations.rebuild.redis import rebuild_as_of
    from operations.rebuild.redis import rebuild_redis as run
    from schemas.errors import ConfigurationError

    if (as_of is None) != (not to_url):
        raise ConfigurationError("--as-of and --to-url go together: the past is never written into the Redis of today.")
    settings = settings_of(ctx)
    with err.status("Rebuilding Redis ...") as status:
        if as_of is None:
            done = run(settings, wait, status.update)
        else:
            done = rebuild_as_of(settings, as_of.replace(tzinfo=UTC), to_url, status.update)
    model = f"of the model {done.model}" if done.model else "of no model: none was ever promoted"
    err.print(f"{done.interactions:,} events in histories, lists {model}, after {done.seconds:.1f} s.")


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
