"""``replay``: events of the past, published again."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Final

import typer

from cli.context import err, settings_of

if TYPE_CHECKING:
    from schemas.settings import Settings

DAY: Final = "%Y-%m-%d"
MOMENT: Final = "%Y-%m-%dT%H:%M:%S"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(rich_help_panel="History")(replay)


def replay(
    ctx: typer.Context,
    first: Annotated[
        datetime, typer.Option("--from", formats=[DAY, MOMENT], help="First day or moment, in the shop's time zone.")
    ],
    last: Annotated[
        datetime,
        typer.Option("--to", formats=[DAY, MOMENT], help="Last day (included), or the moment at which it ends."),
    ],
    topic: Annotated[
        str, typer.Option(help="Replay only the events of this domain topic; 'events' means all.")
    ] = "events",
    to_topic: Annotated[str, typer.Option(help="Topic to publish to.", show_default="the domain topic of each")] = "",
    speed: Annotated[
        float | None,
        typer.Option(
            help="How many times as fast as the events happened.", show_default="as fast as can be", min=0.001
        ),
    ] = None,
) -> None:
    """Publish events of the past again, with their keys and times; in the domain topics each counts once."""
    from cli.progress import event_progress, working
    from connections.kafka import CommittedRecords
    from lake.reader import TimeRange
    from operations.history.events import history
    from operations.replay import Pace, Replay, check_memory, replay_events
    from producers.publisher import Publisher

    settings = settings_of(ctx)
    request = Replay(TimeRange(_moment(first, settings), _end(last, settings)), topic, to_topic)
    request.check()
    if to_topic:
        with CommittedRecords(settings) as records:
            records.partitions(to_topic)  # refuses a topic that does not exist
    with working("Looking for events ...") as status, history(settings, status.update) as past:
        began_at_ms = time.time_ns() // 1_000_000
        check_memory(settings, past, request, began_at_ms)
        status.stop()
        sent, started = 0, time.monotonic()
        with Publisher(settings) as publisher, event_progress() as progress:
            task = progress.add_task("replay", total=past.rows(request.times))
            for sent in replay_events(settings, publisher, past, request, began_at_ms, Pace(speed)):
                progress.update(task, completed=sent)
            progress.update(task, completed=sent, total=sent)
    seconds = max(time.monotonic() - started, 1e-9)
    err.print(f"{sent:,} events, acknowledged by Kafka after {seconds:.1f} s: {sent / seconds:,.0f}/s")


def _moment(local: datetime, settings: Settings) -> int:
    from schemas.time_zones import zone_of

    at = local.replace(tzinfo=zone_of(settings.time_zone)).astimezone(UTC)
    return round(at.timestamp() * 1000)


def _end(local: datetime, settings: Settings) -> int:
    """A day that is given alone is included; a moment is where it ends."""
    is_day = (local.hour, local.minute, local.second) == (0, 0, 0)
    return _moment(local + timedelta(days=1) if is_day else local, settings)
