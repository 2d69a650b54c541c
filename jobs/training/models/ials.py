"""iALS: factors of users and items for implicit feedback (Hu, Koren and Volinsky 2008), as its authors tune it today.

The loss is that of Rendle et al. 2021, "Revisiting the performance of iALS on item recommendation benchmarks"::

    sum over observed (u, i): c_ui (1 - w_u h_i)^2  +  unobserved * sum over all (u, i): (w_u h_i)^2
    + regularization * (sum over u: f_u |w_u|^2 + sum over i: f_i |h_i|^2)
    where f_u = (sum over i: c_ui  +  unobserved * n_items) ^ frequency_power, and f_i alike

A fit alternates by the conjugate gradients of ``implicit`` (Takács et al. 2011), which has one regularization for all
rows and the loss of 2008; ``_Side`` says how it is made to follow this one. A history is folded in exactly, by the
smaller of its two systems, short ones in batches: what a user is recommended depends on nothing but the history.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final, Self

import numpy as np
from implicit.cpu.als import AlternatingLeastSquares
from numpy.typing import NDArray
from scipy import sparse
from scipy.linalg import blas, lapack
from threadpoolctl import threadpool_limits

from jobs.training.models.base import Arrays, Histories, Training, parameters_of
from jobs.training.models.neighbours import transposed
from jobs.training.models.recency import Recency
from schemas.errors import ModelError

BATCH_VALUES: Final = 2_000_000
"""Float32 values of the factors gathered for a batch of rows: 8 MB."""

PULL_STEP: Final = 1.2
"""Rows are fitted together whose pulls to zero round to the same power of it: off by 10 % at the most."""

SHRINKAGE: Final = 2.0**-8
"""Of the factors that ``implicit`` is given: its square is what the 1 of the loss of 2008 still weighs."""

INDEFINITE: Final = "iALS met a system that is not positive definite: give it more regularization."

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
    unobserved: float = 0.1
    regularization: float = 0.003
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
        users, items = self._side(by_user), self._side(transposed(by_user))
        lot = np.random.default_rng(self.seed)
        first = lot.standard_normal((training.n_items, self.factors)) * (0.1 / np.sqrt(self.factors))
        self._items = first.astype(np.float32)
        of_users = np.zeros((len(training.histories), self.factors), np.float32)
        with threadpool_limits(1, "blas"):
            for _ in range(self.iterations):
                users.improve(of_users, self._items)
                items.improve(self._items, of_users)
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

    def _pulls(self, observed: sparse.csr_matrix) -> NDArray[np.float32]:
        """How strongly the factors of each row of ``observed`` (n, m) are pulled to zero, (n,)."""
        known = np.asarray(observed.sum(axis=1), np.float32).ravel()
        frequency = (known + self.unobserved * observed.shape[1]) ** self.frequency_power
        return np.asarray(self.regularization * frequency, np.float32)

    def _side(self, observed: sparse.csr_matrix) -> _Side:
        """The rows of ``observed`` for a fit."""
        pulls = np.maximum(self._pulls(observed), np.finfo(np.float32).tiny)
        levels = np.rint(np.log(pulls) / np.log(PULL_STEP))
        groups = [_group(observed, np.flatnonzero(levels == level), level) for level in np.unique(levels)]
        return _Side(groups, self.unobserved)

    def _solve(self, observed: sparse.csr_matrix, others: Factors) -> Factors:
        """The best factors of the rows of ``observed`` (n, m) given those of its columns (m, factors)."""
        pull = self._pulls(observed)
        strengths, axes = np.linalg.eigh(self.unobserved * (others.T @ others))
        rotated = others @ axes
        solved = np.zeros((observed.shape[0], self.factors), np.float32)
        shared = (np.maximum(strengths, 0) + pull[:, None]).astype(np.float32)
        lengths = np.diff(observed.indptr)
        for row in np.flatnonzero(lengths >= self.factors):
            events = slice(observed.indptr[row], observed.indptr[row + 1])
            solved[row] = _solve_by_factors(rotated[observed.indices[events]], observed.data[events], shared[row])
        for rows in _batches(np.where(lengths < self.factors, lengths, 0), self.factors):
            solved[rows] = _solve_by_events(*_gather(observed, rows, rotated), shared[rows])
        return np.asarray(solved @ axes.T)


@dataclass(frozen=True, slots=True)
class _Group:
    """Rows that are pulled to zero alike.

    Attributes:
        rows: Which they are, (n,) int64.
        confidence: The weights of what was observed, as ``implicit`` takes them, (n, m) sparse.
        pull: How strongly they are pulled.
    """

    rows: NDArray[np.int64]
    confidence: sparse.csr_matrix
    pull: float


@dataclass(frozen=True, slots=True)
class _Side:
    """Users, or items, as ``implicit`` fits them.

    Given factors ``y`` and confidences ``1 + c``, it takes steps towards the solution of ``(sum over all: y y' + sum
    over observed: c y y') x = sum over observed: (1 + c) y``. Rows that nobody has observed, below the factors, make
    the first sum what the loss of this module asks for. That has no 1 in the last sum, which vanishes as ``y`` shrinks
    and ``c`` grows with the inverse square.

    Attributes:
        groups: Its rows.
        unobserved: What a pair that was not observed weighs.
    """

    groups: list[_Group]
    unobserved: float

    def improve(self, own: Factors, others: Factors) -> None:
        """Move ``own`` (n, factors) towards the best given ``others`` (m, factors), in place."""
        factors = own.shape[1]
        given = np.concatenate([others * np.float32(SHRINKAGE), np.empty((factors, factors), np.float32)])
        shared = (others.T @ others).astype(np.float64) * (self.unobserved - SHRINKAGE**2)
        step = AlternatingLeastSquares().solver
        for group in self.groups:
            given[-factors:] = _root(shared + group.pull * np.eye(factors))
            found = own[group.rows] / np.float32(SHRINKAGE)
            step(group.confidence, found, given, 0.0)
            own[group.rows] = found * np.float32(SHRINKAGE)


def _group(observed: sparse.csr_matrix, rows: NDArray[np.int64], level: float) -> _Group:
    confidence = observed[rows]
    confidence.data = confidence.data * np.float32(SHRINKAGE**-2) + np.float32(1)
    return _Group(rows, confidence, float(PULL_STEP**level))


def _root(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """``R`` with ``R' R = matrix``, both (n, n)."""
    try:
        return np.linalg.cholesky(matrix).T
    except np.linalg.LinAlgError as error:
        raise ModelError(INDEFINITE) from error


def _solve_by_factors(gathered: Factors, confidence: Factors, shared: Factors) -> Factors:
    """Solve a system as large as a factor vector: for a row of many events.

    Args:
        gathered: Factors of the row's events, rotated so that what all pairs add is a diagonal, (events, factors).
        confidence: What each event weighs, (events,).
        shared: That diagonal and the regularization, (factors,).
    """
    scaled = np.sqrt(confidence)
    system = blas.ssyrk(1.0, (gathered * scaled[:, None]).T, lower=1)
    system[np.diag_indices_from(system)] += shared
    _, solution, failed = lapack.sposv(system, confidence @ gathered, lower=1, overwrite_a=1)
    if failed:
        raise ModelError(INDEFINITE)
    return np.asarray(solution)


def _solve_by_events(gathered: Factors, confidence: Factors, shared: Factors) -> Factors:
    """The same for rows of few events, by systems as large as these are (Woodbury's identity).

    Args:
        gathered: As above, for each row, (n, events, factors).
        confidence: The same, 0 for padding, (n, events).
        shared: The same, (n, factors).
    """
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
        sizes = factors * lengths[order].astype(np.int64) * np.arange(1, len(order) + 1)
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
