"""Sequential rules: what came after an item in a history, the sooner the more (Ludewig and Jannach 2018, SR)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from recommender.models.base import Arrays, Histories, Training, parameters_of
from recommender.models.recency import Recency
from recommender.models.sparse_matrices import (
    as_arrays,
    dense,
    from_arrays,
    row_indices,
    strongest,
    transposed,
    with_values,
)


@dataclass(slots=True)
class SequentialRules:
    """Scores items that came after those of the history; a pair counts less the farther apart its events are.

    Attributes:
        distance: The farthest that two events of a history may be apart to be a pair.
        distance_power: A pair counts ``distance ** -distance_power``.
        backward: What a pair counts for the other direction: 0 for nothing, 1 for as much.
        from_power: Exponent of the weight of the earlier item by which a rule is divided.
        to_power: The same of the later item: lowers popular items.
        recency: Exponent of the decay by rank in the history, see ``Recency``; 0 for none.
        half_life_seconds: Age at which an event of the history counts half; None for no decay by time.
        rules: Rules kept for each item.
    """

    distance: int = 10
    distance_power: float = 1.0
    backward: float = 0.0
    from_power: float = 0.3
    to_power: float = 0.1
    recency: float = 1.0
    half_life_seconds: float | None = None
    rules: int = 500
    _rules: sparse.csr_matrix = field(init=False, repr=False)

    name: ClassVar[str] = "sequential_rules"

    @property
    def parameters(self) -> Mapping[str, Any]:
        """Its hyperparameters."""
        return parameters_of(self)

    def fit(self, training: Training) -> Self:
        """Count the pairs."""
        pairs = _pairs(training.histories, training.n_items, self.distance, self.distance_power)
        if self.backward:
            pairs = pairs + self.backward * transposed(pairs)
        counts = np.bincount(training.histories.items, training.histories.weights, training.n_items)
        counts = np.maximum(counts, np.finfo(np.float32).tiny)
        rows = row_indices(pairs)
        values = pairs.data * counts[rows] ** -self.from_power * counts[pairs.indices] ** -self.to_power
        values[rows == pairs.indices] = 0
        self._rules = strongest(with_values(pairs, values), self.rules)
        return self

    def score(self, histories: Histories) -> NDArray[np.float32]:
        """Sum of the rules that begin at the items of each history, the newer ones counting more."""
        return dense(self.sparse_score(histories))

    def sparse_score(self, histories: Histories) -> sparse.csr_matrix:
        """The scores of the items to which a rule leads at all."""
        weights = Recency(self.recency, self.half_life_seconds).weights(histories)
        scores: sparse.csr_matrix = histories.matrix(self._rules.shape[0], weights) @ self._rules
        return scores

    def similar(self, items: NDArray[np.int32]) -> NDArray[np.float32]:
        """Strength of the rule from each of ``items`` to every item."""
        return dense(self._rules[items])

    def arrays(self) -> Arrays:
        """The rules kept, (n_items, n_items) sparse."""
        return as_arrays("rules", self._rules)

    def restore(self, arrays: Arrays) -> Self:
        """Restore the fitted state."""
        self._rules = from_arrays("rules", arrays)
        return self


def _pairs(histories: Histories, n_items: int, distance: int, power: float) -> sparse.csr_matrix:
    """Earlier by later item, (n_items, n_items) float64: the decayed weights of the later events."""
    owners = histories.owners
    rows, columns, values = [], [], []
    for apart in range(1, distance + 1):
        earlier = np.flatnonzero(owners[:-apart] == owners[apart:])
        rows.append(histories.items[earlier])
        columns.append(histories.items[earlier + apart])
        values.append(histories.weights[earlier + apart] * float(apart) ** -power)
    pairs = (np.concatenate(values).astype(np.float64), (np.concatenate(rows), np.concatenate(columns)))
    return sparse.csr_matrix(pairs, shape=(n_items, n_items))
