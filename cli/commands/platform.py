"""``up``, ``down``, ``status`` and the hidden ``supervise``."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated

import typer

from cli.context import err, out, settings_of

if TYPE_CHECKING:
    from schemas.settings import Settings

PANEL = "Platform"


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command(rich_help_panel=PANEL)(up)
    app.command(rich_help_panel=PANEL)(down)
    app.command(rich_help_panel=PANEL)(status)
    app.command(hidden=True)(supervise)


def up(ctx: typer.Context) -> None:
    """Start the embedded platform, or what of it does not run, and the jobs that ran before."""
    settings = settings_of(ctx)
    stages = bring_up(settings)
    resumed = _wait_for_jobs(settings)
    took = ", ".join(
        f"{name} {seconds:.1f} s" for name, seconds in {**stages, "jobs": resumed}.items() if seconds >= 0.05
    )
    err.print(f"Up: {took}", soft_wrap=True)
    show_addresses(settings)


def down(
    ctx: typer.Context,
    purge: Annotated[bool, typer.Option("--purge", help="Delete all its data as well.")] = False,
) -> None:
    """Stop the jobs and the embedded platform; its data stays."""
    from local.platform import Platform

    platform = Platform(settings_of(ctx))
    with err.status("Stopping ..."):
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

    found = report(settings_of(ctx))
    if as_json:
        typer.echo(status_json(found))
    elif found.is_up:
        for table in status_tables(found):
            out.print(table)
    else:
        err.print("Nothing runs. './shop up' starts the platform.")
    if not found.is_well:
        raise typer.Exit(PlatformError.exit_code)


def supervise(ctx: typer.Context) -> None:
    """Run the parts in the foreground: what ``up`` starts in the background."""
    from local.supervisor import supervise as run

    run(settings_of(ctx))


def bring_up(settings: Settings) -> dict[str, float]:
    """Start the platform and bring its servers to the contracts; the seconds that each stage took.

    Raises:
        PlatformError: It does not start.
        ShopError: The servers cannot be migrated.
    """
    from cli.platform_view import DownloadView, StartView
    from local.platform import Platform
    from operations.migrate import migrate

    platform = Platform(settings)
    downloads, view = DownloadView(), StartView()
    with downloads.shown():
        fetched = platform.fetch(downloads.update)
    with view.shown():
        started = platform.up(view.update)
    with err.status("Creating topics, schemas and tables ..."):
        before = time.monotonic()
        migrate(settings)
        migrated = time.monotonic() - before
    return {"downloads": fetched, "start of the parts": started, "topics, schemas, tables": migrated}


def show_addresses(settings: Settings) -> None:
    """Say where the servers are reached."""
    from local.status import addresses

    for name, address in addresses(settings).items():
        err.print(f"  {name:<11} {address}")


def _wait_for_jobs(settings: Settings) -> float:
    from local.platform import Platform

    before = time.monotonic()
    platform = Platform(settings)
    for name in platform.jobs.desired.names():
        with err.status(f"Waiting for the job {name} ..."):
            platform.jobs.ensure(name)
            platform.jobs.wait_until_running(name)
    return time.monotonic() - before
