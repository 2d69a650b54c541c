"""The nearest items of each item, for the Redis keys ``similar`` and ``bought_together``; the best items of a row."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

NONE: Final = -1
"""Stands for an item where there is none."""

BLOCK_ITEMS: Final = 128
"""Largest number of items in a block, of which ``top_items`` first takes the maximum."""

BLOCK_SCORES: Final = 4_000_000
"""Scores in memory at a time: 16 MB, which the allocator keeps for the next block."""

Similarity = Callable[[NDArray[np.int32]], NDArray[np.float32]]
"""A function of some items, (n,) int32: the similarity of every item to each of them, (n, n_items) float32."""


@dataclass(frozen=True, slots=True)
class Neighbours:
    """The nearest items of each item, the nearest first; equally near ones by their index.

    Attributes:
        items: Item indices, NONE where an item has fewer neighbours, (n_items, k) int32.
        scores: Their similarity, 0 where there is none, (n_items, k) float32.
    """

    items: NDArray[np.int32]
    scores: NDArray[np.float32]

    def matrix(self) -> sparse.csr_matrix:
        """As a sparse matrix (n_items, n_items) float32, the columns of a row sorted."""
        rows, ranks = np.nonzero(self.items != NONE)
        n_items = len(self.items)
        matrix = sparse.csr_matrix(
            (self.scores[rows, ranks], (rows, self.items[rows, ranks])), shape=(n_items, n_items), dtype=np.float32
        )
        matrix.sort_indices()
        return matrix

    def or_else(self, similarity: Similarity) -> Neighbours:
        """The same, where items without any neighbour get their nearest items by another similarity."""
        n_items, k = self.items.shape
        items, scores = self.items.copy(), self.scores.copy()
        for chosen in _blocks(np.flatnonzero((items == NONE).all(axis=1)).astype(np.int32), n_items):
            nearest = _nearest_of_some(similarity, chosen, k)
            items[chosen], scores[chosen] = nearest.items, nearest.scores
        return Neighbours(items, scores)


def top_items(scores: NDArray[np.float32], length: int) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """The best items of each row with a score above 0; of equal ones the smaller index first.

    Only items that reach a bound are sorted: the ``length``-th largest of the maxima of blocks of items, which few
    items reach.

    Args:
        scores: (n, n_items) float32, minus infinity for what must not be in a list.
        length: Number of items for each row.

    Returns:
        Item indices, NONE where a row has fewer, (n, length) int32; and their scores, 0 there, (n, length) float32.
    """
    bound = np.maximum(_bound(scores, length), np.finfo(np.float32).tiny)
    rows, columns = np.divmod(np.flatnonzero(scores >= bound[:, None]), scores.shape[1])
    values = scores[rows, columns]
    descending = (rows << 32) - values.view(np.int32)  # the bits of positive floats have the order of the floats
    order = np.argsort(descending, kind="stable")
    rows, columns, values = rows[order], columns[order], values[order]
    ranks = np.arange(len(rows)) - np.searchsorted(rows, np.arange(len(scores)))[rows]
    best = ranks < length
    items = np.full((len(scores), length), NONE, np.int32)
    best_scores = np.zeros((len(scores), length), np.float32)
    items[rows[best], ranks[best]] = columns[best]
    best_scores[rows[best], ranks[best]] = values[best]
    return items, best_scores


def _bound(scores: NDArray[np.float32], length: int) -> NDArray[np.float32]:
    """A score for each row that at least ``length`` items reach, or minus infinity, (n,) float32."""
    block_items = min(BLOCK_ITEMS, scores.shape[1] // (2 * length))
    if not block_items:
        return np.full(len(scores), -np.inf, np.float32)
    n_blocks = scores.shape[1] // block_items
    blocks = scores[:, : n_blocks * block_items].reshape(len(scores), block_items, n_blocks)
    maxima = blocks.max(axis=1)
    return np.partition(maxima, n_blocks - length, axis=1)[:, n_blocks - length]


def no_neighbours(n_items: int) -> Neighbours:
    """Neighbours of items that have none."""
    return Neighbours(np.zeros((n_items, 0), np.int32), np.zeros((n_items, 0), np.float32))


def nearest_items(similarity: Similarity, n_items: int, k: int) -> Neighbours:
    """The ``k`` items most similar to each item, the item itself left out.

    Args:
        similarity: The similarity of items.
        n_items: Size of the catalogue.
        k: How many to keep.
    """
    parts = [_nearest_of_some(similarity, chosen, k) for chosen in _blocks(np.arange(n_items, dtype=np.int32), n_items)]
    if not parts:
        return no_neighbours(0)
    return Neighbours(np.concatenate([part.items for part in parts]), np.concatenate([part.scores for part in parts]))


def _blocks(items: NDArray[np.int32], n_items: int) -> Iterator[NDArray[np.int32]]:
    size = max(1, BLOCK_SCORES // max(1, n_items))
    for first in range(0, len(items), size):
        yield items[first : first + size]


def _nearest_of_some(similarity: Similarity, chosen: NDArray[np.int32], k: int) -> Neighbours:
    scores = similarity(chosen)
    scores[np.arange(len(chosen)), chosen] = 0
    return Neighbours(*top_items(scores, k))
