"""``up``, ``down``, ``status`` and the hidden ``supervise``."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Annotated, Final

import typer

from cli.context import err, out, settings_of
from cli.progress import Stages, working

if TYPE_CHECKING:
    from cli.platform_view import StartView
    from local.jobs import Outcome, PlannedJobs
    from local.state import PartStatus
    from schemas.settings import Settings

PANEL = "Platform"
MIGRATION_SECONDS: Final = 60.0
"""How long a server that is ready may be away when it is to be migrated."""


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command(rich_help_panel=PANEL)(up)
    app.command(rich_help_panel=PANEL)(down)
    app.command(rich_help_panel=PANEL)(status)
    app.command(hidden=True)(supervise)


def up(ctx: typer.Context) -> None:
    """Start the embedded platform, or what of it does not run, and its jobs: SHOP_JOBS says which.

    Jobs that ran before go on from their checkpoints; one that was cancelled is left alone.
    """
    settings = settings_of(ctx)
    stages = bring_up(settings)
    took = ", ".join(f"{name} {seconds:.1f} s" for name, seconds in stages.items() if seconds >= 0.05)
    err.print(f"Up: {took}", soft_wrap=True)
    show_addresses(settings)


def down(
    ctx: typer.Context,
    purge: Annotated[bool, typer.Option("--purge", help="Delete all its data as well.")] = False,
) -> None:
    """Stop the jobs and the embedded platform; its data stays."""
    from local.platform import Platform

    platform = Platform(settings_of(ctx))
    with working("Stopping ..."):
        started = time.monotonic()
        stopped = platform.down()
    err.print(f"Stopped in {time.monotonic() - started:.1f} s." if stopped else "Nothing ran.")
    if purge:
        platform.purge()
        err.print(f"Deleted {platform.data.root}.")


def status(
    ctx: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Show the parts, their memory and the jobs; exits with 0 only when everything runs."""
    from cli.platform_view import status_json, status_tables
    from local.errors import PlatformError
    from local.status import report

    platform = report(settings_of(ctx))
    if as_json:
        typer.echo(status_json(platform))
    elif platform.is_up:
        for table in status_tables(platform):
            out.print(table)
    else:
        err.print("Nothing runs. './shop up' starts the platform.")
    if not platform.is_well:
        raise typer.Exit(PlatformError.exit_code)


def supervise(ctx: typer.Context) -> None:
    """Run the parts in the foreground: what ``up`` starts in the background."""
    from local.supervisor import supervise as run

    run(settings_of(ctx))


def bring_up(settings: Settings) -> dict[str, float]:
    """Start the platform, bring its servers to the contracts and start the jobs; the seconds that each stage took.

    Raises:
        PlatformError: It does not start.
        JobError: A job is refused or ends; the others run.
        ShopError: The servers cannot be migrated.
    """
    from cli.commands.jobs import show_outcome

    stages = Stages()
    with servers_up(settings, stages) as jobs:
        with stages.timed("submission of the jobs"), working("Planning and submitting the jobs ..."):
            outcomes = jobs.submit(show_outcome)
        with stages.timed("until the jobs run"), working("Waiting until the jobs run ..."):
            wait_for_jobs(settings, outcomes)
    return stages.seconds


@contextmanager
def servers_up(settings: Settings, stages: Stages) -> Iterator[PlannedJobs]:
    """Start the platform, and plan the jobs meanwhile; each server is brought to the contracts once it is ready.

    Raises:
        PlatformError: It does not start.
        ShopError: A server cannot be migrated.
    """
    from cli.platform_view import DownloadView, StartView
    from local.jobs import chosen_jobs
    from local.platform import Platform

    platform = Platform(settings)
    downloads, view = DownloadView(), StartView()
    with stages.timed("downloads"), downloads.shown():
        platform.fetch(downloads.update)
    platform.data.create()
    platform.jobs.desired.add_unless_cancelled(chosen_jobs(settings))
    with ExitStack() as stack:
        with working("Waiting until nobody else submits the jobs ..."):
            jobs = stack.enter_context(platform.jobs.planned(platform.jobs.desired.names()))
        with ThreadPoolExecutor() as pool:
            migrations = Migrations(settings, pool)
            with stages.timed("start of the parts"), view.shown():
                platform.up(lambda parts: _show_and_migrate(parts, view, migrations))
            with stages.timed("topics, schemas, tables"), working("Creating topics, schemas and tables ..."):
                migrations.wait()
        yield jobs


def _show_and_migrate(parts: Mapping[str, PartStatus], view: StartView, migrations: Migrations) -> None:
    view.update(parts)
    migrations.update(parts)


class Migrations:
    """Brings each server of a platform that starts to the contracts as soon as it is ready.

    Args:
        settings: Where the servers are.
        pool: Runs the migrations.
    """

    def __init__(self, settings: Settings, pool: Executor) -> None:
        from operations.migrate import migrate_schemas, migrate_tables, migrate_topics

        self._settings = settings
        self._pool = pool
        self._due = {"kafka": migrate_topics, "registry": migrate_schemas, "clickhouse": migrate_tables}
        self._running: list[Future[tuple[str, ...]]] = []

    def update(self, parts: Mapping[str, PartStatus]) -> None:
        """Start the migrations of the servers that are ready by now."""
        from local.state import PartState

        for name in [name for name in self._due if parts[name].state is PartState.READY]:
            self._running.append(self._pool.submit(self._due.pop(name), self._settings, MIGRATION_SECONDS))

    def wait(self) -> None:
        """Wait until all migrations have run; every server is ready by now.

        Raises:
            ShopError: A server cannot be migrated.
        """
        for migration in self._running:
            migration.result()


def wait_for_jobs(settings: Settings, outcomes: Mapping[str, Outcome]) -> None:
    """Wait until every job that was submitted runs.

    Raises:
        JobError: A job was refused or ends; the others run.
        DependencyUnavailable: The JobManager does not answer.
    """
    from cli.commands.jobs import raise_refusals
    from local.platform import Platform

    submitted = [name for name, outcome in outcomes.items() if not isinstance(outcome, Exception)]
    Platform(settings).jobs.wait_until_all_run(submitted)
    raise_refusals(outcomes)


def show_addresses(settings: Settings) -> None:
    """Say where the servers are reached."""
    from local.status import addresses

    for name, address in addresses(settings).items():
        err.print(f"  {name:<11} {address}")
