"""Sentences: items whose texts mean the same are alike, whether they share a word or not."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from recommender.models.base import Training
from recommender.models.item_similarity import Alike
from recommender.models.sparse_matrices import without_values
from recommender.neighbours import strongest_of_all

logger = logging.getLogger(__name__)


@dataclass
class Sentences(Alike):
    """Items whose texts mean what those of the history's items mean: cosine of sentence embeddings.

    It is fitted to embeddings and keeps none of them: who asks it needs neither them nor what made them.

    Attributes:
        neighbours: Neighbours kept for each item.
        power: Exponent of the cosine. Any two texts of a shop are a little alike, and many of them would outvote a few
            that are very much so.
        recency: Exponent of the place of an event, counted back from the newest.
        half_life_seconds: Age at which an event of the history says half.
    """

    neighbours: int = 300
    power: float = 4.0
    recency: float = 0.5
    half_life_seconds: float | None = None

    name: ClassVar[str] = "sentences"

    def fit(self, training: Training) -> Self:
        """Compare all pairs of items that have a text; where nobody asked what texts mean, nothing is alike."""
        if training.meanings is None:
            logger.warning("Without SHOP_TRAINING_SENTENCES the model sentences has no opinion")
            self._likeness = without_values(training.n_items, training.n_items)
            return self
        meanings = training.meanings

        def likeness(items: NDArray[np.int32]) -> NDArray[np.float32]:
            return np.asarray(np.maximum(meanings[items] @ meanings.T, 0) ** np.float32(self.power))

        self._likeness = strongest_of_all(likeness, training.n_items, self.neighbours).matrix()
        return self
