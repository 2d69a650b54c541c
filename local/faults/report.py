"""The table of outcomes, for a person and for a page of the documentation."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from coordination.files import write_atomically
from local.faults.fault import Outcome
from schemas.errors import ConfigurationError

BEGIN: Final = "<!-- begin of the table that './shop faults --markdown' writes -->"
END: Final = "<!-- end of the table -->"
COLUMNS: Final = ("fault", "what is done", "records", "results", "lost", "doubled", "recovery", "verdict")
RULES: Final = ("---", "---", "---:", "---:", "---:", "---:", "---:", "---")


def cells(outcome: Outcome) -> tuple[str, ...]:
    """One row of the table, a cell for each of COLUMNS."""
    if outcome.recovery_seconds is None:
        figures = ("-", "-", "-", "-", "-")
    else:
        figures = (
            f"{outcome.records:,}",
            f"{outcome.rows:,} rows",
            f"{outcome.lost:,}",
            f"{outcome.doubled:,}",
            f"{outcome.recovery_seconds:.1f} s",
        )
    return (outcome.fault.name, outcome.fault.words, *figures, str(outcome.verdict))


def write_markdown(page: Path, outcomes: Iterable[Outcome], order: Iterable[str]) -> None:
    """Put the outcomes into the table between the two markers of a page; faults that were not run keep their rows.

    Args:
        page: The page.
        outcomes: What came of the faults that were run.
        order: The names of all faults; a row of another one goes.

    Raises:
        ConfigurationError: The page cannot be read, or lacks the markers.
    """
    head, table, tail = split_page(page)
    rows = rows_of(table) | {outcome.fault.name: cells(outcome) for outcome in outcomes}
    new = markdown_table([rows[name] for name in order if name in rows])
    write_atomically(page, f"{head}{BEGIN}\n\n{new}\n\n{END}{tail}")


def markdown_table(rows: Iterable[tuple[str, ...]]) -> str:
    """Rows as a table."""
    lines = [COLUMNS, RULES, *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def rows_of(table: str) -> dict[str, tuple[str, ...]]:
    """Fault -> its row, as ``markdown_table`` wrote it."""
    lines = [tuple(line.strip("| ").split(" | ")) for line in table.splitlines() if line.startswith("| ")]
    return {line[0]: line for line in lines if line not in (COLUMNS, RULES)}


def split_page(page: Path) -> tuple[str, str, str]:
    """What stands before, in and behind the table of a page.

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
        message = f"{page} has no place for the table: two lines, {BEGIN} and {END}."
        raise ConfigurationError(message)
    return head, table, tail


def as_json_object(outcome: Outcome) -> dict[str, Any]:
    """An outcome in plain values."""
    return {
        "fault": outcome.fault.name,
        "words": outcome.fault.words,
        "verdict": str(outcome.verdict),
        "records": outcome.records,
        "accepted": outcome.events,
        "rows": outcome.rows,
        "lost": outcome.lost,
        "doubled": outcome.doubled,
        "recovery_seconds": outcome.recovery_seconds,
        "seconds": outcome.seconds,
        "problem": outcome.problem,
    }
