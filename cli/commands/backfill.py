"""``backfill``: results computed again from history, compared with the live ones, and put in their place."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from cli.context import err, out, settings_of
from cli.progress import working

if TYPE_CHECKING:
    from operations.backfill.comparison import Comparison, DayComparison, Difference
    from operations.backfill.run import Backfilled

WAIT_SECONDS: Final = 900.0
SHOWN: Final = 20


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(rich_help_panel="History")(backfill)


def backfill(
    ctx: typer.Context,
    metrics: Annotated[
        str, typer.Option(help="Names of result tables, separated by commas; or all.", show_default=False)
    ],
    first: Annotated[
        datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="First day of the shop that is compared.")
    ] = None,
    last: Annotated[datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help="Last day, included.")] = None,
    verify: Annotated[
        bool, typer.Option("--verify", help="Compare with what is live; exits with 1 on any difference.")
    ] = False,
    swap: Annotated[bool, typer.Option("--swap", help="Put the rows that differ in place, and compare again.")] = False,
    from_lake: Annotated[
        bool, typer.Option("--from-lake", help="Take from the lake all that it has, not only what Kafka deleted.")
    ] = False,
    each_day: Annotated[bool, typer.Option("--days", help="Show every day, not only those that differ.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
    wait: Annotated[float, typer.Option(help="Seconds to wait for the live jobs to have read as far.", min=0)] = (
        WAIT_SECONDS
    ),
) -> None:
    """Compute results again from the lake and Kafka, by the same SQL, into shadow tables; live jobs go on meanwhile.

    All of history is read, whatever the days: who is new on a day is decided by all the days before it.
    """
    from dashboards.questions import FIRST_DAY, LAST_DAY
    from local.flink import ready_client
    from operations.backfill.comparison import Days
    from operations.backfill.run import backfilled, chosen_results, comparisons, swap_one
    from operations.history.gather import Source
    from schemas.errors import ConfigurationError

    settings = settings_of(ctx)
    results = chosen_results([] if metrics == "all" else metrics.split(","))
    days = Days(first.date() if first else FIRST_DAY, last.date() if last else LAST_DAY)
    if days.first > days.last:
        message = f"No day lies from {days.first} to {days.last}: --from must not be after --to."
        raise ConfigurationError(message)
    source = Source.LAKE if from_lake else Source.AUTO
    rounds: list[list[Comparison]] = []
    swapped: dict[str, int] = {}
    client = ready_client(settings)
    with working("Backfilling ...") as status, backfilled(settings, results, source, client, status.update) as done:
        err.print(_summary(done))
        if verify or swap:
            rounds.append(list(comparisons(settings, done, days, wait, status.update)))
        if swap:
            for result in results:
                status.update(f"Swapping {result.name} ...")
                swapped[result.name] = swap_one(settings, done, result, days)
            rounds.append(list(comparisons(settings, done, days, wait, status.update)))
    if as_json:
        _write_json(done, rounds, swapped)
    else:
        _show_rounds(rounds, swapped, each_day)
    if rounds and any(comparison.differences for comparison in rounds[-1]):
        raise typer.Exit(1)


def _show_rounds(rounds: list[list[Comparison]], swapped: dict[str, int], each_day: bool) -> None:
    """The first comparison, and the second one after rows were swapped."""
    if rounds:
        _show(rounds[0], each_day)
    if len(rounds) > 1:
        out.print(f"\n{sum(swapped.values()):,} rows were put in place.\n")
        _show(rounds[1], each_day)


def _summary(done: Backfilled) -> str:
    rate = done.history.events / max(done.seconds, 1e-9)
    names = ", ".join(result.name for result in done.results)
    return (
        f"{done.history.events:,} events, {done.history.from_lake:,} of them from the lake, gave {names} "
        f"after {done.seconds:.1f} s: {rate:,.0f} events/s."
    )


def _show(comparisons: list[Comparison], each_day: bool) -> None:
    from rich.table import Table

    columns = (
        "table",
        "day",
        "live",
        "backfilled",
        "missing",
        "extra",
        "different",
        "moving",
        "hash live",
        "hash backfilled",
    )
    table = Table(*columns, "", box=None, header_style="bold")
    for column in table.columns[2:8]:
        column.justify = "right"
    for comparison in comparisons:
        shown = [day for day in comparison.days if each_day or _differs(comparison.days[day])]
        for day in shown:
            table.add_row(comparison.result.name, str(day), *_cells(comparison.days[day]))
        table.add_row(comparison.result.name, "all", *_cells(_all_days(comparison)))
    out.print(table)
    for comparison in comparisons:
        for difference in comparison.differences[:SHOWN]:
            out.print(f"{comparison.result.name} {describe(difference)}", markup=False, soft_wrap=True)
    if any(comparison.moving for comparison in comparisons):
        err.print("Rows that the live jobs changed meanwhile are moving and were not compared; run it again for them.")


def _cells(day: DayComparison) -> tuple[str, ...]:
    from operations.backfill.comparison import DIFFERENT, EXTRA, MISSING

    counts = (day.live, day.shadow, *(day.differences.get(kind, 0) for kind in (MISSING, EXTRA, DIFFERENT)), day.moving)
    mark = "[bold red]differs[/]" if day.differences else "[yellow]moving[/]" if day.moving else "[green]equal[/]"
    return (*(f"{count:,}" for count in counts), day.live_hash, day.shadow_hash, mark)


def _differs(day: DayComparison) -> bool:
    return bool(day.differences or day.moving)


def _all_days(comparison: Comparison) -> DayComparison:
    """All days as one; its hashes are those of all rows."""
    from operations.backfill.comparison import add_up

    return add_up(comparison.days.values())


def describe(difference: Difference) -> str:
    """One difference in one line."""
    key = ", ".join(map(str, difference.key))
    live = "-" if difference.live is None else ", ".join(map(str, difference.live))
    shadow = "-" if difference.shadow is None else ", ".join(map(str, difference.shadow))
    return f"[{key}] {difference.kind}: live {live}; backfilled {shadow}"


def _write_json(done: Backfilled, rounds: list[list[Comparison]], swapped: dict[str, int]) -> None:
    content = {
        "run": done.run,
        "events": done.history.events,
        "from_lake": done.history.from_lake,
        "seconds": round(done.seconds, 1),
        "swapped": swapped,
        "comparisons": [
            {
                "agrees": not any(comparison.differences for comparison in comparisons),
                "tables": {comparison.result.name: _as_object(comparison) for comparison in comparisons},
            }
            for comparisons in rounds
        ],
    }
    json.dump(content, out.file, indent=1, default=str)
    out.file.write("\n")


def _as_object(comparison: Comparison) -> dict[str, Any]:
    from dataclasses import asdict

    return {
        "rows": {"live": _all_days(comparison).live, "backfilled": _all_days(comparison).shadow},
        "differences": len(comparison.differences),
        "moving": comparison.moving,
        "days": {str(day): asdict(compared) for day, compared in comparison.days.items()},
        "examples": [asdict(difference) for difference in comparison.differences[:SHOWN]],
    }
