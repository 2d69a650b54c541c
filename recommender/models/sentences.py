"""Sentences: items whose texts have close sentence embeddings are similar, whether they share a word or not."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from recommender.models.base import Training
from recommender.models.item_similarity import ItemSimilarity
from recommender.models.sparse_matrices import empty_matrix
from recommender.neighbours import nearest_items

logger = logging.getLogger(__name__)


@dataclass
class Sentences(ItemSimilarity):
    """Scores items by the similarity of their texts to those of the history's items: cosine of sentence embeddings.

    It is fitted to embeddings and keeps only similarities: scoring needs neither embeddings nor the network.

    Attributes:
        neighbours: Neighbours kept for each item.
        power: Exponent of the cosine. Any two texts of a shop are a little similar; without it, many such pairs
            would outweigh a few that are very similar.
        recency: Exponent of the decay by rank in the history, see ``Recency``; 0 for none.
        half_life_seconds: Age at which an event of the history counts half; None for no decay by time.
    """

    neighbours: int = 300
    power: float = 4.0
    recency: float = 0.5
    half_life_seconds: float | None = None

    name: ClassVar[str] = "sentences"

    def fit(self, training: Training) -> Self:
        """Compute the similarity of all pairs of items with a text; without embeddings all are 0."""
        if training.embeddings is None:
            logger.warning("Without SHOP_TRAINING_SENTENCES the model sentences scores every item 0")
            self._similarity = empty_matrix(training.n_items, training.n_items)
            return self
        embeddings = training.embeddings

        def similarity(items: NDArray[np.int32]) -> NDArray[np.float32]:
            return np.asarray(np.maximum(embeddings[items] @ embeddings.T, 0) ** np.float32(self.power))

        self._similarity = nearest_items(similarity, training.n_items, self.neighbours).matrix()
        return self
