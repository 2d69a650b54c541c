"""What models of item-item similarity have in common, however the similarities are computed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from recommender.models.base import Arrays, Histories, parameters_of
from recommender.models.recency import Recency
from recommender.models.sparse_matrices import as_arrays, dense, from_arrays


class ItemSimilarity:
    """Scores items by their similarity to those of the history, the newer ones counting more.

    A subclass is a dataclass with these fields, whose ``fit`` sets ``_similarity``, the fitted state.

    Attributes:
        recency: Exponent of the decay by rank in the history, see ``Recency``; 0 for none.
        half_life_seconds: Age at which an event of the history counts half; None for no decay by time.
    """

    recency: float
    half_life_seconds: float | None
    _similarity: sparse.csr_matrix

    @property
    def parameters(self) -> Mapping[str, Any]:
        """Its hyperparameters."""
        return parameters_of(self)

    def score(self, histories: Histories) -> NDArray[np.float32]:
        """Sum of the similarities to the items of each history, the newer ones counting more."""
        return dense(self.sparse_score(histories))

    def sparse_score(self, histories: Histories) -> sparse.csr_matrix:
        """The scores of the items that are similar to one of the history at all."""
        weights = Recency(self.recency, self.half_life_seconds).weights(histories)
        scores: sparse.csr_matrix = histories.matrix(self._similarity.shape[0], weights) @ self._similarity
        return scores

    def similar(self, items: NDArray[np.int32]) -> NDArray[np.float32]:
        """Similarity of every item to each of ``items``."""
        return dense(self._similarity[items])

    def arrays(self) -> Arrays:
        """The similarity matrix, (n_items, n_items) sparse."""
        return as_arrays("similarity", self._similarity)

    def restore(self, arrays: Arrays) -> Self:
        """Restore the fitted state."""
        self._similarity = from_arrays("similarity", arrays)
        return self
