"""What models that know how alike two items are have in common, however they came to know it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from recommender.models.base import Arrays, Histories, parameters_of
from recommender.models.recency import Recency
from recommender.models.sparse_matrices import as_arrays, dense, from_arrays


class Alike:
    """Items like those of the history, the newer ones counting more. Its fitted state is the likenesses that it keeps.

    A subclass is a dataclass with these fields, whose ``fit`` sets ``_likeness``.

    Attributes:
        recency: Exponent of the place of an event, counted back from the newest.
        half_life_seconds: Age at which an event of the history says half.
    """

    recency: float
    half_life_seconds: float | None
    _likeness: sparse.csr_matrix

    @property
    def parameters(self) -> Mapping[str, Any]:
        """What it was made with."""
        return parameters_of(self)

    def score(self, histories: Histories) -> NDArray[np.float32]:
        """Likeness to the items of each history added up, the newer ones counting more."""
        weights = Recency(self.recency, self.half_life_seconds).weights(histories)
        return dense(histories.matrix(self._likeness.shape[0], weights) @ self._likeness)

    def similar(self, items: NDArray[np.int32]) -> NDArray[np.float32]:
        """Likeness of every item to each of ``items``."""
        return dense(self._likeness[items])

    def arrays(self) -> Arrays:
        """The likenesses kept, (n_items, n_items) sparse."""
        return as_arrays("likeness", self._likeness)

    def restore(self, arrays: Arrays) -> Self:
        """Take over likenesses."""
        self._likeness = from_arrays("likeness", arrays)
        return self
