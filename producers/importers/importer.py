"""What an importer is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple, Protocol


class ImportedEvent(NamedTuple):
    """One event of a data set, and when its shop received it."""

    event: dict[str, Any]
    received_at_ms: int


class Importer(Protocol):
    """A data set that can be read as events."""

    @property
    def total(self) -> int:
        """How many events there are."""

    def events(self) -> Iterator[ImportedEvent]:
        """The events, in the order in which they happened."""
