"""Measures of ranked lists: where the one right item stands, or which places of a list are right.

``ranks`` are places from 0 of the one item that is right, (n,) int64. ``hits`` say for several right items which places
of a list hold one, (n, k) bool, and ``relevant`` how many are right at all, (n,) int64. Each measure is the mean over
the n lists; of no list at all it is 0.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

import numpy as np
from numpy.typing import NDArray

Metrics = dict[str, float]
"""Measures by names such as ``NDCG@10``."""

DIGITS: Final = 6
"""After the point, in a report: more would be noise."""


def ranks_of(scores: NDArray[np.float32], targets: NDArray[np.int64]) -> NDArray[np.int64]:
    """How many items stand before each row's target; one with the same score does, so that a constant earns nothing.

    Args:
        scores: (n, n_items) float32; minus infinity for what may not be recommended.
        targets: The right item of each row, (n,) integers.
    """
    own = scores[np.arange(len(targets)), targets]
    return np.asarray((scores >= own[:, None]).sum(axis=1) - 1, np.int64)


def hit_rate(ranks: NDArray[np.int64], k: int) -> float:
    """How many of the targets are among the first ``k``: HR@k, which is Recall@k where one item is right."""
    return _mean(ranks < k)


def ndcg(ranks: NDArray[np.int64], k: int) -> float:
    """NDCG@k where one item is right: 1 / log2(place + 1), places counted from 1."""
    return _mean(np.where(ranks < k, 1 / np.log2(ranks + 2), 0))


def reciprocal_rank(ranks: NDArray[np.int64], k: int) -> float:
    """MRR@k: 1 / place, 0 behind the first ``k``."""
    return _mean(np.where(ranks < k, 1 / (ranks + 1), 0))


def hit_rate_of_sets(hits: NDArray[np.bool_], k: int) -> float:
    """How many of the lists have a right item among the first ``k``."""
    return _mean(hits[:, :k].any(axis=1))


def ndcg_of_sets(hits: NDArray[np.bool_], relevant: NDArray[np.int64], k: int) -> float:
    """NDCG@k where several items are right: the gain of a list over that of the best one possible."""
    return _mean(gains_of_sets(hits, relevant, k))


def gains_of_sets(hits: NDArray[np.bool_], relevant: NDArray[np.int64], k: int) -> NDArray[np.float64]:
    """The same for each list by itself, (n,) float64."""
    discounts = 1 / np.log2(np.arange(2, k + 2))
    gains = (hits[:, :k] * discounts[: hits.shape[1]]).sum(axis=1)
    best = np.cumsum(discounts)
    return np.asarray(gains / best[np.clip(relevant, 1, k) - 1])


def mean_average_precision(hits: NDArray[np.bool_], relevant: NDArray[np.int64], k: int) -> float:
    """MAP@k: the precision at each right item of the first ``k``, over the most there could be."""
    first = hits[:, :k]
    precision = np.cumsum(first, axis=1) / np.arange(1, first.shape[1] + 1)
    return _mean((precision * first).sum(axis=1) / np.clip(relevant, 1, k))


RANK_METRICS: Final[dict[str, Callable[[NDArray[np.int64], int], float]]] = {
    "HR": hit_rate,
    "NDCG": ndcg,
    "MRR": reciprocal_rank,
}
"""Measures of ranks, by the name that a report gives them."""


def rank_metrics(ranks: NDArray[np.int64], names: Iterable[str]) -> Metrics:
    """Measures by names such as ``HR@10``, rounded."""
    return {name: round(_rank_metric(ranks, name), DIGITS) for name in names}


def _rank_metric(ranks: NDArray[np.int64], name: str) -> float:
    kind, k = name.split("@")
    return RANK_METRICS[kind](ranks, int(k))


def _mean(values: NDArray[np.float64] | NDArray[np.bool_]) -> float:
    return float(values.mean()) if len(values) else 0.0
