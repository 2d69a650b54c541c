"""``submit``, ``cancel`` and ``jobs``."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import closing
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from cli.context import err, out, settings_of
from cli.progress import working

if TYPE_CHECKING:
    from local.jobs import Outcome
    from operations.history.gather import Source
    from schemas.settings import Settings

PANEL = "Jobs"


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command(rich_help_panel=PANEL)(submit)
    app.command(rich_help_panel=PANEL)(upgrade)
    app.command(rich_help_panel=PANEL)(cancel)
    app.command(rich_help_panel=PANEL)(jobs)


def submit(
    ctx: typer.Context,
    jobs: Annotated[
        list[str],
        typer.Argument(help="Names; './shop jobs' lists them; 'all' is every streaming job.", metavar="JOB..."),
    ],
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Delete its checkpoints first; it reads its input from the beginning.")
    ] = False,
    from_lake: Annotated[
        bool,
        typer.Option("--from-lake", help="Training takes from the lake all that it has, not only what Kafka deleted."),
    ] = False,
) -> None:
    """Submit jobs unless they run, and wait until they do; from then on the platform keeps them running.

    A job that ends by itself, such as training, is run once, to its end, over all events there are; it is named alone.
    """
    from flink.code import BOUNDED_JOBS
    from local.platform import Platform
    from operations.history.gather import Source
    from schemas.errors import ConfigurationError

    settings = settings_of(ctx)
    names = named_jobs(jobs)
    if BOUNDED_JOBS.intersection(names):
        run_job(settings, names[0], Source.LAKE if from_lake else Source.AUTO)
        return
    if from_lake:
        message = f"{names[0]} runs for good and reads Kafka: --from-lake is for {', '.join(BOUNDED_JOBS)}."
        raise ConfigurationError(message)
    if fresh:
        for name in names:
            Platform(settings).jobs.forget_checkpoints(name)
    submit_jobs(settings, names)


def upgrade(
    ctx: typer.Context,
    job: Annotated[str, typer.Argument(help="Its name.", show_default=False)],
    parallelism: Annotated[
        int | None, typer.Option(help="Parallel instances from now on.", show_default="as it runs", min=1)
    ] = None,
) -> None:
    """Stop a job with a savepoint and go on from it with the code of today; nothing is lost or counted twice.

    A version that cannot go on from the savepoint is refused, and the one before goes on.
    """
    from flink.code import job_program
    from local.platform import Platform

    settings = settings_of(ctx)
    job_program(job)
    with working(f"Upgrading {job} ..."):
        done = Platform(settings).jobs.upgrade(job, parallelism)
    err.print(
        f"{job} runs as {done.job_id}, from {done.savepoint.name}, at parallelism {done.parallelism}, "
        f"{done.stopped_seconds:.1f} s after it was stopped."
    )


def cancel(
    ctx: typer.Context,
    job: Annotated[str, typer.Argument(help="Its name.", show_default=False)],
) -> None:
    """Cancel a job; it keeps its newest checkpoint, from which the next submit goes on."""
    from flink.code import job_program
    from local.platform import Platform

    job_program(job)
    jobs = Platform(settings_of(ctx)).jobs
    jobs.desired.remove(job)
    with working(f"Cancelling {job} ..."):
        ran = jobs.cancel(job)
    err.print(f"{job} is cancelled." if ran else f"{job} did not run.")


def jobs(ctx: typer.Context) -> None:
    """List the jobs that there are, and how each fares on the cluster."""
    from flink.cluster import Cluster
    from flink.code import known_jobs

    with closing(Cluster(settings_of(ctx))) as cluster:
        newest = {job.name: job for job in reversed(cluster.jobs())}
    table = Table("job", "state", "tasks", "id", box=None, header_style="bold")
    for name in [*known_jobs(), *sorted(set(newest) - set(known_jobs()))]:
        job = newest.get(name)
        row = (
            ("not submitted", "-", "-")
            if job is None
            else (job.state.lower(), f"{job.tasks_running}/{job.tasks}", job.id)
        )
        table.add_row(name, *row)
    out.print(table)


def submit_jobs(settings: Settings, names: list[str]) -> None:
    """Submit jobs at once and wait until each runs.

    Raises:
        ConfigurationError: There is no job of that name.
        JobError: Flink refuses one; the others run.
        DependencyUnavailable: The cluster does not answer.
    """
    from local.platform import Platform

    platform = Platform(settings)
    platform.data.create()
    with working(f"Submitting {', '.join(names)} ..."):
        outcomes = platform.jobs.ensure_all(names, show_outcome)
    running = [name for name, outcome in outcomes.items() if not isinstance(outcome, Exception)]
    if platform.is_up():
        for name in running:
            platform.jobs.desired.add(name)
    with working(f"Waiting until {', '.join(running)} run ..."):
        platform.jobs.wait_until_all_run(running)
    raise_refusals(outcomes)


def show_outcome(name: str, outcome: Outcome) -> None:
    """Say what became of a job."""
    if isinstance(outcome, Exception):
        err.print(f"[bold red]{name} is not submitted[/]", soft_wrap=True)
        return
    start = f"checkpoint {outcome.restored_from.name}" if outcome.restored_from else "the beginning"
    how = "runs already" if outcome.already_ran else f"is submitted, from {start},"
    err.print(f"{name} {how} as {outcome.job_id}.", soft_wrap=True)


def raise_refusals(outcomes: Mapping[str, Outcome]) -> None:
    """Raise what kept jobs from being submitted.

    Raises:
        ShopError: The only refusal.
        JobError: All of them in one.
    """
    from flink.errors import JobError

    refusals = [outcome for outcome in outcomes.values() if isinstance(outcome, Exception)]
    if len(refusals) == 1:
        raise refusals[0]
    if refusals:
        raise JobError("\n".join(map(str, refusals)))


def named_jobs(names: list[str]) -> list[str]:
    """The jobs that were named, each once.

    Raises:
        ConfigurationError: There is no such job, or one that ends by itself is named beside others.
    """
    from flink.code import BOUNDED_JOBS, job_program, streaming_jobs
    from schemas.errors import ConfigurationError
    from schemas.settings import ALL_JOBS

    chosen = list(dict.fromkeys(job for name in names for job in (streaming_jobs() if name == ALL_JOBS else [name])))
    for name in chosen:
        job_program(name)
    if len(chosen) > 1 and (bounded := BOUNDED_JOBS.intersection(chosen)):
        message = f"{', '.join(bounded)} ends by itself: submit it alone."
        raise ConfigurationError(message)
    return chosen


def run_job(settings: Settings, name: str, source: Source) -> None:
    """Run a job that ends by itself.

    Raises:
        ConfigurationError: There is no job of that name, or no model of that which it is to train.
        JobError: It fails.
    """
    from local.bounded_jobs import run_bounded_job
    from local.platform import Platform
    from recommender.training.recipes import check_model

    check_model(settings)
    platform = Platform(settings)
    platform.data.create()
    started = time.monotonic()
    with working(f"Running {name} ...") as status:
        history = run_bounded_job(platform, name, source, status.update)
    err.print(f"{name} is done after {time.monotonic() - started:.1f} s.")
    if history.from_lake:
        err.print(f"{history.from_lake:,} events came from the lake, those that Kafka has beyond them from Kafka.")
