"""``simulate``: sends the events of a simulated shop, with the trouble of real traffic."""

from __future__ import annotations

import os
import re
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from cli.context import err, settings_of
from cli.progress import working
from schemas.errors import ConfigurationError

if TYPE_CHECKING:
    from schemas.settings import Settings
    from simulator.ledger.ledger import Ledger
    from simulator.plan import Plan
    from simulator.run import Delivered

ENDLESS: Final = 100_000_000
"""Events of a live shop without a given end."""
MAX_EVENTS_A_DAY: Final = 240_000
"""Of a live plan. Events are made hour by hour, and the first hour must not take long."""
DAY_SECONDS: Final = 86_400

_UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": DAY_SECONDS}
_DURATION: Final = re.compile(r"(\d+(?:\.\d+)?)([smhd]?)")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(rich_help_panel="Events")(simulate)


def simulate(
    ctx: typer.Context,
    events: Annotated[
        int | None, typer.Option(help="Number of events that the shop produces.", min=1, show_default=False)
    ] = None,
    duration: Annotated[
        str | None, typer.Option(help="Duration in place of --events: 30s, 10m, 2h; needs --rate.", show_default=False)
    ] = None,
    rate: Annotated[float | None, typer.Option(help="Records per second, at most.", min=0.001)] = None,
    seed: Annotated[int, typer.Option(help="The same seed gives the same records.")] = 1,
    trouble: Annotated[
        str,
        typer.Option(
            help="Kinds, separated by commas: duplicates, disorder, lateness, skew, old-versions, foreign-names, "
            "poison, nulls, bursts, bots; or all, or none."
        ),
    ] = "none",
    ledger: Annotated[
        Path | None, typer.Option(help="Write the expected rows of every table to this file.", show_default=False)
    ] = None,
    start: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="First day of the shop.", show_default="2026-01-05")
    ] = None,
    days: Annotated[
        int | None, typer.Option(help="Days that the events are spread over.", show_default="10", min=1)
    ] = None,
    time_zone: Annotated[str | None, typer.Option(help="The shop's time zone.", show_default="SHOP_TIME_ZONE")] = None,
    shuffle: Annotated[
        int | None, typer.Option(help="Send the records in random order, with this seed.", show_default=False)
    ] = None,
    repeat: Annotated[int, typer.Option(help="How many times all records are sent.", min=1)] = 1,
    live: Annotated[
        bool, typer.Option("--live", help="Give the events the present time, while they are sent.")
    ] = False,
) -> None:
    """Send the events of a simulated shop."""
    settings = settings_of(ctx)
    if live and (shuffle is not None or repeat > 1 or start or days):
        message = (
            "Live events have their own order and day: --live goes with none of --shuffle, --repeat, --start, --days."
        )
        raise ConfigurationError(message)
    if time_zone is not None:
        settings = _in_zone(settings, time_zone)
    if ledger is not None:
        _check_writable(ledger)
    plan = _live_plan if live else _past_plan
    made = plan(settings, _event_count(events, duration, rate, live), seed, trouble, rate, start and start.date(), days)
    run(settings, made, ledger, rate, shuffle, repeat)


def run(
    settings: Settings,
    plan: Plan,
    ledger_file: Path | None = None,
    rate: float | None = None,
    shuffle: int | None = None,
    repeat: int = 1,
) -> None:
    """Simulate a plan, show progress, and write its ledger.

    Raises:
        ConfigurationError: The ledger cannot be written.
        ContractError: The registry has no schema of ShopEvent.
        DependencyUnavailable: Kafka or the registry does not answer.
        DeliveryError: Kafka did not take a record.
    """
    from simulator.ledger.file import write_ledger
    from simulator.ledger.ledger import ledger_of

    ledger = ledger_of(settings, plan)
    for turn in range(repeat):
        delivered = _send(settings, plan, ledger if turn == 0 else None, rate, shuffle)
        err.print(_summary(delivered))
    _print_counts(ledger)
    if ledger_file is not None:
        with working(f"Writing {ledger_file} ..."):
            write_ledger(ledger_file, ledger, plan.arguments())
        err.print(f"The ledger is in {ledger_file}; './shop verify --ledger {ledger_file}' compares.", soft_wrap=True)


def _send(settings: Settings, plan: Plan, ledger: Ledger | None, rate: float | None, shuffle: int | None) -> Delivered:
    from cli.progress import event_progress
    from simulator.run import registered_encoders, simulate
    from simulator.sender import Sender
    from simulator.trouble import expected_records

    encoders = registered_encoders(settings)
    stop = Event()
    with _ending_by(stop, plan), Sender(settings) as sender, event_progress() as progress:
        total = expected_records(plan)
        task = progress.add_task("simulate", total=total)

        def show(sent: int) -> None:
            progress.update(task, completed=min(sent, total))

        delivered = simulate(
            plan, encoders, sender, ledger, show, rate, shuffle, sleep=stop.wait, is_stopped=stop.is_set
        )
        if not stop.is_set():
            progress.update(task, completed=total)
        return delivered


@contextmanager
def _ending_by(stop: Event, plan: Plan) -> Iterator[None]:
    """Ctrl-C ends a live shop between two records, so that its ledger is complete."""
    if not plan.is_live:
        yield
        return
    before = signal.signal(signal.SIGINT, lambda _number, _frame: stop.set())
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _summary(delivered: Delivered) -> str:
    per_second = delivered.records / max(delivered.seconds, 1e-9)
    return f"{delivered.records:,} records, acknowledged by Kafka after {delivered.seconds:.1f} s: {per_second:,.0f}/s"


def _print_counts(ledger: Ledger) -> None:
    counts = {"produced": ledger.produced, "accepted": ledger.accepted, "duplicates": ledger.duplicates}
    failed = {f"failed: {reason}": count for reason, count in sorted(ledger.failed.items())}
    for name, count in {**counts, **failed}.items():
        err.print(f"{count:>12,} {name}")


def _event_count(events: int | None, duration: str | None, rate: float | None, live: bool) -> int:
    if events is not None and duration is not None:
        raise ConfigurationError("Give --events or --duration, not both.")
    if events is not None:
        return events
    if duration is None:
        if live:
            return ENDLESS
        raise ConfigurationError("Give an amount: --events N, or --duration D with --rate R.")
    if rate is None:
        raise ConfigurationError("--duration needs --rate: how many events there are follows from both.")
    return max(1, round(_seconds(duration) * rate))


def _seconds(text: str) -> float:
    match = _DURATION.fullmatch(text)
    if match is None:
        message = f"{text!r} is no duration. Write 30s, 10m, 2h or 1d."
        raise ConfigurationError(message)
    return float(match[1]) * _UNITS[match[2] or "s"]


def _check_writable(ledger: Path) -> None:
    """Refuse a ledger that could not be written, before events are sent."""
    place = ledger if ledger.exists() else ledger.parent
    if ledger.is_dir() or not place.exists() or not os.access(place, os.W_OK):
        message = f"The ledger cannot be written to {ledger}: give a file in a folder that is there and may be written."
        raise ConfigurationError(message)


def _in_zone(settings: Settings, time_zone: str) -> Settings:
    from schemas.time_zones import zone_of

    try:
        zone_of(time_zone)
    except ValueError as error:
        message = f"--time-zone: {error}."
        raise ConfigurationError(message) from error
    return settings.model_copy(update={"time_zone": time_zone})


def _past_plan(
    settings: Settings, events: int, seed: int, trouble: str, _rate: float | None, start: date | None, days: int | None
) -> Plan:
    from simulator.plan import DEFAULT_DAYS, DEFAULT_START, Plan

    return Plan(events, seed, start=start or DEFAULT_START, days=days or DEFAULT_DAYS, **_common(settings, trouble))


def _live_plan(
    settings: Settings, events: int, seed: int, trouble: str, rate: float | None, _start: date | None, _days: int | None
) -> Plan:
    from simulator.plan import Plan

    a_day = min(MAX_EVENTS_A_DAY, (rate or MAX_EVENTS_A_DAY) * DAY_SECONDS)
    now = datetime.now(UTC)
    days = max(1, round(events / a_day))
    run_mark = str(time.time_ns())
    return Plan(events, seed, start=now.date(), days=days, is_live=True, run=run_mark, **_common(settings, trouble))


def _common(settings: Settings, trouble: str) -> dict[str, Any]:
    from simulator.plan import troubles

    return {
        "trouble": troubles(trouble),
        "time_zone": settings.time_zone,
        "lateness_ms": settings.allowed_lateness_seconds * 1000,
        "skew_ms": settings.clock_skew_seconds * 1000,
    }
