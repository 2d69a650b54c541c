"""A blend (ensemble) of models: a product of experts with an ensemble weight for each.

The score that a model gives an item is divided by its best score for that history, which gives a share. The weighted
sum of the shares and of their logarithms over the models is the log odds of the item (Hinton 2002; the conditional
logit of McFadden 1974). So an item must be likely by all models that know something. Weights may be negative: past
popularity counts against an item that is not popular any more.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final, Self

import numpy as np
from numpy.typing import NDArray

from recommender.models.base import Arrays, Histories, Model, Training

LEAST_SHARE: Final = 1e-4
"""The logarithm treats shares below it like 0."""

CACHED_SCORES: Final = 65_536
"""Scores of which a processor's cache holds a few copies."""


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
        for model in self.models:
            model.fit(training)
        return self

    def score(self, histories: Histories) -> NDArray[np.float32]:
        """Odds of each item relative to the best one, over 0 up to 1; all 0 for an empty history."""
        odds = np.zeros((1, 1), np.float32)
        for model, weight in zip(self.models, self.weights, strict=True):
            odds = _added(odds, model.score(histories), weight)
        np.exp(odds - odds.max(axis=1, keepdims=True, initial=-np.inf), out=odds)
        odds[histories.lengths == 0] = 0
        return odds

    def arrays(self) -> Arrays:
        """The states of the members; names begin with the index of the member."""
        return {
            f"{index}.{name}": array
            for index, model in enumerate(self.models)
            for name, array in model.arrays().items()
        }

    def restore(self, arrays: Arrays) -> Self:
        """Restore the fitted state."""
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


def _added(odds: NDArray[np.float32], scores: NDArray[np.float32], weight: EnsembleWeight) -> NDArray[np.float32]:
    """``odds`` plus the weighted shares of ``scores``, in its memory; a few rows at a time, for the cache."""
    odds = np.broadcast_to(odds, scores.shape)
    rows = max(1, CACHED_SCORES // max(scores.shape[1], 1))
    for first in range(0, len(scores), rows):
        row_shares = shares(scores[first : first + rows])
        logs = log_shares(row_shares)
        logs *= np.float32(weight.log_share)
        row_shares *= np.float32(weight.share)
        row_shares += logs
        row_shares += odds[first : first + rows]
    return scores


def _with_prefix(prefix: str, arrays: Arrays) -> Iterator[tuple[str, NDArray[Any]]]:
    return ((name.removeprefix(prefix), array) for name, array in arrays.items() if name.startswith(prefix))
