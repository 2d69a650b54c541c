"""A blend of models: a product of experts, each with a say that was learnt.

A model's score of an item counts as its share of the model's best score for that history, once as it is and once by its
logarithm. The sum over the models, weighed, is the log odds of the item (Hinton 2002; the conditional logit of McFadden
1974). So an item must be likely by all models that know something, and a weight below 0 has a sense: what is popular of
old counts against an item that is no longer popular of late.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final, Self

import numpy as np
from numpy.typing import NDArray

from recommender.models.base import Arrays, Histories, Model, Training

LEAST_SHARE: Final = 1e-4
"""A share this small or smaller counts as none, by the logarithm."""

CACHED_SCORES: Final = 65_536
"""Scores that a processor's cache holds a few copies of."""


@dataclass(frozen=True, slots=True)
class Say:
    """What a model counts in a blend.

    Attributes:
        share: Weight of its shares.
        log_share: Weight of their logarithms, brought to 0 for no share and 1 for the best.
    """

    share: float
    log_share: float


@dataclass(slots=True)
class Blend:
    """Several models as one.

    Attributes:
        models: Its members.
        says: What each counts.
    """

    models: Sequence[Model]
    says: Sequence[Say]

    name: ClassVar[str] = "blend"

    @property
    def parameters(self) -> Mapping[str, Any]:
        """Its members as the registry makes them again, with their says."""
        members = [
            {
                "name": model.name,
                "parameters": dict(model.parameters),
                "share": say.share,
                "log_share": say.log_share,
            }
            for model, say in zip(self.models, self.says, strict=True)
        ]
        return {"members": members}

    def fit(self, training: Training) -> Self:
        """Fit the members; what they count is given."""
        for model in self.models:
            model.fit(training)
        return self

    def score(self, histories: Histories) -> NDArray[np.float32]:
        """Odds of each item against the best one, over 0 up to 1; all 0 for an empty history."""
        odds = np.zeros((1, 1), np.float32)
        for model, say in zip(self.models, self.says, strict=True):
            odds = _added(odds, model.score(histories), say)
        np.exp(odds - odds.max(axis=1, keepdims=True, initial=-np.inf), out=odds)
        odds[histories.lengths == 0] = 0
        return odds

    def arrays(self) -> Arrays:
        """The states of the members, their names behind the place of each."""
        return {
            f"{place}.{name}": array
            for place, model in enumerate(self.models)
            for name, array in model.arrays().items()
        }

    def restore(self, arrays: Arrays) -> Self:
        """Take over the states of the members."""
        for place, model in enumerate(self.models):
            model.restore(dict(_under(f"{place}.", arrays)))
        return self


def shares(scores: NDArray[np.float32]) -> NDArray[np.float32]:
    """Scores divided by the largest of their row, -1 to 1; a row without one stays 0; in place, (n, m) float32."""
    best = np.maximum(scores.max(axis=1, keepdims=True, initial=0), -scores.min(axis=1, keepdims=True, initial=0))
    scores *= 1 / np.where(best > 0, best, 1)
    return scores


def log_shares(given: NDArray[np.float32]) -> NDArray[np.float32]:
    """Logarithms of shares: 0 for none, about 1 for the best, float32."""
    raised = np.maximum(given, 0)
    raised *= np.float32(1 / LEAST_SHARE)
    raised += np.float32(1)
    np.log(raised, out=raised)
    raised *= np.float32(-1 / np.log(LEAST_SHARE))
    return raised


def _added(odds: NDArray[np.float32], scores: NDArray[np.float32], say: Say) -> NDArray[np.float32]:
    """``odds`` and what ``scores`` say, in the memory of ``scores``; by so few rows at a time as a cache holds."""
    odds = np.broadcast_to(odds, scores.shape)
    rows = max(1, CACHED_SCORES // max(scores.shape[1], 1))
    for first in range(0, len(scores), rows):
        given = shares(scores[first : first + rows])
        logs = log_shares(given)
        logs *= np.float32(say.log_share)
        given *= np.float32(say.share)
        given += logs
        given += odds[first : first + rows]
    return scores


def _under(prefix: str, arrays: Arrays) -> Iterator[tuple[str, NDArray[Any]]]:
    return ((name.removeprefix(prefix), array) for name, array in arrays.items() if name.startswith(prefix))
