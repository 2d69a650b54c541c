"""A blend (ensemble) of models: a product of experts with an ensemble weight for each.

The score that a model gives an item is divided by its best score for that history, which gives a share. The weighted
sum of the shares and of their logarithms over the models is the log odds of the item (Hinton 2002; the conditional
logit of McFadden 1974). So an item must be likely by all models that know something. Weights may be negative: past
popularity counts against an item that is not popular any more.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final, Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from recommender.models.base import Arrays, Histories, Model, SparseModel, Training
from recommender.models.popularity import Popularity
from recommender.models.sparse_matrices import dense, row_indices

LEAST_SHARE: Final = 1e-4
"""The logarithm treats shares below it like 0."""

CACHED_SCORES: Final = 65_536
"""Scores of which a processor's cache holds a few copies."""

MOST_DENSITY: Final = 0.15
"""Share of scores that are not 0 up to which it is cheaper to look at them alone."""


@dataclass(frozen=True, slots=True)
class EnsembleWeight:
    """Ensemble weight of one model.

    Attributes:
        share: Weight of the model's shares.
        log_share: Weight of their logarithms, which are scaled to 0 for no share and 1 for the best.
    """

    share: float
    log_share: float


@dataclass(slots=True)
class Blend:
    """An ensemble of models.

    Attributes:
        models: Its members.
        weights: The weight of each.
    """

    models: Sequence[Model]
    weights: Sequence[EnsembleWeight]
    _constant: dict[int, NDArray[np.float32]] = field(default_factory=dict, init=False, repr=False, compare=False)
    """Weighted shares of each member whose scores are the same for every history, by its index, (1, n_items)."""

    name: ClassVar[str] = "blend"

    @property
    def parameters(self) -> Mapping[str, Any]:
        """Its members with their weights, as the registry makes them again."""
        members = [
            {
                "name": model.name,
                "parameters": dict(model.parameters),
                "share": weight.share,
                "log_share": weight.log_share,
            }
            for model, weight in zip(self.models, self.weights, strict=True)
        ]
        return {"members": members}

    def fit(self, training: Training) -> Self:
        """Fit the members; their weights stay as they are."""
        self._constant.clear()
        for model in self.models:
            model.fit(training)
        return self

    def score(self, histories: Histories) -> NDArray[np.float32]:
        """Odds of each item relative to the best one, over 0 up to 1; all 0 for an empty history."""
        odds = np.zeros((1, 1), np.float32)
        for index, (model, weight) in enumerate(zip(self.models, self.weights, strict=True)):
            if isinstance(model, Popularity):
                odds = odds + self._of_all_histories(index, model, weight)
            else:
                odds = _odds_with(odds, model, histories, weight)
        odds = _one_for_each(odds, (len(histories), odds.shape[1]))
        for first in range(0, len(odds), _rows_at_once(odds)):
            some = odds[first : first + _rows_at_once(odds)]
            some -= some.max(axis=1, keepdims=True, initial=-np.inf)
            np.exp(some, out=some)
        odds[histories.lengths == 0] = 0
        return odds

    def _of_all_histories(self, index: int, model: Popularity, weight: EnsembleWeight) -> NDArray[np.float32]:
        if index not in self._constant:
            self._constant[index] = _weighted(model.score(Histories.of([()])), weight)
        return self._constant[index]

    def arrays(self) -> Arrays:
        """The states of the members; names begin with the index of the member."""
        return {
            f"{index}.{name}": array
            for index, model in enumerate(self.models)
            for name, array in model.arrays().items()
        }

    def restore(self, arrays: Arrays) -> Self:
        """Restore the fitted state."""
        self._constant.clear()
        for index, model in enumerate(self.models):
            model.restore(dict(_with_prefix(f"{index}.", arrays)))
        return self


def shares(scores: NDArray[np.float32]) -> NDArray[np.float32]:
    """Divide scores (n, m) by the largest absolute value of their row, in place: -1 to 1; a row of 0 stays 0."""
    best = np.maximum(scores.max(axis=1, keepdims=True, initial=0), -scores.min(axis=1, keepdims=True, initial=0))
    scores *= 1 / np.where(best > 0, best, 1)
    return scores


def log_shares(row_shares: NDArray[np.float32]) -> NDArray[np.float32]:
    """Scaled logarithms of shares: 0 for no share, about 1 for the best, float32."""
    logs = np.maximum(row_shares, 0)
    logs *= np.float32(1 / LEAST_SHARE)
    logs += np.float32(1)
    np.log(logs, out=logs)
    logs *= np.float32(-1 / np.log(LEAST_SHARE))
    return logs


def _odds_with(
    odds: NDArray[np.float32], model: Model, histories: Histories, weight: EnsembleWeight
) -> NDArray[np.float32]:
    """``odds``, one row for each history or one for all, plus the weighted shares of a model; perhaps in new memory.

    However a model gives its scores, each sum is that of the same numbers in the same order, to the last bit.
    """
    if isinstance(model, SparseModel):
        scores = model.sparse_score(histories)
        if scores.nnz <= MOST_DENSITY * scores.shape[0] * scores.shape[1]:
            return _with_sparse(odds, scores, weight)
        return _with_dense(odds, dense(scores), weight)
    return _with_dense(odds, model.score(histories), weight)


def _weighted(scores: NDArray[np.float32], weight: EnsembleWeight) -> NDArray[np.float32]:
    """The weighted shares of scores (n, m), in their memory."""
    return _weighted_shares(shares(scores), weight)


def _weighted_shares(row_shares: NDArray[np.float32], weight: EnsembleWeight) -> NDArray[np.float32]:
    logs = log_shares(row_shares)
    logs *= np.float32(weight.log_share)
    row_shares *= np.float32(weight.share)
    row_shares += logs
    return row_shares


def _with_dense(odds: NDArray[np.float32], scores: NDArray[np.float32], weight: EnsembleWeight) -> NDArray[np.float32]:
    """``odds`` plus the weighted shares of ``scores``, in its memory; a few rows at a time, for the cache."""
    odds = np.broadcast_to(odds, scores.shape)
    rows = _rows_at_once(scores)
    for first in range(0, len(scores), rows):
        some = _weighted(scores[first : first + rows], weight)
        some += odds[first : first + rows]
    return scores


def _with_sparse(odds: NDArray[np.float32], scores: sparse.csr_matrix, weight: EnsembleWeight) -> NDArray[np.float32]:
    """``odds`` plus the weighted shares of ``scores``: those of a score of 0 are 0."""
    odds = _one_for_each(odds, scores.shape)
    rows = row_indices(scores)
    best = np.zeros(scores.shape[0], np.float32)
    filled = np.flatnonzero(np.diff(scores.indptr))
    if len(filled):
        best[filled] = np.maximum.reduceat(np.abs(scores.data), scores.indptr[filled])
    row_shares = scores.data * (1 / np.where(best > 0, best, 1))[rows]
    odds.reshape(-1)[rows * scores.shape[1] + scores.indices] += _weighted_shares(row_shares, weight)
    return odds


def _one_for_each(odds: NDArray[np.float32], shape: tuple[int, int]) -> NDArray[np.float32]:
    """A row of odds for each history, (n, n_items), which may be changed."""
    return odds if odds.shape == shape else np.array(np.broadcast_to(odds, shape), order="C")


def _rows_at_once(scores: NDArray[np.float32]) -> int:
    return max(1, CACHED_SCORES // max(int(scores.shape[1]), 1))


def _with_prefix(prefix: str, arrays: Arrays) -> Iterator[tuple[str, NDArray[Any]]]:
    return ((name.removeprefix(prefix), array) for name, array in arrays.items() if name.startswith(prefix))
