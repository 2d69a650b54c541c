"""Learning the weights of a blend: softmax cross-entropy over candidate items of cases with known answers.

The candidates of a case are the best items of each model. A right item that is not among them is ignored: weights that
lift it over everything the models prefer would be worse for all other cases.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.optimize import minimize

from recommender.models.base import Histories, Model
from recommender.models.blend import EnsembleWeight, log_shares, shares
from recommender.neighbours import NONE, top_items

BEST_OF_EACH: Final = 50
"""Candidates taken from each model."""

L2_PENALTY: Final = 1.0
"""Regularization: cost of a squared weight, in nats over all cases."""

SCORES_AT_ONCE: Final = 4_000_000
"""Scores of one model in memory at a time."""


@dataclass(frozen=True, slots=True)
class Examples:
    """Cases with known answers.

    Attributes:
        histories: The history of each case.
        right: The right items of each, one or more, (n, n_items) sparse.
        with_seen: Whether items of the history may be recommended.
        hidden: Other items that may not be recommended, (n, n_items) sparse; None for none.
    """

    histories: Histories
    right: sparse.csr_matrix
    with_seen: bool
    hidden: sparse.csr_matrix | None = None

    def parts(self) -> Iterator[Examples]:
        """The cases in batches of at most SCORES_AT_ONCE scores."""
        size = max(1, SCORES_AT_ONCE // max(self.right.shape[1], 1))
        for first in range(0, len(self.histories), size):
            part = slice(first, first + size)
            hidden = None if self.hidden is None else self.hidden[part]
            yield Examples(self.histories.slice(first, first + size), self.right[part], self.with_seen, hidden)

    def allowed(self) -> NDArray[np.bool_]:
        """Which items may be recommended in each case, (n, n_items) bool; right ones always may."""
        mask = np.ones(self.right.shape, bool)
        if not self.with_seen:
            mask[self.histories.owners, self.histories.items] = False
        if self.hidden is not None:
            mask[self.hidden.nonzero()] = False
        mask[self.right.nonzero()] = True
        return mask


@dataclass(frozen=True, slots=True)
class Candidates:
    """Candidate items of all cases, case after case.

    Attributes:
        features: Share and log share by each model, (n_candidates, 2 n_models) float32.
        right: 1 divided by the number of right candidates of the case for a right one, else 0, (n_candidates,) float32.
        firsts: Where each case begins, (n_cases,) int64.
    """

    features: NDArray[np.float32]
    right: NDArray[np.float32]
    firsts: NDArray[np.int64]

    def loss(self, weights: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        """Mean cross-entropy of the cases with the penalty, and its gradient."""
        lengths = np.diff(self.firsts, append=len(self.right))
        odds = (self.features @ weights.astype(np.float32)).astype(np.float64)
        best = np.maximum.reduceat(odds, self.firsts)
        exponentials = np.exp(odds - np.repeat(best, lengths))
        sums = np.add.reduceat(exponentials, self.firsts)
        errors = (exponentials / np.repeat(sums, lengths) - self.right).astype(np.float32)
        entropy = (np.log(sums) + best).sum() - (odds * self.right).sum()
        gradient = self.features.T @ errors + 2 * L2_PENALTY * weights
        return float(entropy + L2_PENALTY * weights @ weights) / len(lengths), gradient / len(lengths)


def learn_ensemble_weights(models: Sequence[Model], examples: Examples) -> list[EnsembleWeight]:
    """The ensemble weights of fitted models; equal weights of the logarithms where no case has a right candidate."""
    candidates = candidates_of(models, examples)
    start = np.tile([0.0, 1.0], len(models))
    if not len(candidates.firsts):
        return _ensemble_weights(start)
    return _ensemble_weights(minimize(candidates.loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 200}).x)


def candidates_of(models: Sequence[Model], examples: Examples) -> Candidates:
    """The candidates of all cases; a case without a right candidate has none."""
    if not len(examples.histories):
        return Candidates(np.zeros((0, 2 * len(models)), np.float32), np.zeros(0, np.float32), np.zeros(0, np.int64))
    parts = [_candidates(models, part) for part in examples.parts()]
    starts = np.cumsum([0, *(len(part.right) for part in parts[:-1])])
    return Candidates(
        np.concatenate([part.features for part in parts]),
        np.concatenate([part.right for part in parts]),
        np.concatenate([start + part.firsts for start, part in zip(starts, parts, strict=True)]),
    )


def _candidates(models: Sequence[Model], examples: Examples) -> Candidates:
    allowed = examples.allowed()
    scores = [model.score(examples.histories) for model in models]
    chosen = np.zeros(allowed.shape, bool)
    for of_model in scores:
        best, _ = top_items(np.where(allowed, of_model, -np.inf), BEST_OF_EACH)
        rows, ranks = np.nonzero(best != NONE)
        chosen[rows, best[rows, ranks]] = True
    answers = np.zeros(allowed.shape, np.float32)
    answers[examples.right.nonzero()] = 1
    answers *= chosen
    chosen[~answers.any(axis=1)] = False
    rows, items = chosen.nonzero()
    features = [shares(of_model)[rows, items] for of_model in scores]
    answers /= np.maximum(answers.sum(axis=1, keepdims=True), 1)
    return Candidates(
        np.stack([column for share in features for column in (share, log_shares(share))], axis=1),
        answers[rows, items],
        np.flatnonzero(np.diff(rows, prepend=-1)),
    )


def _ensemble_weights(weights: NDArray[np.float64]) -> list[EnsembleWeight]:
    return [
        EnsembleWeight(float(f"{share:.4g}"), float(f"{log_share:.4g}")) for share, log_share in weights.reshape(-1, 2)
    ]
