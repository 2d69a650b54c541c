"""``lake list``, ``lake verify``, ``lake files`` and ``lake compact``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.context import err, out, settings_of
from cli.progress import working

if TYPE_CHECKING:
    from lake.verification import DayReport

lake = typer.Typer(help="The lake: every accepted event in Parquet files, by day.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(lake, name="lake", rich_help_panel="History")


@lake.command("list")
def list_days(
    ctx: typer.Context, as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False
) -> None:
    """List the days of the lake with their files, events and bytes, by its manifest."""
    from lake.manifest import ends, read_manifest
    from lake.storage import lake_storage
    from lake.verification import summary

    storage = lake_storage(settings_of(ctx))
    entries = read_manifest(storage)
    if as_json:
        positions = {f"{topic}-{partition}": end for (topic, partition), end in ends(entries).items()}
        _write_json({"url": storage.url, "next_offsets": positions, "days": [_as_object(d) for d in summary(entries)]})
        return
    _show(summary(entries))
    for (topic, partition), end in ends(entries).items():
        err.print(f"{topic}-{partition} is in the lake up to offset {end}")


@lake.command("files")
def list_files(ctx: typer.Context) -> None:
    """Print the paths of the lake's files, one per line: exactly those that its manifest names."""
    from lake.manifest import read_manifest
    from lake.storage import lake_storage

    storage = lake_storage(settings_of(ctx))
    for entry in read_manifest(storage):
        for file in entry.files:
            typer.echo(storage.location(file.name))


@lake.command("verify")
def verify_lake(
    ctx: typer.Context, as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False
) -> None:
    """Read every file and compare it with the manifest: checksums, counts, days, ids; exits with 1 on any problem."""
    from lake.manifest import read_manifest
    from lake.storage import lake_storage
    from lake.verification import strays, verify

    storage = lake_storage(settings_of(ctx))
    entries = read_manifest(storage)
    with working("Reading the lake ...") as status:
        days = []
        for report in verify(storage, entries):
            days.append(report)
            status.update(f"Reading the lake: {report.day} has {report.rows:,} events ...")
    if as_json:
        _write_json({"agrees": not any(d.problems for d in days), "days": [_as_object(day) for day in days]})
    else:
        _show(days)
    for problem in (problem for day in days for problem in day.problems):
        err.print(problem, style="red", markup=False, soft_wrap=True)
    for name in strays(storage):
        err.print(f"{name} is in no entry of the manifest; a sink that is writing it will add it.", soft_wrap=True)
    if any(day.problems for day in days):
        raise typer.Exit(1)


@lake.command("compact")
def compact_lake(ctx: typer.Context) -> None:
    """Merge small files of neighbouring ranges into larger ones; harmless when there is nothing to merge."""
    from coordination.files import locked
    from lake.compaction import compact
    from lake.storage import lake_storage
    from local.paths import DataDirectory
    from operations.personal.lake import COMPACTION_LOCK

    settings = settings_of(ctx)
    data = DataDirectory(settings.data_dir)
    data.create()
    with working("Compacting the lake ..."), locked(data.root / COMPACTION_LOCK):
        done = compact(lake_storage(settings))
    err.print(
        f"{done.files_before:,} files of {done.ranges_before:,} ranges became "
        f"{done.files_after:,} files of {done.ranges_after:,} ranges."
    )


def _show(days: list[DayReport]) -> None:
    from rich.table import Table

    table = Table("day (UTC)", "files", "events", "bytes", "sha256 of the ids", "", box=None, header_style="bold")
    for column in table.columns[1:4]:
        column.justify = "right"
    for day in days:
        mark = "[red]differs[/]" if day.problems else "[green]equal[/]" if day.fingerprint else ""
        table.add_row(
            str(day.day), f"{day.files:,}", f"{day.rows:,}", f"{day.size_bytes:,}", day.fingerprint[:16], mark
        )
    table.add_row("all", *(f"{sum(getattr(d, name) for d in days):,}" for name in ("files", "rows", "size_bytes")))
    out.print(table)


def _as_object(day: DayReport) -> dict[str, Any]:
    return {
        "day": str(day.day),
        "files": day.files,
        "events": day.rows,
        "bytes": day.size_bytes,
        "sha256_of_ids": day.fingerprint or None,
        "problems": day.problems,
    }


def _write_json(answer: dict[str, Any]) -> None:
    json.dump(answer, out.file, indent=1)
    out.file.write("\n")
