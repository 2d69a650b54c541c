"""``submit``, ``cancel`` and ``jobs``."""

from __future__ import annotations

import time
from contextlib import closing
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from cli.context import err, out, settings_of

if TYPE_CHECKING:
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
    job: Annotated[str, typer.Argument(help="Its name; './shop jobs' lists them.", show_default=False)],
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Delete its checkpoints first; it reads its input from the beginning.")
    ] = False,
    from_lake: Annotated[
        bool,
        typer.Option("--from-lake", help="Training takes from the lake all that it has, not only what Kafka deleted."),
    ] = False,
) -> None:
    """Submit a job unless it runs, and wait until it does; from then on the platform keeps it running.

    A job that ends by itself, such as training, is run once, to its end, over all events there are.
    """
    from flink.submission import BOUNDED_JOBS, job_program
    from local.platform import Platform
    from operations.history.gather import Source
    from schemas.errors import ConfigurationError

    settings = settings_of(ctx)
    job_program(job)
    if job in BOUNDED_JOBS:
        run_job(settings, job, Source.LAKE if from_lake else Source.AUTO)
        return
    if from_lake:
        message = f"{job} runs for good and reads Kafka: --from-lake is for {', '.join(BOUNDED_JOBS)}."
        raise ConfigurationError(message)
    if fresh:
        Platform(settings).jobs.forget_checkpoints(job)
    submit_jobs(settings, [job])


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
    from flink.submission import job_program
    from local.platform import Platform

    settings = settings_of(ctx)
    job_program(job)
    with err.status(f"Upgrading {job} ..."):
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
    from flink.submission import job_program
    from local.platform import Platform

    job_program(job)
    keeper = Platform(settings_of(ctx)).jobs
    keeper.desired.remove(job)
    with err.status(f"Cancelling {job} ..."):
        ran = keeper.cancel(job)
    err.print(f"{job} is cancelled." if ran else f"{job} did not run.")


def jobs(ctx: typer.Context) -> None:
    """List the jobs that there are, and how each fares on the cluster."""
    from flink.submission import Cluster, known_jobs

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
        JobError: Flink refuses one.
        DependencyUnavailable: The cluster does not answer.
    """
    from concurrent.futures import ThreadPoolExecutor

    with err.status(f"Submitting {' and '.join(names)} ..."), ThreadPoolExecutor(len(names)) as pool:
        for line in pool.map(lambda name: _submit_one(settings, name), names):
            err.print(line)


def run_job(settings: Settings, name: str, source: Source) -> None:
    """Run a job that ends by itself.

    Raises:
        ConfigurationError: There is no job of that name.
        JobError: It fails.
    """
    from local.platform import Platform

    platform = Platform(settings)
    platform.data.create()
    started = time.monotonic()
    with err.status(f"Running {name} ...") as status:
        history = platform.jobs.run(name, source, status.update)
    err.print(f"{name} is done after {time.monotonic() - started:.1f} s.")
    if history.from_lake:
        err.print(f"{history.from_lake:,} events came from the lake, those that Kafka has beyond them from Kafka.")


def _submit_one(settings: Settings, name: str) -> str:
    from local.platform import Platform

    platform = Platform(settings)
    platform.data.create()
    started = time.monotonic()
    done = platform.jobs.ensure(name)
    if platform.is_up():
        platform.jobs.desired.add(name)
    if done.already_ran:
        return f"{name} runs already as {done.job_id}."
    platform.jobs.wait_until_running(name)
    start = f"checkpoint {done.restored_from.name}" if done.restored_from else "the beginning"
    return f"{name} runs as {done.job_id}, from {start}, after {time.monotonic() - started:.1f} s."
