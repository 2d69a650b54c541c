"""Item-kNN: items chosen by the same users are similar (Sarwar et al. 2001; BM25 weights as in ``implicit``)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final, Literal, Self

import numpy as np
from scipy import sparse

from recommender.models.base import Training
from recommender.models.item_similarity import ItemSimilarity
from recommender.models.sparse_matrices import product_of_strongest, row_indices, transposed, with_values

BM25_K1: Final = 1.2
BM25_B: Final = 0.75


@dataclass
class ItemKnn(ItemSimilarity):
    """Scores items by their similarity to those of the history, the newer ones counting more.

    Attributes:
        neighbours: Neighbours kept for each item.
        weighting: ``cosine``, or ``bm25`` with k1 of 1.2 and b of 0.75.
        shrinkage: Added to the norms of a pair: lowers the similarity of rare items.
        user_power: Exponent of a user's number of items by which that user's weight is divided.
        norm_power: Exponent of an item's norm; 1 is the cosine, less favours popular items.
        recency: Exponent of the decay by rank in the history, see ``Recency``; 0 for none.
        half_life_seconds: Age at which an event of the history counts half; None for no decay by time.
    """

    neighbours: int = 200
    weighting: Literal["cosine", "bm25"] = "cosine"
    shrinkage: float = 0.0
    user_power: float = 0.0
    norm_power: float = 1.0
    recency: float = 0.0
    half_life_seconds: float | None = None

    name: ClassVar[str] = "item_knn"

    def fit(self, training: Training) -> Self:
        """Compute the similarity of all pairs of items that some user has both of."""
        weighted = self._weighted(training.histories.matrix(training.n_items))
        norms = np.sqrt(np.asarray(weighted.multiply(weighted).sum(axis=0)).ravel()) ** self.norm_power

        def over_norms(block: sparse.csr_matrix, first: int) -> sparse.csr_matrix:
            pairs = norms[first + row_indices(block)] * norms[block.indices]
            return with_values(block, block.data / (pairs + self.shrinkage))

        self._similarity = product_of_strongest(transposed(weighted), weighted, self.neighbours, over_norms)
        return self

    def _weighted(self, users_by_items: sparse.csr_matrix) -> sparse.csr_matrix:
        """(n_users, n_items) float64: the weight of each item for each user."""
        matrix = users_by_items.astype(np.float64)
        if self.weighting == "bm25":
            matrix = _bm25(matrix)
        lengths = np.maximum(np.diff(matrix.indptr), 1).astype(np.float64)
        return with_values(matrix, matrix.data * lengths[row_indices(matrix)] ** -self.user_power)


def _bm25(matrix: sparse.csr_matrix) -> sparse.csr_matrix:
    """BM25 with users as documents and items as words: rare items and users of few items weigh more."""
    n_users = matrix.shape[0]
    popularity = np.bincount(matrix.indices, minlength=matrix.shape[1])
    idf = np.log(max(n_users, 1)) - np.log1p(popularity)
    lengths = np.asarray(matrix.sum(axis=1)).ravel()
    mean_length = lengths.mean() if n_users else 0.0
    length_norm = (1 - BM25_B) + BM25_B * lengths / max(mean_length, 1e-12)
    values = (
        matrix.data * (BM25_K1 + 1) / (BM25_K1 * length_norm[row_indices(matrix)] + matrix.data) * idf[matrix.indices]
    )
    return with_values(matrix, np.maximum(values, 0))
