"""Recommended lists where several items may be right, and their metrics: accuracy, coverage, diversity, novelty."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from recommender.evaluation.metrics import DIGITS, Metrics, hit_rate_of_sets, mean_average_precision, ndcg_of_sets
from recommender.models.base import Histories, Model
from recommender.neighbours import NONE, top_items

DEPTH: Final = 20
"""Length of a list."""

SCORES_AT_ONCE: Final = 8_000_000


@dataclass(frozen=True, slots=True)
class Lists:
    """Recommended lists with the right items.

    Attributes:
        items: Item indices, the best first, NONE behind the end of a list, (n, DEPTH) int32.
        right: The right items of each, (n, n_items) sparse.
    """

    items: NDArray[np.int32]
    right: sparse.csr_matrix

    @property
    def hits(self) -> NDArray[np.bool_]:
        """Which items of the lists are right, (n, DEPTH) bool."""
        keys = np.arange(len(self.items))[:, None] * self.right.shape[1] + self.items
        rows, items = self.right.nonzero()
        is_right = np.isin(keys, rows.astype(np.int64) * self.right.shape[1] + items)
        return np.asarray(is_right & (self.items != NONE))

    @property
    def relevant(self) -> NDArray[np.int64]:
        """Number of right items of each, (n,) int64."""
        return self.right.getnnz(axis=1).astype(np.int64)

    def ndcg(self, k: int) -> float:
        """NDCG@k."""
        return ndcg_of_sets(self.hits, self.relevant, k)

    def metrics(self, owners: sparse.csr_matrix, depths: Iterable[int]) -> Metrics:
        """All metrics, rounded.

        Args:
            owners: The interactions of the training part, (n_users, n_items) sparse.
            depths: Cutoffs of the lists.
        """
        hits, relevant = self.hits, self.relevant
        metrics: Metrics = {}
        for k in depths:
            metrics |= {
                f"HR@{k}": hit_rate_of_sets(hits, k),
                f"NDCG@{k}": ndcg_of_sets(hits, relevant, k),
                f"MAP@{k}": mean_average_precision(hits, relevant, k),
                f"coverage@{k}": coverage(self.items[:, :k], self.right.shape[1]),
                f"diversity@{k}": diversity(self.items[:, :k], owners),
                f"novelty@{k}": novelty(self.items[:, :k], owners),
            }
        return {name: round(value, DIGITS) for name, value in metrics.items()}


def best_lists(model: Model, histories: Histories, right: sparse.csr_matrix, hidden: sparse.csr_matrix) -> Lists:
    """The best items of each history by a fitted model.

    Args:
        model: Scores the items; one with a score of 0 or less is not recommended.
        histories: The histories to recommend for.
        right: The right items of each, (n, n_items) sparse.
        hidden: Items that may not be recommended to each, (n, n_items) sparse.
    """
    size = max(1, SCORES_AT_ONCE // max(right.shape[1], 1))
    parts = [np.zeros((0, DEPTH), np.int32)]
    for first in range(0, len(histories), size):
        scores = model.score(histories.slice(first, first + size))
        scores[hidden[first : first + size].nonzero()] = -np.inf
        parts.append(top_items(scores, DEPTH)[0])
    return Lists(np.concatenate(parts), right)


def coverage(items: NDArray[np.int32], n_items: int) -> float:
    """Share of the catalogue that is in any list."""
    return len(np.unique(items[items != NONE])) / max(n_items, 1)


def diversity(items: NDArray[np.int32], owners: sparse.csr_matrix) -> float:
    """1 minus the mean similarity of two items of a list: the cosine of their users (Ziegler et al. 2005).

    Args:
        items: (n, k) item indices; lists of less than two items do not count.
        owners: (n_users, n_items) sparse.
    """
    binary = _binary(owners)
    norms = np.sqrt(np.maximum(binary.getnnz(axis=0), 1))
    unit = (binary @ sparse.diags(1 / norms)).T.tocsr()
    values = [_dissimilarity(unit[row[row != NONE]]) for row in items if (row != NONE).sum() > 1]
    return float(np.mean(values)) if values else 0.0


def novelty(items: NDArray[np.int32], owners: sparse.csr_matrix) -> float:
    """Mean of minus log2 of the share of users who have an item, with add-one smoothing (Zhou et al. 2010)."""
    counts = _binary(owners).getnnz(axis=0)
    self_information = -np.log2((counts + 1) / (owners.shape[0] + 1))
    recommended = items[items != NONE]
    return float(self_information[recommended].mean()) if len(recommended) else 0.0


def _binary(matrix: sparse.csr_matrix) -> sparse.csr_matrix:
    binary = matrix.copy()
    binary.data[:] = 1
    return binary


def _dissimilarity(unit: sparse.csr_matrix) -> float:
    """1 minus the mean cosine of two rows of a matrix, each of length 1 or 0."""
    n = unit.shape[0]
    total = unit.sum(axis=0)
    own = unit.multiply(unit).sum()
    return float(1 - (np.square(total).sum() - own) / (n * (n - 1)))
