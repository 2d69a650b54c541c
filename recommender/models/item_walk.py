"""A short random walk over a graph of items, starting at the items of the history.

Two items are linked where they are close together in some history. A link weighs the inverse of their distance, divided
by powers of the strengths of its two ends, as in P3alpha and RP3beta (Cooper et al. 2014; Paudel et al. 2016). A second
step reaches items that no history has together with those of the given one, which helps rare items.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from recommender.models.base import Arrays, Histories, Training, parameters_of
from recommender.models.sparse_matrices import as_arrays, dense, from_arrays, strongest


@dataclass(slots=True)
class ItemWalk:
    """Scores items by the weight with which a walk from the history reaches them.

    Attributes:
        steps: Length of the walk in links.
        reach: Largest distance of two events of a history that are linked.
        start_power: Exponent of the strength of a link's start by which the link is divided.
        end_power: The same of its end; less favours popular items.
        click_decay: Weight of an event of the history relative to the next newer one, over 0 up to 1.
        half_life_seconds: Age at which a link counts half, from the newest event of all; None for no decay.
        neighbours: Links kept of each item.
        kept: Items from which the walk goes on, after each step.
    """

    steps: int = 2
    reach: int = 10
    start_power: float = 0.5
    end_power: float = 0.5
    click_decay: float = 0.6
    half_life_seconds: float | None = None
    neighbours: int = 500
    kept: int = 100
    _links: sparse.csr_matrix = field(init=False, repr=False)

    name: ClassVar[str] = "item_walk"

    @property
    def parameters(self) -> Mapping[str, Any]:
        """Its hyperparameters."""
        return parameters_of(self)

    def fit(self, training: Training) -> Self:
        """Compute the links."""
        following = sum_of_gaps(training, self.reach, self._counts(training.histories))
        both = (following + following.T).tocsr()
        strength = np.maximum(np.asarray(both.sum(axis=1)).ravel(), np.finfo(np.float32).tiny)
        starts, ends = sparse.diags(strength**-self.start_power), sparse.diags(strength**-self.end_power)
        self._links = strongest((starts @ both @ ends).tocsr(), self.neighbours)
        return self

    def score(self, histories: Histories) -> NDArray[np.float32]:
        """Weight with which the walk reaches each item."""
        counts = (histories.weights * self.click_decay**histories.reverse_positions).astype(np.float32)
        weights = histories.matrix(self._links.shape[0], counts) @ self._links
        for _ in range(self.steps - 1):
            weights = strongest(weights, self.kept) @ self._links
        return dense(weights)

    def similar(self, items: NDArray[np.int32]) -> NDArray[np.float32]:
        """Weight with which a walk from each of ``items`` reaches every item."""
        return self.score(Histories.of(items[:, None].tolist()))

    def arrays(self) -> Arrays:
        """The links, (n_items, n_items) sparse."""
        return as_arrays("links", self._links)

    def restore(self, arrays: Arrays) -> Self:
        """Restore the fitted state."""
        self._links = from_arrays("links", arrays)
        return self

    def _counts(self, histories: Histories) -> NDArray[np.float32]:
        """Weight of each event as the later end of a link."""
        if self.half_life_seconds is None:
            return histories.weights
        ages = histories.times.max(initial=0.0) - histories.times
        return np.asarray(histories.weights * 0.5 ** (ages / self.half_life_seconds), np.float32)


def sum_of_gaps(training: Training, reach: int, counts: NDArray[np.float32]) -> sparse.csr_matrix:
    """How often each item is followed by each other one; a pair of events ``gap`` apart counts ``1 / gap``.

    Args:
        training: The histories.
        reach: The largest gap.
        counts: Weight of a pair by its later event, (n_events,) float32.
    """
    items, owners = training.histories.items, training.histories.owners
    gaps = range(1, reach + 1)
    starts = [np.flatnonzero(owners[:-gap] == owners[gap:]) for gap in gaps]
    earlier = np.concatenate(starts)
    later = earlier + np.repeat(gaps, [len(events) for events in starts])
    apart = items[earlier] != items[later]
    earlier, later = earlier[apart], later[apart]
    values = (counts[later] / (later - earlier)).astype(np.float32)
    return sparse.csr_matrix((values, (items[earlier], items[later])), shape=(training.n_items, training.n_items))
