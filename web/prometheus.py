"""Prometheus's text format."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import Final

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"


def header(name: str, kind: str, meaning: str) -> tuple[str, str]:
    """The two lines in front of a metric's values."""
    return f"# HELP {name} {meaning}", f"# TYPE {name} {kind}"


def single(name: str, kind: str, meaning: str, value: float) -> Iterator[str]:
    """A metric of one value."""
    yield from header(name, kind, meaning)
    yield f"{name} {value}"


class Histogram:
    """Counts seconds into buckets.

    Args:
        name: The metric's name.
        meaning: What it means.
        bounds: Upper bounds of the buckets in seconds, ascending; one more takes the rest.
    """

    def __init__(self, name: str, meaning: str, bounds: Sequence[float]) -> None:
        self._name = name
        self._meaning = meaning
        self._bounds = tuple(bounds)
        self._counts = [0] * (len(self._bounds) + 1)
        self._sum = 0.0

    def add(self, seconds: float) -> None:
        """Count one."""
        self._counts[bisect_left(self._bounds, seconds)] += 1
        self._sum += seconds

    def lines(self) -> Iterator[str]:
        """Its lines."""
        yield from header(self._name, "histogram", self._meaning)
        total = 0
        for bound, count in zip((*self._bounds, "+Inf"), self._counts, strict=True):
            total += count
            yield f'{self._name}_bucket{{le="{bound}"}} {total}'
        yield f"{self._name}_sum {self._sum:.6f}"
        yield f"{self._name}_count {total}"
