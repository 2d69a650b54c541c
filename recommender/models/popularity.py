"""Popularity: what most users chose, in a window before the newest event of the data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from recommender.models.base import Arrays, Histories, Training, parameters_of


@dataclass(slots=True)
class Popularity:
    """Scores an item by the sum of its events' weights, the same for every history; the empty one too (cold users).

    Attributes:
        window_seconds: How far back from the newest event; None for all of the data.
        half_life_seconds: Age at which an event counts half; None for no decay.
        logarithmic: Whether the score is the logarithm of that sum.
    """

    window_seconds: float | None = None
    half_life_seconds: float | None = None
    logarithmic: bool = False
    _counts: NDArray[np.float32] = field(init=False, repr=False)

    name: ClassVar[str] = "popularity"

    @property
    def parameters(self) -> Mapping[str, Any]:
        """Its hyperparameters."""
        return parameters_of(self)

    def fit(self, training: Training) -> Self:
        """Sum the weights of each item's events."""
        events = training.histories
        ages = events.times.max(initial=0.0) - events.times
        weights = events.weights if self.half_life_seconds is None else _decayed(events, ages, self.half_life_seconds)
        kept = slice(None) if self.window_seconds is None else ages <= self.window_seconds
        counts = np.bincount(events.items[kept], weights[kept], training.n_items)
        self._counts = (np.log1p(counts) if self.logarithmic else counts).astype(np.float32)
        return self

    def score(self, histories: Histories) -> NDArray[np.float32]:
        """The same scores for each history."""
        return np.tile(self._counts, (len(histories), 1))

    def arrays(self) -> Arrays:
        """The counts, (n_items,) float32."""
        return {"counts": self._counts}

    def restore(self, arrays: Arrays) -> Self:
        """Restore the fitted state."""
        self._counts = arrays["counts"]
        return self


def _decayed(events: Histories, ages: NDArray[np.float64], half_life_seconds: float) -> NDArray[np.float32]:
    return (events.weights * 0.5 ** (ages / half_life_seconds)).astype(np.float32)
