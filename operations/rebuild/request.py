"""The options of a rebuild, and what it reports: the same for every store."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from schemas.settings import Settings

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class RebuildRequest:
    """Options of a rebuild; a store takes only some of them.

    Attributes:
        tables: Only these tables; all where none is given.
        as_of: The moment whose content is written elsewhere, aware; None for the content of now.
        to_url: Where the content of that moment goes.
        wait_seconds: How long the store's sink may take to catch up.
    """

    tables: tuple[str, ...] = ()
    as_of: datetime | None = None
    to_url: str = ""
    wait_seconds: float = 120.0


@dataclass(frozen=True, slots=True)
class RebuildReport:
    """What a rebuild did: rows of a table, a sentence, or both.

    Attributes:
        columns: Titles of the columns.
        rows: The rows, as they are shown.
        summary: The sentence.
    """

    columns: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    summary: str = ""


@dataclass(frozen=True, slots=True)
class Rebuild:
    """How a store is filled anew.

    Attributes:
        run: Does it.
        options: The fields of RebuildRequest that it takes.
    """

    run: Callable[[Settings, RebuildRequest, Progress], RebuildReport]
    options: frozenset[str]


@dataclass(frozen=True, slots=True)
class NotRebuilt:
    """A store that cannot be filled anew.

    Attributes:
        because: Why, as a sentence.
    """

    because: str
