"""Bought together: items in the same basket more often than by chance, by lift and support (Brin et al. 1997)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from recommender.models.base import Arrays, Histories, Training, parameters_of
from recommender.models.sparse_matrices import (
    as_arrays,
    dense,
    from_arrays,
    product_of_strongest,
    row_indices,
    transposed,
    with_values,
)


@dataclass(slots=True)
class BoughtTogether:
    """Scores items by the lift of pairs; each history of the training data is a basket.

    The lift of a pair is its baskets times all baskets, divided by the product of the baskets of each item: how many
    times more often than by chance. It is multiplied by ``support / (support + shrinkage)``, which lowers it for pairs
    in few baskets.

    Attributes:
        least_support: Baskets that must hold a pair.
        shrinkage: Baskets at which a lift is halved.
        neighbours: Pairs kept for each item.
    """

    least_support: int = 2
    shrinkage: float = 3.0
    neighbours: int = 100
    _lift: sparse.csr_matrix = field(init=False, repr=False)

    name: ClassVar[str] = "bought_together"

    @property
    def parameters(self) -> Mapping[str, Any]:
        """Its hyperparameters."""
        return parameters_of(self)

    def fit(self, training: Training) -> Self:
        """Count the baskets of each pair."""
        baskets = training.histories.matrix(training.n_items)
        baskets = with_values(baskets, np.ones(baskets.nnz))
        counts = np.bincount(baskets.indices, minlength=training.n_items).astype(np.float64)

        def lift(support: sparse.csr_matrix, first: int) -> sparse.csr_matrix:
            expected = counts[row_indices(support) + first] * counts[support.indices] / baskets.shape[0]
            lifts = support.data / expected * (support.data / (support.data + self.shrinkage))
            return with_values(support, np.where(support.data >= self.least_support, lifts, 0))

        self._lift = product_of_strongest(transposed(baskets), baskets, self.neighbours, lift)
        return self

    def score(self, histories: Histories) -> NDArray[np.float32]:
        """Sum of the lifts with the items of each history (a basket)."""
        return dense(histories.matrix(self._lift.shape[0]) @ self._lift)

    def similar(self, items: NDArray[np.int32]) -> NDArray[np.float32]:
        """Lift of every item with each of ``items``."""
        return dense(self._lift[items])

    def arrays(self) -> Arrays:
        """The lifts kept, (n_items, n_items) sparse."""
        return as_arrays("lift", self._lift)

    def restore(self, arrays: Arrays) -> Self:
        """Restore the fitted state."""
        self._lift = from_arrays("lift", arrays)
        return self
