"""The largest values of each row, against sorting whole rows in Python."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from recommender.models.sparse_matrices import strongest

values = st.sampled_from([-1.0, 0.0, 0.25, 0.5, 0.5, 1.0, 3.0])  # many are equal
matrices = st.integers(1, 9).flatmap(
    lambda columns: st.lists(st.lists(values, min_size=columns, max_size=columns), max_size=7)
)


def sorted_row(row: list[float], k: int) -> list[float]:
    """A row with its ``k`` largest positive values, the smaller column first of equals; 0 elsewhere."""
    order = sorted((column for column, value in enumerate(row) if value > 0), key=lambda column: (-row[column], column))
    return [value if column in order[:k] else 0.0 for column, value in enumerate(row)]


@given(matrices, st.integers(1, 10))
def test_the_strongest_of_each_row_are_those_that_sorting_finds(rows: list[list[float]], k: int) -> None:
    dense = np.array(rows, np.float32).reshape(len(rows), -1 if rows else 1)
    kept = strongest(sparse.csr_matrix(dense), k)
    assert kept.dtype == np.float32
    assert kept.toarray().tolist() == [sorted_row(row, k) for row in rows]
    assert (kept.data > 0).all()
