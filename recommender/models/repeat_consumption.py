"""Own items: what a user comes back to, or buys again, by how often and how lately it was in the history."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from recommender.models.base import Arrays, Histories, Training, parameters_of
from recommender.models.recency import Recency


@dataclass(slots=True)
class OwnItems:
    """The items of the history and no others, more where more users came back to the item.

    Attributes:
        recency: Exponent of the place of an event, counted back from the newest.
        half_life_seconds: Age at which an event of the history says half; None for no decay by time.
        rate_power: Exponent of the share of an item's users who came back to it.
        rate_prior: Users with the mean share that are added to each item's.
    """

    recency: float = 0.0
    half_life_seconds: float | None = None
    rate_power: float = 0.0
    rate_prior: float = 10.0
    _rates: NDArray[np.float32] = field(init=False, repr=False)

    name: ClassVar[str] = "own_items"

    @property
    def parameters(self) -> Mapping[str, Any]:
        """What it was made with."""
        return parameters_of(self)

    def fit(self, training: Training) -> Self:
        """Count who came back to what."""
        events = np.ones(len(training.histories.items), np.float32)
        times = training.histories.matrix(training.n_items, events)
        users = np.bincount(times.indices, minlength=training.n_items)
        back = np.bincount(times.indices, times.data > 1, minlength=training.n_items)
        mean = back.sum() / max(users.sum(), 1)
        rates = (back + self.rate_prior * mean) / np.maximum(users + self.rate_prior, 1)
        self._rates = (rates**self.rate_power).astype(np.float32)
        return self

    def score(self, histories: Histories) -> NDArray[np.float32]:
        """The events of each item in the history, decayed, times how usual it is to come back to it."""
        weights = Recency(self.recency, self.half_life_seconds).weights(histories)
        scores = np.zeros((len(histories), len(self._rates)), np.float32)
        np.add.at(scores, (histories.owners, histories.items), weights * self._rates[histories.items])
        return scores

    def arrays(self) -> Arrays:
        """How usual it is to come back to each item, (n_items,) float32."""
        return {"rates": self._rates}

    def restore(self, arrays: Arrays) -> Self:
        """Take over how usual that is."""
        self._rates = arrays["rates"]
        return self
