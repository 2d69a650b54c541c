"""iALS: factors of users and items for implicit feedback (Hu, Koren and Volinsky 2008), as its authors tune it today.

The loss is that of Rendle et al. 2021, "Revisiting the performance of iALS on item recommendation benchmarks"::

    sum over observed (u, i): c_ui (1 - w_u h_i)^2  +  unobserved * sum over all (u, i): (w_u h_i)^2
    + regularization * (sum over u: f_u |w_u|^2 + sum over i: f_i |h_i|^2)
    where f_u = (sum over i: c_ui  +  unobserved * n_items) ^ frequency_power, and f_i alike

``implicit`` has one regularization for all rows, so that users of many and of few events cannot both be fitted well;
that is why the solver here is our own: exact, in batches of rows of about the same length, each by the smaller of its
two systems. ``docs/evaluate.md`` compares the two.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final, Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from jobs.training.models.base import Arrays, Histories, Training, parameters_of
from jobs.training.models.neighbours import transposed
from jobs.training.models.recency import Recency

BATCH_VALUES: Final = 4_000_000
"""Float32 values of a batch of systems, or of the factors gathered for it: 16 MB."""

Factors = NDArray[np.float32]


@dataclass(slots=True)
class Ials:
    """Factors by alternating least squares; a history is folded in, whether it was trained on or not.

    Attributes:
        factors: Size of a factor vector.
        unobserved: What a pair that was not observed weighs, against 1 of one that was.
        regularization: Pull of the factors to zero.
        frequency_power: How far that pull grows with how much is known of a row: 1 as the paper advises, 0 not at all.
        iterations: Times that users and items are solved for.
        recency: Exponent of the place of an event, counted back from the newest, when a history is folded in.
        half_life_seconds: Age at which an event of the history says half.
        seed: Of the first factors.
    """

    factors: int = 64
    unobserved: float = 0.3
    regularization: float = 0.007
    frequency_power: float = 1.0
    iterations: int = 12
    recency: float = 0.0
    half_life_seconds: float | None = None
    seed: int = 1
    _items: Factors = field(init=False, repr=False)

    name: ClassVar[str] = "ials"

    @property
    def parameters(self) -> Mapping[str, Any]:
        """What it was made with."""
        return parameters_of(self)

    def fit(self, training: Training) -> Self:
        """Alternate; the factors of the items are what stays."""
        by_user = training.histories.matrix(training.n_items)
        by_item = transposed(by_user)
        lot = np.random.default_rng(self.seed)
        first = lot.standard_normal((training.n_items, self.factors)) * (0.1 / np.sqrt(self.factors))
        self._items = first.astype(np.float32)
        for _ in range(self.iterations):
            self._items = self._solve(by_item, self._solve(by_user, self._items))
        return self

    def fold_in(self, histories: Histories) -> Factors:
        """The factors of each history, (len(histories), factors) float32; zeros for an empty one."""
        weights = Recency(self.recency, self.half_life_seconds).weights(histories)
        return self._solve(histories.matrix(len(self._items), weights), self._items)

    def score(self, histories: Histories) -> NDArray[np.float32]:
        """Products of the folded-in factors with those of the items."""
        return self.fold_in(histories) @ self._items.T

    def similar(self, items: NDArray[np.int32]) -> NDArray[np.float32]:
        """Cosines of the factors."""
        norms = np.maximum(np.linalg.norm(self._items, axis=1), np.finfo(np.float32).tiny)
        directions = self._items / norms[:, None]
        return np.asarray(directions[items] @ directions.T, np.float32)

    def arrays(self) -> Arrays:
        """The factors of the items, (n_items, factors) float32."""
        return {"items": self._items}

    def restore(self, arrays: Arrays) -> Self:
        """Take over factors of the items."""
        self._items = arrays["items"]
        return self

    def _solve(self, observed: sparse.csr_matrix, others: Factors) -> Factors:
        """The best factors of the rows of ``observed`` (n, m) given those of its columns (m, factors)."""
        known = np.asarray(observed.sum(axis=1), np.float32).ravel()
        pull = self.regularization * (known + self.unobserved * len(others)) ** self.frequency_power
        strengths, axes = np.linalg.eigh(self.unobserved * (others.T @ others))
        rotated = others @ axes
        solved = np.zeros((observed.shape[0], self.factors), np.float32)
        for rows in _batches(np.diff(observed.indptr), self.factors):
            gathered, confidence = _gather(observed, rows, rotated)
            shared = np.maximum(strengths, 0) + pull[rows, None]
            solve = _solve_by_events if gathered.shape[1] < self.factors else _solve_by_factors
            solved[rows] = solve(gathered, confidence, shared.astype(np.float32))
        return np.asarray(solved @ axes.T)


def _solve_by_factors(gathered: Factors, confidence: Factors, shared: Factors) -> Factors:
    """Solve a system as large as a factor vector for each row: for rows of many events.

    Args:
        gathered: Factors of each row's events, rotated so that what all pairs add is a diagonal, (n, events, factors).
        confidence: What each event weighs, 0 for padding, (n, events).
        shared: That diagonal and the regularization, (n, factors).
    """
    weighted = gathered * confidence[:, :, None]
    systems = gathered.transpose(0, 2, 1) @ weighted
    diagonal = np.arange(shared.shape[1])
    systems[:, diagonal, diagonal] += shared
    return np.asarray(np.linalg.solve(systems, weighted.sum(axis=1)[:, :, None])[:, :, 0])


def _solve_by_events(gathered: Factors, confidence: Factors, shared: Factors) -> Factors:
    """The same by a system as large as the events of a row (Woodbury's identity): for rows of few events."""
    scaled = np.sqrt(confidence)
    events = gathered * scaled[:, :, None]
    over_shared = events / shared[:, None, :]
    systems = over_shared @ events.transpose(0, 2, 1)
    diagonal = np.arange(systems.shape[1])
    systems[:, diagonal, diagonal] += 1
    return np.asarray((np.linalg.solve(systems, scaled[:, :, None]).transpose(0, 2, 1) @ over_shared)[:, 0])


def _batches(lengths: NDArray[np.int32], factors: int) -> Iterator[NDArray[np.int64]]:
    """Rows that are not empty, the short ones first, as many at a time as memory is meant for."""
    order = np.argsort(lengths, kind="stable")
    order = order[lengths[order] > 0]
    while len(order):
        sizes = factors * np.maximum(lengths[order], factors).astype(np.int64) * np.arange(1, len(order) + 1)
        size = max(1, int(np.searchsorted(sizes, BATCH_VALUES)))
        yield order[:size]
        order = order[size:]


def _gather(
    observed: sparse.csr_matrix, rows: NDArray[np.int64], others: Factors
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Factors (n, longest, factors) and confidences (n, longest) of the columns of some rows, padded by zeros."""
    first, last = observed.indptr[rows], observed.indptr[rows + 1]
    places = first[:, None] + np.arange(int((last - first).max()))
    inside = places < last[:, None]
    places = np.where(inside, places, first[:, None])
    return others[observed.indices[places]], np.where(inside, observed.data[places], 0).astype(np.float32)
