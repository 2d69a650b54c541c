"""Decay of event weights: older events of a history count less, by rank and by age."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recommender.models.base import Histories


@dataclass(frozen=True, slots=True)
class Recency:
    """A decay of events.

    Attributes:
        power: Exponent of the decay by rank, ``rank ** -power``, where the newest event has rank 1; 0 for none.
        half_life_seconds: Age at which an event counts half; None for no decay by time.
    """

    power: float = 0.0
    half_life_seconds: float | None = None

    def weights(self, histories: Histories) -> NDArray[np.float32]:
        """The weights of the events, decayed, (n_events,) float32."""
        decayed = histories.weights * (1.0 + histories.reverse_positions) ** -self.power
        if self.half_life_seconds is not None:
            decayed = decayed * 0.5 ** (histories.ages_seconds / self.half_life_seconds)
        return decayed.astype(np.float32)
