"""The ledger as a file: JSON, one row of a table a line; compressed where its name ends in ``.gz``."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, TextIO

from schemas.errors import ConfigurationError
from simulator.ledger.books import Table
from simulator.ledger.ledger import Ledger

FORMAT: Final = "shopstream-ledger-1"


def write_ledger(path: Path, ledger: Ledger, arguments: Mapping[str, Any]) -> None:
    """Write a ledger; the same ledger gives the same bytes.

    Args:
        path: Where.
        ledger: The ledger.
        arguments: How the records were simulated.

    Raises:
        ConfigurationError: The file cannot be written.
    """
    try:
        if path.suffix == ".gz":
            with path.open("wb") as raw, gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0) as packed:
                for line in _lines(ledger, arguments):
                    packed.write(line.encode())
            return
        with path.open("w", encoding="utf-8") as file:
            _write(file, ledger, arguments)
    except OSError as error:
        message = f"The ledger cannot be written to {path}: {error}."
        raise ConfigurationError(message) from error


def _write(file: TextIO, ledger: Ledger, arguments: Mapping[str, Any]) -> None:
    file.writelines(_lines(ledger, arguments))


def _lines(ledger: Ledger, arguments: Mapping[str, Any]) -> Iterator[str]:
    head = {
        "format": FORMAT,
        "arguments": dict(arguments),
        "settings": {
            "time_zone": ledger.time_zone,
            "lateness_ms": ledger.lateness_ms,
            "skew_ms": ledger.skew_ms,
            "fold_orders": ledger.order_rules.is_folded,
            "order_sources": list(ledger.order_rules.sources),
            "prices_include_tax": ledger.order_rules.is_tax_included,
        },
        "records": {
            "produced": ledger.produced,
            "accepted": ledger.accepted,
            "duplicates": ledger.duplicates,
            "failed": dict(sorted(ledger.failed.items())),
        },
        "trouble": dict(sorted(ledger.trouble.items())),
    }
    yield "{\n"
    for name, value in head.items():
        yield f"{json.dumps(name)}: {json.dumps(value, ensure_ascii=False)},\n"
    yield '"tables": {\n'
    separator = ""
    for table in sorted(ledger.tables(), key=lambda table: table.name):
        yield separator
        yield from _table(table)
        separator = ",\n"
    yield "\n}\n}\n"


def _table(table: Table) -> Iterator[str]:
    yield f'"{table.name}": {{"columns": {json.dumps(dict(table.columns))}, "keys": {table.keys}, "rows": ['
    separator = "\n"
    for row in table.rows:
        yield separator + json.dumps(row, ensure_ascii=False, separators=(",", ":"))
        separator = ",\n"
    yield "\n]}"
