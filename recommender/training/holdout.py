"""Evaluation of a model on the newest days of the data, and comparison of two models on the same users.

A case is a user with interactions before the cut who bought a product after it, or viewed one in a shop without
purchases. The lists that are evaluated are those of ``rank``: what a person would have seen.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from recommender.evaluation.metrics import gains_of_sets, hit_rate_of_sets
from recommender.interactions import PURCHASE, UserHistories, newest_of_each
from recommender.models.base import Model
from recommender.neighbours import NONE, no_neighbours
from recommender.ranking import Rules, rank_in_batches
from recommender.training.dataset import Dataset, take, where

CASES: Final = 20_000
"""Largest number of users that are evaluated."""

OLD_SHARE: Final = 0.8
"""Least share of the events before the cut, where all events are of a few days."""

RESAMPLES: Final = 1_000
CONFIDENCE: Final = 0.95
DEPTH: Final = 10


@dataclass(frozen=True, slots=True)
class Holdout:
    """A data set cut in two.

    Attributes:
        cut: Seconds since the epoch; events from here on are held out.
        known: The histories of all users before the cut.
        rows: Indices of the users that are evaluated, (n_cases,) int64.
        right: What each of them chose after the cut, (n_cases, n_items) sparse.
        excludes_bought: Whether products that a user bought before the cut neither count as right nor are recommended.
    """

    cut: float
    known: UserHistories
    rows: NDArray[np.int64]
    right: sparse.csr_matrix
    excludes_bought: bool

    @property
    def cases(self) -> UserHistories:
        """The histories of the evaluated users before the cut, as Redis would hold them."""
        return newest_of_each(take(self.known, self.rows))


@dataclass(frozen=True, slots=True)
class IndexedModel:
    """A fitted model, with its index of each item of a data set.

    Attributes:
        model: The model.
        indices: Its index of each item of the data set, NONE for an item that it does not know, (n_items,) int32.
        n_items: Number of items that it knows.
    """

    model: Model
    indices: NDArray[np.int32]
    n_items: int

    @classmethod
    def of_same_items(cls, model: Model, n_items: int) -> IndexedModel:
        """A model with the item indices of the data set."""
        return cls(model, np.arange(n_items, dtype=np.int32), n_items)

    @classmethod
    def of_other_items(cls, model: Model, known: Mapping[str, int], item_ids: Sequence[str]) -> IndexedModel:
        """A model with item indices of its own."""
        return cls(model, np.array([known.get(item_id, NONE) for item_id in item_ids], np.int32), len(known))


@dataclass(frozen=True, slots=True)
class HoldoutResult:
    """Metrics of a model's lists.

    Attributes:
        gains: NDCG@10 of each user, (n_cases,) float64.
        hit_rate: Share of the users with a right product among the first ten.
        coverage: Share of the products that are among somebody's first ten.
    """

    gains: NDArray[np.float64]
    hit_rate: float
    coverage: float

    @property
    def users(self) -> int:
        """Number of users that were evaluated."""
        return len(self.gains)

    @property
    def metrics(self) -> dict[str, float]:
        """The metrics by name, rounded; none where nobody was evaluated: a 0 would say that the lists are bad."""
        if not self.users:
            return {}
        values = {
            f"NDCG@{DEPTH}": float(self.gains.mean()),
            f"HR@{DEPTH}": self.hit_rate,
            f"coverage@{DEPTH}": self.coverage,
        }
        return {name: round(value, 6) for name, value in values.items()}


@dataclass(frozen=True, slots=True)
class Comparison:
    """How much better one model is than another on the same users.

    Attributes:
        difference: Mean difference of NDCG@10.
        low: Lower end of its confidence interval.
        high: Upper end.
    """

    difference: float
    low: float
    high: float

    @property
    def is_worse(self) -> bool:
        """Whether it is significantly worse."""
        return self.high < 0


def cut_at(dataset: Dataset, days: int) -> float:
    """Where to cut: ``days`` before the end, or later where less than OLD_SHARE of the events would be before it.

    Without events it is at 0, the epoch.
    """
    times = dataset.interactions.histories.times
    if not len(times):
        return 0.0
    newest_days = float(times.max()) - timedelta(days=days).total_seconds()
    return max(newest_days, float(np.quantile(times, OLD_SHARE)))


def split(dataset: Dataset, cut: float, rules: Rules) -> Holdout:
    """Split a data set at a cut; products that ``rules`` keep out of a list do not count as right."""
    interactions = dataset.interactions
    before = interactions.histories.times < cut
    known, later = where(interactions, before), where(interactions, ~before)
    bought = later.kinds == PURCHASE
    chosen = where(later, bought) if bought.any() else later
    right = interaction_matrix(chosen, dataset.n_items)
    seen_before = known.kinds == PURCHASE if rules.excludes_bought else np.zeros(len(known.kinds), bool)
    right = right - right.multiply(interaction_matrix(where(known, seen_before), dataset.n_items))
    right.eliminate_zeros()
    evaluated = np.flatnonzero((known.histories.lengths > 0) & (np.diff(right.indptr) > 0))
    rows = evaluated[:: max(1, -(-len(evaluated) // CASES))]
    return Holdout(cut, known, rows, right[rows], rules.excludes_bought)


def evaluate(indexed: IndexedModel, holdout: Holdout, rules: Rules) -> HoldoutResult:
    """Rank items for the held-out users and compare the lists with what they chose.

    Args:
        indexed: The model, fitted on nothing newer than the cut.
        holdout: The users.
        rules: Rules for the lists, of which the first ten products are evaluated.
    """
    if not len(holdout.rows):
        return HoldoutResult(np.zeros(0), 0.0, 0.0)
    cases = _with_indices_of_model(holdout.cases, indexed.indices)
    ranked = _ranked(indexed, cases, Rules(DEPTH, rules.excludes_bought))
    lists = _with_indices_of_dataset(ranked, indexed.indices)
    rows = np.repeat(np.arange(len(lists)), lists.shape[1]).reshape(lists.shape)
    hits = np.asarray(holdout.right[rows.ravel(), np.maximum(lists, 0).ravel()]).reshape(lists.shape) > 0
    hits &= lists != NONE
    gains = gains_of_sets(hits, np.diff(holdout.right.indptr).astype(np.int64), DEPTH)
    coverage = len(np.unique(lists[lists != NONE])) / max(len(indexed.indices), 1)
    return HoldoutResult(gains, hit_rate_of_sets(hits, DEPTH), coverage)


def compare(candidate: HoldoutResult, active: HoldoutResult, seed: int) -> Comparison:
    """The mean difference with a confidence interval, bootstrapped over the users, who are the same in both."""
    differences = candidate.gains - active.gains
    if not len(differences):
        return Comparison(0.0, 0.0, 0.0)
    rng = np.random.default_rng(seed)
    means = [differences[rng.integers(len(differences), size=len(differences))].mean() for _ in range(RESAMPLES)]
    low, high = np.quantile(means, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return Comparison(float(differences.mean()), float(low), float(high))


def interaction_matrix(interactions: UserHistories, n_items: int) -> sparse.csr_matrix:
    """1 for each pair of a user and an item, however often it is there, (n_users, n_items) float32."""
    matrix = interactions.histories.matrix(n_items)
    matrix.data[:] = 1
    return matrix


def _ranked(indexed: IndexedModel, cases: UserHistories, rules: Rules) -> NDArray[np.int32]:
    unavailable = np.zeros(indexed.n_items, bool)
    similar = no_neighbours(indexed.n_items)
    parts = [part.items for part in rank_in_batches(indexed.model, similar, cases, rules, unavailable)]
    return np.concatenate(parts) if parts else np.zeros((0, rules.length), np.int32)


def _with_indices_of_model(cases: UserHistories, indices: NDArray[np.int32]) -> UserHistories:
    """Histories with the model's item indices, without the items that it does not know."""
    known = where(cases, indices[cases.histories.items] != NONE)
    return UserHistories(replace(known.histories, items=indices[known.histories.items]), known.kinds)


def _with_indices_of_dataset(ranked: NDArray[np.int32], indices: NDArray[np.int32]) -> NDArray[np.int32]:
    """Lists with the item indices of the data set."""
    index_of = np.full(max(int(indices.max(initial=NONE)), int(ranked.max(initial=NONE))) + 2, NONE, np.int32)
    index_of[indices] = np.arange(len(indices))
    index_of[NONE] = NONE
    return index_of[ranked]
