"""Sparse matrices: the largest values of each row, products block by block, and as arrays of a model file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from recommender.models.base import Arrays

BLOCK_ITEMS: Final = 1024
"""Rows of a product of sparse matrices in memory at a time."""


def strongest(matrix: sparse.csr_matrix, k: int) -> sparse.csr_matrix:
    """The ``k`` largest positive values of each row, the smaller column first of equals; (n, m) float32."""
    matrix = matrix.tocsr()
    rows = row_indices(matrix)
    candidates = np.flatnonzero((matrix.data > 0) & (matrix.data >= _kth_largest(matrix, k)[rows]))
    order = candidates[np.lexsort((matrix.indices[candidates], -matrix.data[candidates], rows[candidates]))]
    starts = np.searchsorted(rows[order], np.arange(matrix.shape[0]))
    kept = order[np.arange(len(order)) - starts[rows[order]] < k]
    kept.sort()
    return sparse.csr_matrix(
        (matrix.data[kept].astype(np.float32), (rows[kept], matrix.indices[kept])), shape=matrix.shape, dtype=np.float32
    )


def _kth_largest(matrix: sparse.csr_matrix, k: int) -> NDArray[Any]:
    """The ``k``-th largest value of each row, 0 where a row has no more than ``k``; (n,).

    What is smaller need not be sorted: rows of a dense product are much longer than what is kept of them.
    """
    smallest_kept = np.zeros(matrix.shape[0], matrix.data.dtype)
    for row in np.flatnonzero(np.diff(matrix.indptr) > k):
        values = matrix.data[matrix.indptr[row] : matrix.indptr[row + 1]]
        smallest_kept[row] = np.partition(values, len(values) - k)[len(values) - k]
    return smallest_kept


def product_of_strongest(
    left: sparse.csr_matrix,
    right: sparse.csr_matrix,
    k: int,
    shape_values: Callable[[sparse.csr_matrix, int], sparse.csr_matrix] | None = None,
) -> sparse.csr_matrix:
    """The ``k`` largest values of each row of ``left @ right``, the diagonal left out, block by block.

    Args:
        left: (n, m) sparse.
        right: (m, n) sparse.
        k: Values kept in a row.
        shape_values: From a block of the product and the index of its first row to the values that are compared.
    """
    blocks = list(_blocks(left, right, k, shape_values)) or [empty_matrix(0, right.shape[1])]
    stacked: sparse.csr_matrix = sparse.vstack(blocks, format="csr")
    return stacked


def _blocks(
    left: sparse.csr_matrix,
    right: sparse.csr_matrix,
    k: int,
    shape_values: Callable[[sparse.csr_matrix, int], sparse.csr_matrix] | None,
) -> Iterator[sparse.csr_matrix]:
    for first in range(0, left.shape[0], BLOCK_ITEMS):
        block = (left[first : first + BLOCK_ITEMS] @ right).tocsr()
        block = block if shape_values is None else shape_values(block, first)
        yield strongest(_without_diagonal(block, first), k)


def _without_diagonal(block: sparse.csr_matrix, first: int) -> sparse.csr_matrix:
    return with_values(block, np.where(block.indices == first + row_indices(block), 0, block.data))


def as_arrays(name: str, matrix: sparse.csr_matrix) -> Arrays:
    """A sparse matrix as arrays under names that begin with ``name``."""
    return {
        f"{name}_data": matrix.data,
        f"{name}_indices": matrix.indices,
        f"{name}_indptr": matrix.indptr,
        f"{name}_shape": np.array(matrix.shape, np.int64),
    }


def from_arrays(name: str, arrays: Arrays) -> sparse.csr_matrix:
    """The reverse of ``as_arrays``."""
    n, m = (int(size) for size in arrays[f"{name}_shape"])
    parts = (arrays[f"{name}_data"], arrays[f"{name}_indices"], arrays[f"{name}_indptr"])
    return sparse.csr_matrix(parts, shape=(n, m), dtype=np.float32)


def dense(matrix: sparse.csr_matrix) -> NDArray[np.float32]:
    """As a dense array, (n, m) float32."""
    return np.asarray(matrix.toarray(), np.float32)


def transposed(matrix: sparse.csr_matrix) -> sparse.csr_matrix:
    """The transposed matrix, in CSR form again."""
    transposed_matrix: sparse.csr_matrix = matrix.T.tocsr()
    return transposed_matrix


def with_values(matrix: sparse.csr_matrix, values: NDArray[Any]) -> sparse.csr_matrix:
    """The same sparsity pattern with other values."""
    return sparse.csr_matrix((values, matrix.indices, matrix.indptr), shape=matrix.shape)


def row_indices(matrix: sparse.csr_matrix) -> NDArray[np.int64]:
    """The row index of each value."""
    return np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))


def empty_matrix(n: int, m: int) -> sparse.csr_matrix:
    """(n, m) float32 of zeros."""
    no_indices = np.zeros(0, np.int32)
    return sparse.csr_matrix((np.zeros(0, np.float32), (no_indices, no_indices)), shape=(n, m))
