"""``report``: some days as one file for people who open no dashboard."""

from __future__ import annotations

import os
import shutil
import subprocess
from datetime import datetime
from pathlib import Path
from typing import Annotated, Final

import typer

from cli.context import err, settings_of

BROWSERS: Final = ("chromium", "chromium-browser", "google-chrome", "chrome")
PRINT_SECONDS: Final = 120


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(rich_help_panel="Results")(report)


def report(
    ctx: typer.Context,
    first: Annotated[
        datetime, typer.Option("--from", formats=["%Y-%m-%d"], help="First day, in the shop's time zone.")
    ],
    last: Annotated[datetime, typer.Option("--to", formats=["%Y-%m-%d"], help="Last day, included.")],
    out_file: Annotated[Path, typer.Option("--out", help="The file to write.", dir_okay=False)] = Path("report.html"),
    pdf: Annotated[
        bool, typer.Option("--pdf", help="Print it to PDF as well, by the Chromium of this machine.")
    ] = False,
) -> None:
    """Write a report of some days as one HTML file: key figures, plots and their tables."""
    from dashboards.report import report as made

    out_file.parent.mkdir(parents=True, exist_ok=True)
    out_file.write_text(made(settings_of(ctx), first.date(), last.date()), encoding="utf-8")
    err.print(f"Written: {out_file}", soft_wrap=True)
    if pdf:
        printed = out_file.with_suffix(".pdf")
        print_to_pdf(out_file, printed)
        err.print(f"Written: {printed}", soft_wrap=True)


def print_to_pdf(page: Path, printed: Path) -> None:
    """Print a page.

    Raises:
        ConfigurationError: There is no browser, or it does not print.
    """
    from schemas.errors import ConfigurationError

    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        message = f"--pdf needs one of {', '.join(BROWSERS)} on the PATH. The HTML file is written."
        raise ConfigurationError(message)
    options = ["--headless", "--disable-gpu", "--no-pdf-header-footer", f"--print-to-pdf={printed.resolve()}"]
    if os.geteuid() == 0:
        options.append("--no-sandbox")  # root has no sandbox; the page is ours, and runs nothing
    done = subprocess.run(
        [browser, *options, page.resolve().as_uri()], capture_output=True, timeout=PRINT_SECONDS, check=False
    )
    if done.returncode or not printed.exists():
        message = f"{browser} does not print {page}: {done.stderr.decode(errors='replace')[-400:]}"
        raise ConfigurationError(message)
