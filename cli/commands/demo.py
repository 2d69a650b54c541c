"""``demo``: a real shop's orders through the whole pipeline, from nothing to figures."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
from rich.table import Table

from cli.context import err, out, settings_of
from cli.recommendations_view import show_recommendations

if TYPE_CHECKING:
    from dashboards.queries import Answer
    from schemas.settings import Settings

JOBS: Final = ("ingest", "analytics", "catalogue")
DATA_SET: Final = "online-retail"
DAYS_SHOWN: Final = 7
CUSTOMER: Final = "17850"
PRODUCTS_SHOWN: Final = 5
SETTLE_SECONDS: Final = 600.0
DAILY: Final = ("day", "currency", "orders", "buyers", "gross", "refunds", "net")
"""The columns of the days that the demo prints: they fit a terminal of 80."""

TOTALS: Final = ("gross", "refunds", "net", "orders", "days")
"""The columns of the totals that the demo prints, amounts first."""

NEXT: Final = """\
What to try next:
  ./shop query sales_daily --from 2011-12-01          the shop's last days
  ./shop query products_daily --format csv            what sold, for a spreadsheet
  ./shop query sales_minutely --from 2011-12-09       the last day, minute by minute
  ./shop models list                                  models for recommendations, and what they are worth
  ./shop failed list                                  records that were refused, and why
  ./shop status                                       parts, memory and jobs
  ./shop down                                         stop it; './shop up' brings it back with its data"""


class Stages:
    """How long each stage took."""

    def __init__(self) -> None:
        self._seconds: dict[str, float] = {}
        self._started = time.monotonic()

    @contextmanager
    def timed(self, name: str) -> Iterator[None]:
        """Time the block as one stage."""
        before = time.monotonic()
        yield
        self._seconds[name] = time.monotonic() - before

    def add(self, name: str, seconds: float) -> None:
        """Note a stage that was timed elsewhere."""
        self._seconds[name] = seconds

    def table(self) -> Table:
        """The stages, and the whole."""
        table = Table("stage", "seconds", box=None, header_style="bold")
        table.columns[1].justify = "right"
        for name, seconds in self._seconds.items():
            table.add_row(name, f"{seconds:.1f}")
        table.add_row("all", f"[bold]{time.monotonic() - self._started:.1f}[/]")
        return table


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(rich_help_panel="Platform")(demo)


def demo(
    ctx: typer.Context,
    once: Annotated[bool, typer.Option("--once", help="Stop the platform at the end; its data stays.")] = False,
) -> None:
    """Start everything, run a real shop's orders through it, show what it sold and what to recommend to a customer."""
    settings = settings_of(ctx)
    stages = Stages()
    try:
        _run(settings, stages)
        _show_sales(settings)
        show_recommendations(settings, CUSTOMER, PRODUCTS_SHOWN)
    finally:
        if once:
            with stages.timed("stop"):
                _stop(settings)
    err.print()
    err.print(stages.table())
    if not once:
        err.print()
        err.print(NEXT, markup=False, soft_wrap=True)


def _run(settings: Settings, stages: Stages) -> None:
    from cli.commands.imports import run_import
    from cli.commands.jobs import run_job
    from cli.commands.platform import bring_up
    from local.platform import Platform
    from operations.history.gather import Source

    for name, seconds in bring_up(settings).items():
        stages.add(name, seconds)
    with ThreadPoolExecutor(len(JOBS)) as pool:
        jobs = [pool.submit(Platform(settings).jobs.keep_running, name) for name in JOBS]
        with stages.timed(f"import of {DATA_SET}, while the jobs start"):
            run_import(settings, DATA_SET)
        with stages.timed("until the jobs run"):
            _wait_for(jobs)
    with stages.timed("until everything is counted"):
        _settle(settings)
    with stages.timed("training of a model for recommendations"):
        run_job(settings, "training", Source.AUTO)


def _wait_for(jobs: list[Future[None]]) -> None:
    with err.status(f"Waiting for the jobs {' and '.join(JOBS)} ..."):
        for job in jobs:
            job.result()


def _settle(settings: Settings) -> None:
    from operations.lag import wait_until_settled

    with err.status("Counting ...") as status:
        wait_until_settled(settings, lambda lag: status.update(f"Counting: {lag} ..."), SETTLE_SECONDS)


def _stop(settings: Settings) -> None:
    from local.platform import Platform

    with err.status("Stopping the platform ..."):
        Platform(settings).down()


def _show_sales(settings: Settings) -> None:
    from cli.commands.queries import show_table
    from dashboards.queries import FIRST_DAY, LAST_DAY, run

    daily = run(settings, "sales_daily", FIRST_DAY, LAST_DAY)
    totals = run(settings, "sales_totals", FIRST_DAY, LAST_DAY)
    out.print(f"[bold]Sales per day[/], the last {min(DAYS_SHOWN, len(daily.rows))} of {len(daily.rows):,} days")
    show_table(_chosen(daily, DAILY, daily.rows[-DAYS_SHOWN:]))
    for row in totals.rows:
        out.print()
        out.print(_totals_table(totals, row))


def _chosen(answer: Answer, columns: tuple[str, ...], rows: list[tuple[Any, ...]]) -> Answer:
    """Some rows of an answer, with some of its columns."""
    places = [answer.columns.index(column) for column in columns]
    return replace(answer, columns=columns, rows=[tuple(row[place] for place in places) for row in rows])


def _totals_table(totals: Answer, row: tuple[Any, ...]) -> Table:
    values = dict(zip(totals.columns, row, strict=True))
    table = Table(f"Totals in {values['currency']}", "", box=None, header_style="bold", show_edge=False, pad_edge=False)
    table.columns[1].justify = "right"
    for column in TOTALS:
        value = values[column]
        table.add_row(column, f"{value:,}" if isinstance(value, int) else f"{value:,.3f}")
    return table
