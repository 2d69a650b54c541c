"""What each model of a blend should count: learnt by softmax cross-entropy over candidates of cases with known answers.

The candidates of a case are the best items of each model. What is right and not among them teaches nothing: it would
have to be lifted over all that the models know, and the weights that do so are worse for the rest.
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
from recommender.models.blend import Say, log_shares, shares
from recommender.neighbours import NONE, top_items

BEST_OF_EACH: Final = 50
"""Candidates that each model brings."""

RIDGE: Final = 1.0
"""What a squared weight costs, in nats over all cases."""

SCORES_AT_ONCE: Final = 4_000_000
"""Scores of one model held at a time."""


@dataclass(frozen=True, slots=True)
class Examples:
    """Cases with known answers.

    Attributes:
        histories: What is known of each.
        right: What is right for each, any number of items, (n, n_items) sparse.
        with_seen: Whether items of the history may be recommended.
        hidden: What else may not be recommended, (n, n_items) sparse; None for nothing.
    """

    histories: Histories
    right: sparse.csr_matrix
    with_seen: bool
    hidden: sparse.csr_matrix | None = None

    def parts(self) -> Iterator[Examples]:
        """The cases, as many at a time as memory is meant for."""
        size = max(1, SCORES_AT_ONCE // max(self.right.shape[1], 1))
        for first in range(0, len(self.histories), size):
            part = slice(first, first + size)
            hidden = None if self.hidden is None else self.hidden[part]
            yield Examples(self.histories.slice(first, first + size), self.right[part], self.with_seen, hidden)

    def allowed(self) -> NDArray[np.bool_]:
        """What may be recommended in each case, (n, n_items); what is right always may."""
        may = np.ones(self.right.shape, bool)
        if not self.with_seen:
            may[self.histories.owners, self.histories.items] = False
        if self.hidden is not None:
            may[self.hidden.nonzero()] = False
        may[self.right.nonzero()] = True
        return may


@dataclass(frozen=True, slots=True)
class Candidates:
    """Items to tell apart, case after case.

    Attributes:
        features: Share and log share by each model, (n_candidates, 2 n_models) float32.
        right: Of each candidate its part of what is right in its case, (n_candidates,) float32; a case's add up to 1.
        firsts: Where each case begins, (n_cases,) int64.
    """

    features: NDArray[np.float32]
    right: NDArray[np.float32]
    firsts: NDArray[np.int64]

    def loss(self, weights: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        """Mean cross-entropy of the cases, with the ridge, and its gradient."""
        lengths = np.diff(self.firsts, append=len(self.right))
        odds = (self.features @ weights.astype(np.float32)).astype(np.float64)
        best = np.maximum.reduceat(odds, self.firsts)
        chances = np.exp(odds - np.repeat(best, lengths))
        sums = np.add.reduceat(chances, self.firsts)
        missed = (chances / np.repeat(sums, lengths) - self.right).astype(np.float32)
        entropy = (np.log(sums) + best).sum() - (odds * self.right).sum()
        gradient = self.features.T @ missed + 2 * RIDGE * weights
        return float(entropy + RIDGE * weights @ weights) / len(lengths), gradient / len(lengths)


def learn_says(models: Sequence[Model], examples: Examples) -> list[Say]:
    """What each of some fitted models should count in a blend; equal logarithms where no case has an answer."""
    candidates = candidates_of(models, examples)
    start = np.tile([0.0, 1.0], len(models))
    if not len(candidates.firsts):
        return _says(start)
    return _says(minimize(candidates.loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 200}).x)


def candidates_of(models: Sequence[Model], examples: Examples) -> Candidates:
    """The candidates of all cases; a case where nothing is right has none."""
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
    for given in scores:
        best, _ = top_items(np.where(allowed, given, -np.inf), BEST_OF_EACH)
        rows, places = np.nonzero(best != NONE)
        chosen[rows, best[rows, places]] = True
    answers = np.zeros(allowed.shape, np.float32)
    answers[examples.right.nonzero()] = 1
    answers *= chosen
    chosen[~answers.any(axis=1)] = False
    rows, items = chosen.nonzero()
    features = [shares(given)[rows, items] for given in scores]
    answers /= np.maximum(answers.sum(axis=1, keepdims=True), 1)
    return Candidates(
        np.stack([column for share in features for column in (share, log_shares(share))], axis=1),
        answers[rows, items],
        np.flatnonzero(np.diff(rows, prepend=-1)),
    )


def _says(weights: NDArray[np.float64]) -> list[Say]:
    return [Say(float(f"{share:.4g}"), float(f"{log_share:.4g}")) for share, log_share in weights.reshape(-1, 2)]
