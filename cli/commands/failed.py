"""``failed list``, ``failed show`` and ``failed repair``: what ingest and the collector refused."""

from __future__ import annotations

import csv
import json
from base64 import b64encode
from collections.abc import Iterable, Iterator
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from cli.context import err, out, settings_of
from cli.hexdump import hexdump, printable
from cli.progress import working
from connections.errors import RegistryUnavailable
from schemas.errors import ConfigurationError
from schemas.failures import Failure, Reason, Stage

if TYPE_CHECKING:
    from operations.failed_events import FailedEvent
    from operations.repair.run import Outcome
    from schemas.settings import Settings

FIRST_BYTES: Final = 8
COLUMNS: Final = (
    "failed_at",
    "topic",
    "partition",
    "offset",
    "reason",
    "message",
    "size",
    "key",
    "value",
    "failed_partition",
    "failed_offset",
    "stage",
)
"""Columns of csv and json: size is null for a record without a value, key and value are base64."""

_IN_TABLE: Final = ("topic", "partition", "offset", "reason", "message", "size", "first bytes")
_NUMBERS: Final = ("partition", "offset", "size")

failed = typer.Typer(help="The records that ingest and the collector refused, and why.", no_args_is_help=True)


class Format(StrEnum):
    """How a list is written."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(failed, name="failed", rich_help_panel="Events")


@failed.command("list")
def list_failed(
    ctx: typer.Context,
    reason: Annotated[Reason | None, typer.Option(help="Only records with this reason.", show_default=False)] = None,
    topic: Annotated[str | None, typer.Option(help="Only records of this domain topic.", show_default=False)] = None,
    stage: Annotated[Stage | None, typer.Option(help="Only what was refused there.", show_default=False)] = None,
    limit: Annotated[int | None, typer.Option(help="Most records to list.", min=1, show_default=False)] = None,
    output: Annotated[Format, typer.Option("--format", help="Format of the output.")] = Format.TABLE,
) -> None:
    """List the refused records, original bytes included (csv and json: in full, base64)."""
    from operations.failed_events import failed_events

    _check_topic(topic)
    records = failed_events(settings_of(ctx), reason, topic, limit, stage)
    if output is Format.TABLE:
        _print_table(records)
    elif output is Format.CSV:
        writer = csv.DictWriter(out.file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(map(as_row, records))
    else:
        json.dump([as_row(record) for record in records], out.file, indent=2)
        out.file.write("\n")


@failed.command("show")
def show_failed(
    ctx: typer.Context,
    place: Annotated[
        str,
        typer.Argument(
            help="TOPIC/PARTITION/OFFSET of the refused record (of failed-events for what the collector refused), "
            "or its PARTITION of failed-events."
        ),
    ],
    offset: Annotated[
        int | None, typer.Argument(help="With a PARTITION: the record's OFFSET in failed-events.", show_default=False)
    ] = None,
) -> None:
    """Show one refused record: why, its headers, its bytes, and its fields where they can be decoded."""
    settings = settings_of(ctx)
    record = _find(settings, place, offset)
    for line in describe(record):
        out.print(line, markup=False)
    for line in _decoded(settings, record):
        out.print(line, markup=False)


@failed.command("repair")
def repair_failed(
    ctx: typer.Context,
    where: Annotated[
        list[str] | None,
        typer.Option(
            help="Only records that match: reason=missing_field, stage=collector, offset>=17, "
            "failed_at<2026-01-05T12:00, event.source=web; may be repeated.",
            show_default=False,
        ),
    ] = None,
    rule: Annotated[
        Path | None,
        typer.Option(
            "--with", help="A Python file with repair(event), repair_bytes(value) or repair_body(body).", dir_okay=False
        ),
    ] = None,
    schema_version: Annotated[
        int | None,
        typer.Option(help="Decode values by this version of their topic's schema.", min=1, show_default=False),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be done, and send nothing.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Repair refused records and publish those that ingest accepts now; running it again changes nothing.

    Exits with 1 when a chosen record would be refused again.
    """
    from operations.repair.conditions import parse_condition
    from operations.repair.rule import AS_IT_IS, load_rule
    from operations.repair.run import Request
    from operations.repair.run import repair_failed as run

    conditions = [parse_condition(text) for text in where or ()]
    request = Request(conditions, AS_IT_IS if rule is None else load_rule(rule), schema_version, dry_run)
    with working("Reading failed events ...") as status:
        outcome = run(settings_of(ctx), request, status.update)
    if as_json:
        json.dump(_as_object(outcome, dry_run), out.file, indent=1)
        out.file.write("\n")
    else:
        _print_outcome(outcome, dry_run)
    if outcome.invalid:
        raise typer.Exit(1)


def as_row(record: FailedEvent) -> dict[str, Any]:
    """A record under the names of COLUMNS."""
    return {
        "failed_at": record.failed_at.isoformat(timespec="milliseconds"),
        "topic": record.topic,
        "partition": record.partition,
        "offset": record.offset,
        "reason": record.reason.value,
        "message": record.message,
        "size": None if record.value is None else len(record.value),
        "key": _base64(record.key),
        "value": _base64(record.value),
        "failed_partition": record.failed_partition,
        "failed_offset": record.failed_offset,
        "stage": record.stage.value,
    }


def describe(record: FailedEvent) -> Iterator[str]:
    """What is known of a record without decoding it, line by line."""
    yield f"refused by {record.stage}"
    yield f"topic      {record.topic}"
    yield f"partition  {record.partition}"
    yield f"offset     {record.offset}"
    yield f"reason     {record.reason}"
    yield f"message    {record.message}"
    yield f"failed at  {record.failed_at.isoformat(timespec='milliseconds')}"
    yield f"stands at  failed-events/{record.failed_partition}/{record.failed_offset}"
    yield f"\nHeaders ({len(record.headers)})"
    for name, value in record.headers:
        yield f"  {name}: {'null' if value is None else value.decode(errors='backslashreplace')}"
    yield from _bytes_of("Key", record.key)
    yield from _bytes_of("Value", record.value)


def _bytes_of(name: str, data: bytes | None) -> Iterator[str]:
    if data is None:
        yield f"\n{name}: null"
        return
    yield f"\n{name} ({len(data)} bytes)"
    for line in hexdump(data):
        yield f"  {line}"


def _decoded(settings: Settings, record: FailedEvent) -> Iterator[str]:
    return _body(record) if record.stage is Stage.COLLECTOR else _fields(settings, record)


def _body(record: FailedEvent) -> Iterator[str]:
    """The JSON of an event that the collector refused."""
    if record.cut_from is not None:
        yield f"\nJSON: only the beginning was kept, of {record.cut_from:,} bytes"
    elif record.value is not None:
        yield "\nJSON"
        yield from json.dumps(json.loads(record.value), indent=2, ensure_ascii=False).splitlines()


def _fields(settings: Settings, record: FailedEvent) -> Iterator[str]:
    from connections.registry import SchemaRegistry
    from jobs.ingest.decoder import EventDecoder

    registry = SchemaRegistry.of(settings)
    try:
        event = EventDecoder(registry, patience_seconds=0).decode(record.value)
    except RegistryUnavailable as error:
        yield f"\nFields: not decoded. {error}"
        return
    finally:
        registry.close()
    if isinstance(event, Failure):
        yield f"\nFields: cannot be decoded ({event.reason}: {event.message})"
        return
    yield "\nFields (null ones left out)"
    for name, value in event.items():
        if value is not None:
            yield f"  {name}: {json.dumps(value, default=str, ensure_ascii=False)}"


def _find(settings: Settings, place: str, offset: int | None) -> FailedEvent:
    from operations.failed_events import failed_event_at, failed_event_of

    if offset is not None:
        return failed_event_at(settings, _number(place), offset)
    match place.rsplit("/", 2):
        case ["failed-events", partition, original]:
            return failed_event_at(settings, _number(partition), _number(original))
        case [topic, partition, original]:
            _check_topic(topic)
            return failed_event_of(settings, topic, _number(partition), _number(original))
    message = f"{place!r} is no place of a record: give TOPIC/PARTITION/OFFSET, or PARTITION OFFSET of failed-events."
    raise ConfigurationError(message)


def _check_topic(topic: str | None) -> None:
    from schemas.topics import DOMAIN_TOPICS

    if topic is not None and topic not in DOMAIN_TOPICS:
        message = (
            f"{topic!r} is no domain topic. Those are: {', '.join(DOMAIN_TOPICS)}. "
            "What the collector refused stood in none: '--stage collector' lists it."
        )
        raise ConfigurationError(message)


def _number(text: str) -> int:
    if not text.isascii() or not text.isdigit():
        message = f"{text!r} is no partition or offset: those are whole numbers from 0."
        raise ConfigurationError(message)
    return int(text)


def _print_table(records: Iterable[FailedEvent]) -> None:
    from rich.markup import escape
    from rich.table import Table

    table = Table(box=None)
    for name in _IN_TABLE:
        table.add_column(name, justify="right" if name in _NUMBERS else "left", overflow="fold")
    for record in records:
        row = as_row(record)
        row["size"] = "null" if record.value is None else row["size"]
        row["first bytes"] = _first_bytes(record.value or b"")
        table.add_row(*(escape(str(row[name])) for name in _IN_TABLE))
    if table.row_count:
        out.print(table)
    else:
        err.print("No such record was refused.")


def _print_outcome(outcome: Outcome, dry_run: bool) -> None:
    from rich.table import Table

    table = Table("records", "what became of them", "why", box=None)
    table.columns[0].justify = "right"
    table.add_row(f"{outcome.repaired:,}", "would be repaired" if dry_run else "repaired", "")
    for why, count in outcome.skipped.most_common():
        table.add_row(f"{count:,}", "left alone", why)
    for reason, count in outcome.invalid.most_common():
        table.add_row(f"{count:,}", "still invalid", reason)
    out.print(table)
    for place, invalid in outcome.examples:
        line = f"{place.topic}/{place.partition}/{place.offset} {invalid.reason}: {invalid.message}"
        err.print(line, markup=False, soft_wrap=True)


def _as_object(outcome: Outcome, dry_run: bool) -> dict[str, Any]:
    return {
        "dry_run": dry_run,
        "chosen": outcome.chosen,
        "repaired": outcome.repaired,
        "skipped": dict(outcome.skipped),
        "invalid": dict(outcome.invalid),
        "examples": [
            {**place._asdict(), "reason": invalid.reason, "message": invalid.message}
            for place, invalid in outcome.examples
        ],
    }


def _first_bytes(data: bytes) -> str:
    first = data[:FIRST_BYTES]
    return f"{first.hex(' ')} |{printable(first)}|" if first else ""


def _base64(data: bytes | None) -> str | None:
    return None if data is None else b64encode(data).decode()
