"""Test cases with one right item: the history of a user, and the item to predict."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from recommender.evaluation.metrics import ranks_of
from recommender.models.base import Histories, Model, Training
from recommender.models.blend_weights import Examples

SCORES_AT_ONCE: Final = 8_000_000
"""Scores in memory at a time: 32 MB of float32."""


@dataclass(frozen=True, slots=True)
class Cases:
    """Cases where one item is right.

    Attributes:
        histories: The history of each case.
        targets: The right item, (n,) int64.
        candidates: The items that are ranked, the target among them, (n, n_candidates) int64; None for all.
        with_seen: Whether items of the history are ranked, too.
    """

    histories: Histories
    targets: NDArray[np.int64]
    candidates: NDArray[np.int64] | None = None
    with_seen: bool = False

    def __len__(self) -> int:
        return len(self.targets)

    def ranks(self, model: Model, n_items: int) -> NDArray[np.int64]:
        """Ranks of the targets by a fitted model, (n,) int64 from 0."""
        parts = [part.ranks_within(model.score(part.histories)) for part in self.parts(n_items)]
        return np.concatenate(parts) if parts else np.zeros(0, np.int64)

    def parts(self, n_items: int) -> Iterator[Cases]:
        """The cases in batches of at most SCORES_AT_ONCE scores."""
        size = max(1, SCORES_AT_ONCE // max(n_items, 1))
        for first in range(0, len(self), size):
            yield self.take(np.arange(first, min(first + size, len(self))))

    def take(self, rows: NDArray[np.int64]) -> Cases:
        """The cases with these indices."""
        return Cases(
            self.histories.take(rows),
            self.targets[rows],
            None if self.candidates is None else self.candidates[rows],
            self.with_seen,
        )

    def examples(self, training: Training) -> Examples:
        """The same cases, to learn the weights of a blend from."""
        shape, ones = (len(self), training.n_items), np.ones(len(self), np.float32)
        right = sparse.csr_matrix((ones, (np.arange(len(self)), self.targets)), shape=shape)
        return Examples(self.histories, right, self.with_seen)

    def sample(self, n: int, rng: np.random.Generator) -> Cases:
        """``n`` of the cases, drawn at random, in their order; all where there are no more."""
        if n >= len(self):
            return self
        return self.take(np.sort(rng.permutation(len(self))[:n]))

    def ranks_within(self, scores: NDArray[np.float32]) -> NDArray[np.int64]:
        """Ranks of the targets by scores of all items, (n, n_items); the scores are changed."""
        if not self.with_seen:
            hide_seen(scores, self.histories, self.targets)
        if self.candidates is None:
            return ranks_of(scores, self.targets)
        among = np.take_along_axis(scores, self.candidates, axis=1)
        own = scores[np.arange(len(self)), self.targets]
        return np.asarray((among >= own[:, None]).sum(axis=1) - 1, np.int64)


@dataclass(frozen=True, slots=True)
class Split:
    """A training part, and cases from the events after it."""

    training: Training
    cases: Cases

    def ranks(self, model: Model) -> NDArray[np.int64]:
        """Ranks of the targets of the cases by a fitted model."""
        return self.cases.ranks(model, self.training.n_items)


def hide_seen(scores: NDArray[np.float32], histories: Histories, targets: NDArray[np.int64]) -> None:
    """Set the scores of the items of each history to minus infinity, in place, but not that of its target."""
    rows = histories.owners
    seen = histories.items != targets[rows]
    scores[rows[seen], histories.items[seen]] = -np.inf


def leave_last_out(histories: Histories) -> tuple[Histories, NDArray[np.int64]]:
    """Each history without its newest item, and those items, (n,) int64. Every history has two events or more."""
    newest = histories.reverse_positions == 0
    return histories.where(~newest), histories.items[newest].astype(np.int64)
