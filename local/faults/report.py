"""Results as a table, for a person and for a page of the documentation, and as JSON."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Any, Final

from coordination.files import write_atomically
from local.faults.fault import FaultResult
from schemas.errors import ConfigurationError
from schemas.version import VERSION

BEGIN: Final = "<!-- begin of the table that './shop faults --markdown' writes -->"
END: Final = "<!-- end of the table -->"
COLUMNS: Final = ("fault", "what is injected", "records", "compared", "lost", "duplicated", "recovery", "outcome")
PAGE_COLUMNS: Final = (*COLUMNS, "measured")
"""A page keeps rows of several runs, so each says which version it was measured on, and when."""

RULES: Final = ("---", "---", "---:", "---:", "---:", "---:", "---:", "---", "---")


def cells(result: FaultResult) -> tuple[str, ...]:
    """What is shown of a result, a cell for each of COLUMNS."""
    if result.recovery_seconds is None:
        figures = ("-", "-", "-", "-", "-")
    else:
        figures = (
            f"{result.records:,}",
            f"{result.rows:,} rows",
            f"{result.lost:,}",
            f"{result.duplicated:,}",
            f"{result.recovery_seconds:.1f} s",
        )
    return (result.fault.name, result.fault.description, *figures, str(result.outcome))


def write_markdown(page: Path, results: Iterable[FaultResult], order: Iterable[str], day: date) -> None:
    """Put results into the table between the two markers of a page; faults that were not run keep their rows.

    Args:
        page: The page.
        results: Of the faults that were run.
        order: The names of all faults; other rows are removed.
        day: When they were run.

    Raises:
        ConfigurationError: The page cannot be read, or lacks the markers.
    """
    head, table, tail = split_page(page)
    rows = rows_of(table) | {result.fault.name: page_cells(result, day) for result in results}
    new_table = markdown_table([rows[name] for name in order if name in rows])
    write_atomically(page, f"{head}{BEGIN}\n\n{new_table}\n\n{END}{tail}")


def page_cells(result: FaultResult, day: date) -> tuple[str, ...]:
    """One row of the table of a page, a cell for each of PAGE_COLUMNS."""
    return (*cells(result), f"{VERSION}, {day}")


def markdown_table(rows: Iterable[tuple[str, ...]]) -> str:
    """Rows as a table."""
    lines = [PAGE_COLUMNS, RULES, *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def rows_of(table: str) -> dict[str, tuple[str, ...]]:
    """Fault -> its row, as ``markdown_table`` wrote it."""
    lines = [tuple(line.strip("| ").split(" | ")) for line in table.splitlines() if line.startswith("| ")]
    return {line[0]: line for line in lines if line not in (PAGE_COLUMNS, RULES)}


def split_page(page: Path) -> tuple[str, str, str]:
    """The text before, in and after the table of a page.

    Raises:
        ConfigurationError: The page cannot be read, or lacks the markers.
    """
    try:
        text = page.read_text(encoding="utf-8")
    except OSError as error:
        message = f"{page} cannot be read: {error}."
        raise ConfigurationError(message) from error
    head, begin, rest = text.partition(BEGIN)
    table, end, tail = rest.partition(END)
    if not (begin and end):
        message = f"{page} lacks the two lines that mark the place of the table: {BEGIN} and {END}."
        raise ConfigurationError(message)
    return head, table, tail


def as_json_object(result: FaultResult) -> dict[str, Any]:
    """A result in plain values."""
    return {
        "fault": result.fault.name,
        "description": result.fault.description,
        "outcome": str(result.outcome),
        "records": result.records,
        "accepted": result.events,
        "rows": result.rows,
        "lost": result.lost,
        "duplicated": result.duplicated,
        "recovery_seconds": result.recovery_seconds,
        "seconds": result.seconds,
        "problem": result.problem,
    }
