"""Content: items with the same rare attributes are alike, sold or not: what brings cold items in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from jobs.training.models.base import Arrays, Histories, Training, parameters_of
from jobs.training.models.neighbours import (
    as_arrays,
    dense,
    from_arrays,
    product_of_strongest,
    row_numbers,
    transposed,
    with_values,
    without_values,
)
from jobs.training.models.recency import Recency


@dataclass(slots=True)
class Content:
    """Items whose attributes are like those of the history's items: cosine of TF-IDF.

    Attributes:
        neighbours: Neighbours kept for each item.
        most_share: Attributes of more than this share of the items say nothing.
        idf_power: Exponent of the inverse document frequency: how much more a rare attribute says.
        recency: Exponent of the place of an event, counted back from the newest.
        half_life_seconds: Age at which an event of the history says half.
    """

    neighbours: int = 300
    most_share: float = 0.1
    idf_power: float = 1.0
    recency: float = 1.0
    half_life_seconds: float | None = None
    _likeness: sparse.csr_matrix = field(init=False, repr=False)

    name: ClassVar[str] = "content"

    @property
    def parameters(self) -> Mapping[str, Any]:
        """What it was made with."""
        return parameters_of(self)

    def fit(self, training: Training) -> Self:
        """Compare all pairs of items that have an attribute in common; without attributes nothing is alike."""
        known = training.features
        if known is None:
            known = without_values(training.n_items, 1)
        weighted = self._tf_idf(known)
        self._likeness = product_of_strongest(weighted, transposed(weighted), self.neighbours)
        return self

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

    def _tf_idf(self, features: sparse.csr_matrix) -> sparse.csr_matrix:
        """(n_items, n_features) float32, each row of length 1 or 0."""
        n_items = features.shape[0]
        share = np.bincount(features.indices, minlength=features.shape[1]) / max(n_items, 1)
        idf = np.where(share > self.most_share, 0, -np.log(np.clip(share, 1 / max(n_items, 1), 1))) ** self.idf_power
        values = features.data * idf[features.indices]
        rows = row_numbers(features)
        lengths = np.sqrt(np.bincount(rows, values**2, n_items))
        values = values / np.where(lengths > 0, lengths, 1)[rows]
        kept = with_values(features, values.astype(np.float32)).copy()
        kept.eliminate_zeros()  # in place: without the copy it would change the features
        return kept
