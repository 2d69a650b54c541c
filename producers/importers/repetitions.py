"""Distinguishes equal rows of a data set."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable


class Repetitions:
    """Numbers equal rows of a file: "1" for the first, "2" for the next, ...

    Rows are equal only if their times are, and data sets are sorted by time: so no more is remembered than the rows of
    one moment. Where a file goes back in time after all, the numbers of the rows from there on begin with how often it
    has: they differ from all earlier ones, and are the same whenever the same file is read.
    """

    def __init__(self) -> None:
        self._time_ms: int | None = None
        self._prefix = ""
        self._steps_back = 0
        self._seen: Counter[Hashable] = Counter()

    def number(self, time_ms: int, content: Hashable) -> str:
        """The number of the next row among those equal to it."""
        if time_ms != self._time_ms:
            self._move_to(time_ms)
        self._seen[content] += 1
        return f"{self._prefix}{self._seen[content]}"

    def _move_to(self, time_ms: int) -> None:
        if self._time_ms is not None and time_ms < self._time_ms:
            self._steps_back += 1
            self._prefix = f"{self._steps_back}."
        self._time_ms = time_ms
        self._seen.clear()
