"""For each item the items nearest to it: what the keys ``similar`` and ``bought_together`` are written from."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

NONE: Final = -1
"""In place of an item where there is none."""


BLOCK_ITEMS: Final = 128
"""Items, at the most, of which the best one is looked for first, when the best of many are wanted."""

BLOCK_SCORES: Final = 4_000_000
"""Scores held at once: 16 MB, memory that the allocator keeps for the next block."""

Likeness = Callable[[NDArray[np.int32]], NDArray[np.float32]]
"""Given some items, how like each of them every item is, (n, n_items) float32."""


@dataclass(frozen=True, slots=True)
class Neighbours:
    """Items by item, the nearest first; equally near ones by their number.

    Attributes:
        items: Item numbers, NONE where an item has fewer neighbours, (n_items, k) int32.
        scores: How near each is, 0 where there is none, (n_items, k) float32.
    """

    items: NDArray[np.int32]
    scores: NDArray[np.float32]

    def matrix(self) -> sparse.csr_matrix:
        """The same as (n_items, n_items) float32, sparse, the columns of a row sorted."""
        rows, places = np.nonzero(self.items != NONE)
        n_items = len(self.items)
        made = sparse.csr_matrix(
            (self.scores[rows, places], (rows, self.items[rows, places])), shape=(n_items, n_items), dtype=np.float32
        )
        made.sort_indices()
        return made

    def or_else(self, likeness: Likeness) -> Neighbours:
        """The same, and for items without any neighbour as many by another likeness."""
        n_items, k = self.items.shape
        items, scores = self.items.copy(), self.scores.copy()
        for chosen in _blocks(np.flatnonzero((items == NONE).all(axis=1)).astype(np.int32), n_items):
            found = _strongest_of_some(likeness, chosen, k)
            items[chosen], scores[chosen] = found.items, found.scores
        return Neighbours(items, scores)


def top_items(scores: NDArray[np.float32], length: int) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """The best items of each row whose score is above 0; of equal ones the smaller number first.

    The ``length``-th largest of the maxima of blocks of items is a bound that no more than a few items reach, so that
    only those are sorted.

    Args:
        scores: (n, n_items) float32, minus infinity for what must not be in a list.
        length: Items wanted of each row.

    Returns:
        Item numbers, NONE where a row has fewer, (n, length) int32; and their scores, 0 there, (n, length) float32.
    """
    bound = np.maximum(_bound(scores, length), np.finfo(np.float32).tiny)
    rows, columns = np.divmod(np.flatnonzero(scores >= bound[:, None]), scores.shape[1])
    found = scores[rows, columns]
    descending = (rows << 32) - found.view(np.int32)  # the bits of floats above 0 stand in the order of the floats
    order = np.argsort(descending, kind="stable")
    rows, columns, found = rows[order], columns[order], found[order]
    places = np.arange(len(rows)) - np.searchsorted(rows, np.arange(len(scores)))[rows]
    near = places < length
    items = np.full((len(scores), length), NONE, np.int32)
    values = np.zeros((len(scores), length), np.float32)
    items[rows[near], places[near]] = columns[near]
    values[rows[near], places[near]] = found[near]
    return items, values


def _bound(scores: NDArray[np.float32], length: int) -> NDArray[np.float32]:
    """A score of each row that at least ``length`` items reach, or minus infinity, (n,) float32."""
    block_items = min(BLOCK_ITEMS, scores.shape[1] // (2 * length))
    if not block_items:
        return np.full(len(scores), -np.inf, np.float32)
    n_blocks = scores.shape[1] // block_items
    blocks = scores[:, : n_blocks * block_items].reshape(len(scores), block_items, n_blocks)
    maxima = blocks.max(axis=1)
    return np.partition(maxima, n_blocks - length, axis=1)[:, n_blocks - length]


def no_neighbours(n_items: int) -> Neighbours:
    """Of items that are like none."""
    return Neighbours(np.zeros((n_items, 0), np.int32), np.zeros((n_items, 0), np.float32))


def strongest_of(matrix: sparse.csr_matrix, k: int) -> Neighbours:
    """The ``k`` largest positive values of each row, the item itself left out.

    Args:
        matrix: (n_items, n_items), sparse.
        k: How many to keep.
    """
    made = matrix.tocoo()
    kept = (made.row != made.col) & (made.data > 0)
    rows, columns, values = made.row[kept], made.col[kept], made.data[kept]
    order = np.lexsort((columns, -values, rows))
    rows, columns, values = rows[order], columns[order], values[order]
    starts = np.searchsorted(rows, np.arange(matrix.shape[0]))
    places = np.arange(len(rows)) - starts[rows]
    near = places < k
    items = np.full((matrix.shape[0], k), NONE, np.int32)
    scores = np.zeros((matrix.shape[0], k), np.float32)
    items[rows[near], places[near]] = columns[near]
    scores[rows[near], places[near]] = values[near]
    return Neighbours(items, scores)


def strongest_of_all(likeness: Likeness, n_items: int, k: int) -> Neighbours:
    """The ``k`` items most like each item, the item itself left out.

    Args:
        likeness: How like each other items are.
        n_items: Items of the catalogue.
        k: How many to keep.
    """
    parts = [_strongest_of_some(likeness, chosen, k) for chosen in _blocks(np.arange(n_items, dtype=np.int32), n_items)]
    if not parts:
        return no_neighbours(0)
    return Neighbours(np.concatenate([part.items for part in parts]), np.concatenate([part.scores for part in parts]))


def _blocks(items: NDArray[np.int32], n_items: int) -> Iterator[NDArray[np.int32]]:
    size = max(1, BLOCK_SCORES // max(1, n_items))
    for first in range(0, len(items), size):
        yield items[first : first + size]


def _strongest_of_some(likeness: Likeness, chosen: NDArray[np.int32], k: int) -> Neighbours:
    scores = likeness(chosen)
    scores[np.arange(len(chosen)), chosen] = 0
    return Neighbours(*top_items(scores, k))
