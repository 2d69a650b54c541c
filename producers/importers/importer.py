"""What an importer is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple, Protocol

from producers.importers.lines import LineFile


class ImportedEvent(NamedTuple):
    """One event of a data set, and when its shop received it."""

    event: dict[str, Any]
    received_at_ms: int


class RejectedRow(NamedTuple):
    """One row of a data set that is no event.

    Attributes:
        file: Name of the file.
        line: Its line there, from 1.
        reason: What is wrong with it, in words.
        raw: The row's bytes as they stand in the file, without the line's end.
    """

    file: str
    line: int
    reason: str
    raw: bytes

    def __str__(self) -> str:
        return f"{self.file}, line {self.line}: {self.reason}"


class Importer(Protocol):
    """A data set that can be read as events."""

    @property
    def total(self) -> int | None:
        """How many events there are; None where only reading all of it tells."""

    @property
    def file(self) -> LineFile | None:
        """Where ``total`` is None: the file that is read on the way, which knows how far that is."""

    def events(self) -> Iterator[ImportedEvent | RejectedRow]:
        """The events in the order in which they happened, and between them the rows that are none."""
