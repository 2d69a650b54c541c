"""``demo``: a real shop's orders through the whole pipeline, from nothing to figures."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
from rich.table import Table

from cli.context import err, out, settings_of
from cli.progress import Stages, Working, working
from cli.recommendations_view import show_recommendations

if TYPE_CHECKING:
    from dashboards.queries import Answer
    from schemas.settings import Settings

DATA_SET: Final = "online-retail"
DAYS_SHOWN: Final = 7
CUSTOMER: Final = "17850"
PRODUCTS_SHOWN: Final = 5
SETTLE_SECONDS: Final = 600.0
DEMO_JOBS: Final = ("ingest", "analytics", "catalogue")
"""What the figures and the recommendation need: the data set has orders alone, no visits and no clicks."""

DAILY: Final = ("day", "currency", "orders", "buyers", "gross", "refunds", "net")
"""The columns of the days that the demo prints: they fit a terminal of 80."""

TOTALS: Final = ("gross", "refunds", "net", "orders", "days")
"""The columns of the totals that the demo prints, amounts first."""

NEXT: Final = """\
What to try next:
  ./shop query sales_daily --from 2011-12-01          the shop's last days
  ./shop query products_daily --format csv            what sold, for a spreadsheet
  ./shop query sales_minutely --from 2011-12-09       the last day, minute by minute
  ./shop submit sessions personalise                  two of the other jobs: visits, and lists that follow each click
  ./shop models list                                  models for recommendations, and what they are worth
  ./shop failed list                                  records that were refused, and why
  ./shop status                                       parts, memory and jobs
  ./shop down                                         stop it; './shop up' brings it back with its data"""


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
    err.print(_stages_table(stages))
    if not once:
        err.print()
        err.print(NEXT, markup=False, soft_wrap=True)
        err.print()
        err.print(f"The dashboard: [bold]http://127.0.0.1:{settings.port('dashboard')}[/]", soft_wrap=True)


def _run(settings: Settings, stages: Stages) -> None:
    """Start the platform, import while its jobs are planned, and train while the jobs count."""
    from cli.commands.imports import run_import
    from cli.commands.jobs import show_outcome
    from cli.commands.platform import servers_up, wait_for_jobs

    _leave_out_other_jobs(settings)
    with servers_up(settings, stages) as jobs, ThreadPoolExecutor(1) as pool:
        outcomes = pool.submit(jobs.submit, show_outcome)
        with stages.timed(f"import of {DATA_SET}, while the jobs are planned"):
            run_import(settings, DATA_SET)
        with stages.timed("until the jobs run"), working("Starting the jobs ..."):
            wait_for_jobs(settings, outcomes.result())
    with ThreadPoolExecutor(1) as pool:
        checked: Future[None] = Future()
        training = pool.submit(_train, settings, checked.result)
        with stages.timed("until ingest has checked all events"), working("Checking events ..."):
            try:
                _wait_for_ingest(settings)
            except BaseException as error:
                checked.set_exception(error)
                raise
            checked.set_result(None)
        with (
            stages.timed("training of a model for recommendations, while the jobs count"),
            working("Training ...") as work,
        ):
            _settle(settings, work)
            work.update("Everything is counted. Training ...")
            training.result()


def _leave_out_other_jobs(settings: Settings) -> None:
    """Start the other jobs neither now nor with a later ``up``, unless somebody has submitted them."""
    from local.jobs import chosen_jobs
    from local.platform import Platform

    platform = Platform(settings)
    platform.data.create()
    for job in set(chosen_jobs(settings)) - {*DEMO_JOBS, *platform.jobs.desired.names()}:
        platform.jobs.desired.remove(job)


def _wait_for_ingest(settings: Settings) -> None:
    """Wait until all that was imported can be trained on."""
    from operations.lag import wait_until_accepted

    wait_until_accepted(settings, SETTLE_SECONDS)


def _train(settings: Settings, until_checked: Callable[[], None]) -> None:
    """Train on what ingest has checked; the program of the training starts before that."""
    from local.bounded_jobs import run_bounded_job
    from local.platform import Platform
    from operations.history.gather import Source

    run_bounded_job(Platform(settings), "training", Source.AUTO, lambda _words: None, until_checked)


def _settle(settings: Settings, work: Working) -> None:
    from operations.lag import wait_until_settled

    wait_until_settled(settings, lambda lag: work.update(f"Training. Counting: {lag} ..."), SETTLE_SECONDS)


def _stop(settings: Settings) -> None:
    from local.platform import Platform

    with working("Stopping the platform ..."):
        Platform(settings).down()


def _stages_table(stages: Stages) -> Table:
    """The stages, and the whole."""
    table = Table("stage", "seconds", box=None, header_style="bold")
    table.columns[1].justify = "right"
    for name, seconds in stages.seconds.items():
        table.add_row(name, f"{seconds:.1f}")
    table.add_row("all", f"[bold]{stages.all_seconds:.1f}[/]")
    return table


def _show_sales(settings: Settings) -> None:
    from cli.commands.queries import show_table
    from dashboards.queries import run
    from dashboards.questions import FIRST_DAY, LAST_DAY

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
