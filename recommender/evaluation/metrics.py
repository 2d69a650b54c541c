"""Metrics of ranked lists with one right item, or with several.

``ranks`` are the ranks of the one right item, from 0, (n,) int64. With several right items, ``hits`` are which items of
a list are right, (n, k) bool, and ``relevant`` is the number of right items, (n,) int64. Each metric is the mean over
the n lists; over no lists it is 0.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

import numpy as np
from numpy.typing import NDArray

Metrics = dict[str, float]
"""Metrics by names such as ``NDCG@10``."""

DIGITS: Final = 6
"""Decimal places in a report: more would be noise."""


def ranks_of(scores: NDArray[np.float32], targets: NDArray[np.int64]) -> NDArray[np.int64]:
    """Rank of each row's target, from 0; items with the same score rank before it, so a constant score gains nothing.

    Args:
        scores: (n, n_items) float32; minus infinity for what may not be recommended.
        targets: The right item of each row, (n,) integers.
    """
    own = scores[np.arange(len(targets)), targets]
    return np.asarray((scores >= own[:, None]).sum(axis=1) - 1, np.int64)


def hit_rate(ranks: NDArray[np.int64], k: int) -> float:
    """HR@k: share of the targets among the first ``k``; with one right item this is Recall@k."""
    return _mean(ranks < k)


def ndcg(ranks: NDArray[np.int64], k: int) -> float:
    """NDCG@k with one right item: 1 / log2(rank + 1), ranks counted from 1."""
    return _mean(np.where(ranks < k, 1 / np.log2(ranks + 2), 0))


def reciprocal_rank(ranks: NDArray[np.int64], k: int) -> float:
    """MRR@k: 1 / rank, ranks counted from 1; 0 beyond the first ``k``."""
    return _mean(np.where(ranks < k, 1 / (ranks + 1), 0))


def hit_rate_of_sets(hits: NDArray[np.bool_], k: int) -> float:
    """HR@k: share of the lists with a right item among the first ``k``."""
    return _mean(hits[:, :k].any(axis=1))


def ndcg_of_sets(hits: NDArray[np.bool_], relevant: NDArray[np.int64], k: int) -> float:
    """NDCG@k with several right items: the gain of a list divided by that of the best possible one."""
    return _mean(gains_of_sets(hits, relevant, k))


def gains_of_sets(hits: NDArray[np.bool_], relevant: NDArray[np.int64], k: int) -> NDArray[np.float64]:
    """NDCG@k of each list, (n,) float64."""
    discounts = 1 / np.log2(np.arange(2, k + 2))
    gains = (hits[:, :k] * discounts[: hits.shape[1]]).sum(axis=1)
    best = np.cumsum(discounts)
    return np.asarray(gains / best[np.clip(relevant, 1, k) - 1])


def mean_average_precision(hits: NDArray[np.bool_], relevant: NDArray[np.int64], k: int) -> float:
    """MAP@k: sum of the precisions at the right items of the first ``k``, divided by the largest possible number."""
    first = hits[:, :k]
    precision = np.cumsum(first, axis=1) / np.arange(1, first.shape[1] + 1)
    return _mean((precision * first).sum(axis=1) / np.clip(relevant, 1, k))


RANK_METRICS: Final[dict[str, Callable[[NDArray[np.int64], int], float]]] = {
    "HR": hit_rate,
    "NDCG": ndcg,
    "MRR": reciprocal_rank,
}
"""Metrics of ranks, by their names in a report."""


def rank_metrics(ranks: NDArray[np.int64], names: Iterable[str]) -> Metrics:
    """Metrics by names such as ``HR@10``, rounded."""
    return {name: round(_rank_metric(ranks, name), DIGITS) for name in names}


def _rank_metric(ranks: NDArray[np.int64], name: str) -> float:
    kind, k = name.split("@")
    return RANK_METRICS[kind](ranks, int(k))


def _mean(values: NDArray[np.float64] | NDArray[np.bool_]) -> float:
    return float(values.mean()) if len(values) else 0.0
