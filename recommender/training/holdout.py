"""Judging a model on the newest days of the data, and two models against each other on the same users.

A case is a user who did something before the cut and something right after it: bought a product, or, in a shop that
tells of no purchases, looked at one. The lists that are judged are those of ``rank``: what a person would have seen.
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
"""Users that are judged at the most."""

OLD_SHARE: Final = 0.8
"""Of the events, when they are all of a few days: so many are learnt from at least, the rest judge."""

RESAMPLES: Final = 1_000
CONFIDENCE: Final = 0.95
DEPTH: Final = 10


@dataclass(frozen=True, slots=True)
class Holdout:
    """A data set cut in two.

    Attributes:
        cut: Seconds since the epoch: what happened from here on judges.
        known: What every user did before.
        rows: Numbers of the users that are judged, (n_cases,) int64.
        right: What each of them chose afterwards, (n_cases, n_items), sparse.
        excludes_bought: Whether what a user had bought before neither counts as right nor is recommended.
    """

    cut: float
    known: UserHistories
    rows: NDArray[np.int64]
    right: sparse.csr_matrix
    excludes_bought: bool

    @property
    def cases(self) -> UserHistories:
        """What the judged users did before, as serving would know it."""
        return newest_of_each(take(self.known, self.rows))


@dataclass(frozen=True, slots=True)
class Contender:
    """A model that is judged.

    Attributes:
        model: Fitted.
        numbers: Its number of each item of the data set, NONE for one that it does not know, (n_items,) int32.
        n_items: How many items it knows.
    """

    model: Model
    numbers: NDArray[np.int32]
    n_items: int

    @classmethod
    def of_same_items(cls, model: Model, n_items: int) -> Contender:
        """One that numbers the items as the data set does."""
        return cls(model, np.arange(n_items, dtype=np.int32), n_items)

    @classmethod
    def of_other_items(cls, model: Model, known: Mapping[str, int], item_ids: Sequence[str]) -> Contender:
        """One that has numbers of its own for the items."""
        return cls(model, np.array([known.get(item_id, NONE) for item_id in item_ids], np.int32), len(known))


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a model's lists were worth.

    Attributes:
        gains: NDCG@10 of each user judged, (n_cases,) float64.
        hit_rate: Users with something right among the first ten.
        coverage: Products that are in somebody's first ten, of all products.
    """

    gains: NDArray[np.float64]
    hit_rate: float
    coverage: float

    @property
    def metrics(self) -> dict[str, float]:
        """By name, rounded."""
        ndcg = float(self.gains.mean()) if len(self.gains) else 0.0
        values = {f"NDCG@{DEPTH}": ndcg, f"HR@{DEPTH}": self.hit_rate, f"coverage@{DEPTH}": self.coverage}
        return {name: round(value, 6) for name, value in values.items()}


@dataclass(frozen=True, slots=True)
class Comparison:
    """How much better one model is than another, on the same users.

    Attributes:
        difference: Mean difference of NDCG@10.
        low: Where its confidence interval begins.
        high: Where it ends.
    """

    difference: float
    low: float
    high: float

    @property
    def is_worse(self) -> bool:
        """Whether it is worse by more than chance explains."""
        return self.high < 0


def cut_at(dataset: Dataset, days: int) -> float:
    """Where to cut: ``days`` before the end, or later where so little is older that nothing could be learnt from it."""
    times = dataset.done.histories.times
    newest_days = float(times.max()) - timedelta(days=days).total_seconds()
    return max(newest_days, float(np.quantile(times, OLD_SHARE)))


def split(dataset: Dataset, cut: float, rules: Rules) -> Holdout:
    """Cut a data set; what ``rules`` keep out of a list does not count as right."""
    done = dataset.done
    before = done.histories.times < cut
    known, later = where(done, before), where(done, ~before)
    bought = later.kinds == PURCHASE
    chosen = where(later, bought) if bought.any() else later
    right = interaction_matrix(chosen, dataset.n_items)
    seen_before = known.kinds == PURCHASE if rules.excludes_bought else np.zeros(len(known.kinds), bool)
    right = right - right.multiply(interaction_matrix(where(known, seen_before), dataset.n_items))
    right.eliminate_zeros()
    judged = np.flatnonzero((known.histories.lengths > 0) & (np.diff(right.indptr) > 0))
    rows = judged[:: max(1, -(-len(judged) // CASES))]
    return Holdout(cut, known, rows, right[rows], rules.excludes_bought)


def judge(contender: Contender, holdout: Holdout, rules: Rules) -> Judgement:
    """Rank for the judged users and compare with what they chose.

    Args:
        contender: Fitted on nothing newer than the cut.
        holdout: The users.
        rules: What a list must be like; its first ten are judged.
    """
    cases = _renumbered(holdout.cases, contender.numbers)
    ranked = _ranked(contender, cases, Rules(DEPTH, rules.excludes_bought))
    found = _original(ranked, contender.numbers)
    rows = np.repeat(np.arange(len(found)), found.shape[1]).reshape(found.shape)
    hits = np.asarray(holdout.right[rows.ravel(), np.maximum(found, 0).ravel()]).reshape(found.shape) > 0
    hits &= found != NONE
    gains = gains_of_sets(hits, np.diff(holdout.right.indptr).astype(np.int64), DEPTH)
    coverage = len(np.unique(found[found != NONE])) / max(len(contender.numbers), 1)
    return Judgement(gains, hit_rate_of_sets(hits, DEPTH), coverage)


def compare(candidate: Judgement, active: Judgement, seed: int) -> Comparison:
    """Bootstrap the mean difference over the users, who are the same in both."""
    differences = candidate.gains - active.gains
    if not len(differences):
        return Comparison(0.0, 0.0, 0.0)
    lot = np.random.default_rng(seed)
    means = [differences[lot.integers(len(differences), size=len(differences))].mean() for _ in range(RESAMPLES)]
    low, high = np.quantile(means, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return Comparison(float(differences.mean()), float(low), float(high))


def interaction_matrix(done: UserHistories, n_items: int) -> sparse.csr_matrix:
    """1 for each pair of a user and an item, however often it is there, (n_users, n_items) float32."""
    matrix = done.histories.matrix(n_items)
    matrix.data[:] = 1
    return matrix


def _ranked(contender: Contender, cases: UserHistories, rules: Rules) -> NDArray[np.int32]:
    everything = np.zeros(contender.n_items, bool)
    nothing = no_neighbours(contender.n_items)
    parts = [part.items for part in rank_in_batches(contender.model, nothing, cases, rules, everything)]
    return np.concatenate(parts) if parts else np.zeros((0, rules.length), np.int32)


def _renumbered(cases: UserHistories, numbers: NDArray[np.int32]) -> UserHistories:
    """Histories of the items that a model knows, by its numbers."""
    known = where(cases, numbers[cases.histories.items] != NONE)
    return UserHistories(replace(known.histories, items=numbers[known.histories.items]), known.kinds)


def _original(ranked: NDArray[np.int32], numbers: NDArray[np.int32]) -> NDArray[np.int32]:
    """The data set's numbers of ranked items."""
    back = np.full(max(int(numbers.max(initial=NONE)), int(ranked.max(initial=NONE))) + 2, NONE, np.int32)
    back[numbers] = np.arange(len(numbers))
    back[NONE] = NONE
    return back[ranked]
