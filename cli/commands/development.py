"""Commands for developers: ``check``, ``test``, ``docs``, and the part of ``lock`` that ``./shop`` itself cannot do."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from typing import Annotated, Final

import typer

from cli.context import ROOT, err
from cli.progress import working

PANEL = "Development"

CHECKS: Final = {
    "format": ("ruff", "format", "--check", "."),
    "lint": ("ruff", "check", "."),
    "types": ("mypy",),
    "layers": ("lint-imports",),
}
"""What ``check`` runs before the tests, each a program of the environment."""

QUICK: Final = "not (platform or flink or fault)"
"""The markers of tests that need neither a platform nor a JVM nor a browser, and that kill nothing."""


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command(rich_help_panel=PANEL)(check)
    app.command(
        "test",
        rich_help_panel=PANEL,
        context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
        add_help_option=False,
    )(run_tests)
    app.command(rich_help_panel=PANEL)(docs)
    app.command(rich_help_panel=PANEL)(lock)


def check() -> None:
    """Check format, lint, types and layers, then run every test: what the continuous integration does."""
    failed = [name for name, command in CHECKS.items() if _run(name, command)]
    if failed:
        err.print(f"[bold red]Failed:[/] {', '.join(failed)}. The tests run all the same.")
    tests = _pytest([])
    raise typer.Exit(1 if failed else tests)


def run_tests(
    ctx: typer.Context,
    arguments: Annotated[list[str] | None, typer.Argument(help="Handed to pytest.", show_default=False)] = None,
    quick: Annotated[bool, typer.Option("--quick", help="Only tests without a platform, a JVM or a browser.")] = False,
) -> None:
    """Run the tests, two at a time; what follows is handed to pytest (-n 0: one at a time)."""
    chosen = ["-m", QUICK] if quick else []
    raise typer.Exit(_pytest([*chosen, *(arguments or []), *ctx.args]))


def docs(ctx: typer.Context) -> None:
    """Write the parts of docs/ that are made from the code: settings, this command line, and what else has a block."""
    from typer.core import TyperGroup

    from cli.documentation.blocks import write
    from cli.documentation.pages import blocks

    shop = ctx.find_root().command
    assert isinstance(shop, TyperGroup)
    changed = write(blocks(shop), ROOT)
    err.print(f"Written: {', '.join(changed)}." if changed else "Nothing has changed.")


def lock() -> None:
    """Make the lock files anew: requirements.lock, requirements-dev.lock and flink-conf/jars.lock."""
    from local.downloads import make_lock

    with working("Resolving flink-conf/jars.lock ..."):
        make_lock()
    err.print("requirements.lock, requirements-dev.lock and flink-conf/jars.lock are made anew.")


def _run(name: str, command: tuple[str, ...]) -> int:
    started = time.monotonic()
    program = Path(sys.executable).with_name(command[0])
    code = subprocess.run([program, *command[1:]], cwd=ROOT, stdin=subprocess.DEVNULL, check=False).returncode
    verdict = "[green]ok[/]" if code == 0 else "[bold red]failed[/]"
    err.print(f"{name}: {verdict} ({time.monotonic() - started:.1f} s)")
    return code


def _pytest(arguments: list[str]) -> int:
    command = [sys.executable, "-m", "pytest", "-n", "auto", *arguments]
    return subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, check=False).returncode
