"""For each item the items nearest to it: what the keys ``similar`` and ``bought_together`` are written from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

NONE: Final = -1
"""In place of an item where there is none."""


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
