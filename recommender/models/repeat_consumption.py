"""Repeat consumption: items of the user's own history, by how often and how recently they are in it.

Items that many users return to count more (Anderson et al. 2014, "The dynamics of repeat consumption").
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from recommender.models.base import Arrays, Histories, Training, parameters_of
from recommender.models.recency import Recency


@dataclass(slots=True)
class RepeatConsumption:
    """Scores the items of the history and no others.

    Attributes:
        recency: Exponent of the decay by rank in the history, see ``Recency``; 0 for none.
        half_life_seconds: Age at which an event of the history counts half; None for no decay by time.
        rate_power: Exponent of an item's repeat rate: the share of its users who returned to it.
        rate_prior: Users with the mean repeat rate that are added to those of each item (smoothing).
    """

    recency: float = 0.0
    half_life_seconds: float | None = None
    rate_power: float = 0.0
    rate_prior: float = 10.0
    _rates: NDArray[np.float32] = field(init=False, repr=False)

    name: ClassVar[str] = "repeat_consumption"

    @property
    def parameters(self) -> Mapping[str, Any]:
        """Its hyperparameters."""
        return parameters_of(self)

    def fit(self, training: Training) -> Self:
        """Compute the repeat rate of each item."""
        events = np.ones(len(training.histories.items), np.float32)
        counts = training.histories.matrix(training.n_items, events)
        users = np.bincount(counts.indices, minlength=training.n_items)
        returned = np.bincount(counts.indices, counts.data > 1, minlength=training.n_items)
        mean = returned.sum() / max(users.sum(), 1)
        rates = (returned + self.rate_prior * mean) / np.maximum(users + self.rate_prior, 1)
        self._rates = (rates**self.rate_power).astype(np.float32)
        return self

    def score(self, histories: Histories) -> NDArray[np.float32]:
        """Decayed events of each item in the history, times the item's repeat rate."""
        weights = Recency(self.recency, self.half_life_seconds).weights(histories)
        scores = np.zeros((len(histories), len(self._rates)), np.float32)
        np.add.at(scores, (histories.owners, histories.items), weights * self._rates[histories.items])
        return scores

    def arrays(self) -> Arrays:
        """The repeat rates, raised to ``rate_power``, (n_items,) float32."""
        return {"rates": self._rates}

    def restore(self, arrays: Arrays) -> Self:
        """Restore the fitted state."""
        self._rates = arrays["rates"]
        return self
