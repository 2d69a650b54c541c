"""The table of outcomes, for a person and for a page of the documentation."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from local.faults.fault import Outcome
from local.files import write_atomically
from schemas.errors import ConfigurationError

BEGIN: Final = "<!-- begin of the table that './shop faults --markdown' writes -->"
END: Final = "<!-- end of the table -->"
COLUMNS: Final = ("fault", "what is done", "records", "results", "lost", "doubled", "recovery", "verdict")


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


def markdown_table(outcomes: Iterable[Outcome]) -> str:
    """The outcomes as a table."""
    rows = [COLUMNS, ("---", "---", "---:", "---:", "---:", "---:", "---:", "---"), *map(cells, outcomes)]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def write_markdown(page: Path, outcomes: Iterable[Outcome]) -> None:
    """Put the table between the two markers of a page.

    Raises:
        ConfigurationError: The page cannot be read, or lacks the markers.
    """
    head, tail = split_page(page)
    write_atomically(page, f"{head}{BEGIN}\n\n{markdown_table(outcomes)}\n\n{END}{tail}")


def split_page(page: Path) -> tuple[str, str]:
    """What stands before and behind the table of a page.

    Raises:
        ConfigurationError: The page cannot be read, or lacks the markers.
    """
    try:
        text = page.read_text(encoding="utf-8")
    except OSError as error:
        message = f"{page} cannot be read: {error}."
        raise ConfigurationError(message) from error
    head, begin, rest = text.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not (begin and end):
        message = f"{page} has no place for the table: two lines, {BEGIN} and {END}."
        raise ConfigurationError(message)
    return head, tail


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
