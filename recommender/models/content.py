"""Content: items with the same rare attributes are similar; works for cold items, which nobody has bought yet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
from scipy import sparse

from recommender.models.base import Training
from recommender.models.item_similarity import ItemSimilarity
from recommender.models.sparse_matrices import (
    empty_matrix,
    product_of_strongest,
    row_indices,
    transposed,
    with_values,
)


@dataclass
class Content(ItemSimilarity):
    """Scores items by the similarity of their attributes to those of the history's items: cosine of TF-IDF vectors.

    Attributes:
        neighbours: Neighbours kept for each item.
        most_share: Attributes of more than this share of the items are ignored.
        idf_power: Exponent of the inverse document frequency: how much more a rare attribute weighs.
        recency: Exponent of the decay by rank in the history, see ``Recency``; 0 for none.
        half_life_seconds: Age at which an event of the history counts half; None for no decay by time.
    """

    neighbours: int = 300
    most_share: float = 0.1
    idf_power: float = 1.0
    recency: float = 1.0
    half_life_seconds: float | None = None

    name: ClassVar[str] = "content"

    def fit(self, training: Training) -> Self:
        """Compute the similarity of all pairs of items with a common attribute; without attributes all are 0."""
        features = training.features
        if features is None:
            features = empty_matrix(training.n_items, 1)
        weighted = self._tf_idf(features)
        self._similarity = product_of_strongest(weighted, transposed(weighted), self.neighbours)
        return self

    def _tf_idf(self, features: sparse.csr_matrix) -> sparse.csr_matrix:
        """(n_items, n_features) float32, each row of length 1 or 0."""
        n_items = features.shape[0]
        share = np.bincount(features.indices, minlength=features.shape[1]) / max(n_items, 1)
        idf = np.where(share > self.most_share, 0, -np.log(np.clip(share, 1 / max(n_items, 1), 1))) ** self.idf_power
        values = features.data * idf[features.indices]
        rows = row_indices(features)
        lengths = np.sqrt(np.bincount(rows, values**2, n_items))
        values = values / np.where(lengths > 0, lengths, 1)[rows]
        kept = with_values(features, values.astype(np.float32)).copy()
        kept.eliminate_zeros()  # in place: without the copy it would change the features
        return kept
