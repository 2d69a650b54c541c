"""iALS: factors of users and items for implicit feedback (Hu, Koren and Volinsky 2008), as its authors tune it today.

The loss is that of Rendle et al. 2021, "Revisiting the performance of iALS on item recommendation benchmarks"::

    sum over observed (u, i): c_ui (1 - w_u h_i)^2  +  unobserved * sum over all (u, i): (w_u h_i)^2
    + regularization * (sum over u: f_u |w_u|^2 + sum over i: f_i |h_i|^2)
    where f_u = (sum over i: c_ui  +  unobserved * n_items) ^ frequency_power, and f_i in the same way

A fit alternates with the conjugate gradient solver of ``implicit`` (Takács et al. 2011). That solver has the loss of
2008 and one regularization for all rows; ``_Side`` describes how it is made to minimize the loss above, in fewer steps.
A history is folded in exactly, by the smaller of its two linear systems, short ones in batches: recommendations depend
on nothing but the history.

An item is recommended to users whose history lacks it, but fitted to users whose history has it. So, as in a denoising
autoencoder (Vincent et al. 2008; for linear ones Steck 2020), a share of the observations may drop out, drawn anew each
time that users are solved for; items are solved for with all of them.

The result of a fit depends on its random initial factors. Fits from several starts make different errors, and their
mean makes smaller ones than one fit with as many factors as they have together (bagging, Breiman 1996).
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Final, Self

import numpy as np
from implicit.cpu.als import AlternatingLeastSquares
from numpy.typing import NDArray
from scipy import sparse
from scipy.linalg import blas, lapack
from threadpoolctl import threadpool_limits

from recommender.errors import ModelError
from recommender.models.base import Arrays, Histories, Training, parameters_of
from recommender.models.recency import Recency
from recommender.models.sparse_matrices import transposed, with_values

BATCH_VALUES: Final = 150_000
"""Float32 values of the factors gathered for a batch of rows: a processor's cache holds a few copies of them."""

REGULARIZATION_STEP: Final = 1.5
"""Rows whose regularization rounds to the same power of it are fitted together: off by 23 % at the most."""

STEPS: Final = 2
"""Conjugate gradient steps each time that a side is solved for; ``implicit`` takes 3, in coordinates that need more."""

SCALE: Final = 2.0**16
"""Factor of the loss as passed to ``implicit``, so that the 1 in the loss of 2008 becomes negligible."""

INDEFINITE: Final = "iALS met a linear system that is not positive definite: increase its regularization."

Factors = NDArray[np.float32]


@dataclass(slots=True)
class Ials:
    """Factors by alternating least squares; every history is folded in, whether it was trained on or not.

    Attributes:
        factors: Size of a factor vector.
        unobserved: Weight of a pair that was not observed, where one that was observed weighs 1.
        regularization: L2 regularization of the factors.
        frequency_power: How the regularization of a row grows with its observations: 1 as the paper advises, 0 not at
            all.
        dropout: Share of the observations left out when users are solved for.
        iterations: How often users and items are solved for.
        starts: Number of fits, each from initial factors of its own; a score is their mean.
        recency: Exponent of the decay by rank in a history that is folded in, see ``Recency``; 0 for none.
        half_life_seconds: Age at which an event of the history counts half; None for no decay by time.
        seed: Seed of the initial factors and of dropout.
    """

    factors: int = 64
    unobserved: float = 0.1
    regularization: float = 0.003
    frequency_power: float = 1.0
    dropout: float = 0.0
    iterations: int = 12
    starts: int = 1
    recency: float = 0.0
    half_life_seconds: float | None = None
    seed: int = 1
    _items: Factors = field(init=False, repr=False)
    _directions: Factors = field(init=False, repr=False)
    _bases: list[_Basis] = field(init=False, repr=False)

    name: ClassVar[str] = "ials"

    @property
    def parameters(self) -> Mapping[str, Any]:
        """Its hyperparameters."""
        return parameters_of(self)

    def fit(self, training: Training) -> Self:
        """Alternate from each start; the item factors are kept."""
        by_user = training.histories.matrix(training.n_items)
        by_item = transposed(by_user)
        user_levels, item_levels = self._levels(by_user), self._levels(by_item)
        by_level = np.argsort(item_levels, kind="stable")
        by_item = by_item[by_level][:, np.argsort(user_levels, kind="stable")]
        users = _Side.of(transposed(by_item), np.sort(user_levels), self.factors, self.unobserved)
        items = _Side.of(by_item, np.sort(item_levels), self.factors, self.unobserved)
        rng = np.random.default_rng(self.seed)
        fitted = np.empty((training.n_items, self.starts * self.factors), np.float32)
        for of_start in np.split(fitted, self.starts, axis=1):
            initial = rng.standard_normal((training.n_items, self.factors)) * (0.1 / np.sqrt(self.factors))
            users.factors[:], items.factors[:] = 0, initial[by_level]
            with threadpool_limits(1, "blas"):
                for _ in range(self.iterations):
                    users.without(self.dropout, rng).improve(items)
                    items.improve(users)
            of_start[by_level] = items.factors
        return self.restore({"items": fitted})

    def fold_in(self, histories: Histories) -> Factors:
        """Factors of each history, start by start, (n, starts * factors) float32; zeros for an empty one."""
        weights = Recency(self.recency, self.half_life_seconds).weights(histories)
        observed = histories.matrix(len(self._items), weights)
        regularization = self._regularization_of_rows(observed)
        return np.hstack([basis.solve(observed, regularization) for basis in self._bases])

    def score(self, histories: Histories) -> NDArray[np.float32]:
        """Dot products of the folded-in factors and the item factors, averaged over the starts."""
        return (self.fold_in(histories) / np.float32(self.starts)) @ self._items.T

    def similar(self, items: NDArray[np.int32]) -> NDArray[np.float32]:
        """Cosines of the item factors."""
        return np.asarray(self._directions[items] @ self._directions.T, np.float32)

    def arrays(self) -> Arrays:
        """The item factors, start by start, (n_items, starts * factors) float32."""
        return {"items": self._items}

    def restore(self, arrays: Arrays) -> Self:
        """Restore the fitted state."""
        self._items = arrays["items"]
        norms = np.maximum(np.linalg.norm(self._items, axis=1), np.finfo(np.float32).tiny)
        self._directions = self._items / norms[:, None]
        self._bases = [_Basis.of(items, self.unobserved) for items in np.split(self._items, self.starts, axis=1)]
        return self

    def _regularization_of_rows(self, observed: sparse.csr_matrix) -> NDArray[np.float32]:
        """The regularization of each row of ``observed`` (n, m), (n,)."""
        weights = np.asarray(observed.sum(axis=1), np.float32).ravel()
        frequency = (weights + self.unobserved * observed.shape[1]) ** self.frequency_power
        return np.asarray(self.regularization * frequency, np.float32)

    def _levels(self, observed: sparse.csr_matrix) -> NDArray[np.float64]:
        """The power of REGULARIZATION_STEP that the regularization of each row is rounded to, (n,)."""
        regularization = np.maximum(self._regularization_of_rows(observed), np.finfo(np.float32).tiny)
        return np.asarray(np.rint(np.log(regularization) / np.log(REGULARIZATION_STEP)))


@dataclass(frozen=True, slots=True)
class _Group:
    """Rows with the same regularization.

    Attributes:
        rows: Their range among the rows of their side.
        confidence: The weights of the observations, as ``implicit`` takes them, (n, m) sparse.
        regularization: Their regularization.
    """

    rows: slice
    confidence: sparse.csr_matrix
    regularization: float

    def without(self, dropout: float, rng: np.random.Generator) -> _Group:
        """The same rows, with a share of the observations treated as not observed."""
        kept = rng.random(self.confidence.nnz) >= dropout
        thinned = np.where(kept, self.confidence.data, np.float32(1))
        return replace(self, confidence=with_values(self.confidence, thinned))


@dataclass(frozen=True, slots=True)
class _Side:
    """Users, or items, as ``implicit`` fits them.

    Given factors ``y`` and confidences ``1 + c``, it takes steps towards the solution of ``(sum over all: y y' + sum
    over observed: c y y') x = sum over observed: (1 + c) y``. Extra rows that are never observed are appended to the
    factors: they turn the first sum into the one that this module's loss needs. The 1 in the last sum, which this loss
    does not have, becomes negligible by SCALE.

    Steps are taken in coordinates where the first sum is about the identity (whitening), so that fewer are needed.

    Attributes:
        factors: Factors of each row, (n, factors) float32.
        groups: The rows by their regularization.
        unobserved: Weight of a pair that was not observed.
        regularization: Geometric mean of the rows' regularization.
    """

    factors: Factors
    groups: list[_Group]
    unobserved: float
    regularization: float

    @classmethod
    def of(cls, observed: sparse.csr_matrix, levels: NDArray[np.float64], factors: int, unobserved: float) -> _Side:
        """The rows of ``observed`` (n, m), sorted by their ``levels`` (n,), with factors of 0."""
        confidence = observed * np.float32(SCALE)
        confidence.data += np.float32(1)
        firsts = np.flatnonzero(np.diff(levels, prepend=np.nan))
        groups = [
            _Group(slice(first, last), confidence[first:last], float(REGULARIZATION_STEP ** levels[first]))
            for first, last in itertools.pairwise([*firsts.tolist(), len(levels)])
        ]
        mean = float(REGULARIZATION_STEP ** levels.mean()) if groups else 0.0
        return cls(np.zeros((len(levels), factors), np.float32), groups, unobserved, mean)

    def without(self, dropout: float, rng: np.random.Generator) -> _Side:
        """The same rows and factors, without a random share of the observations."""
        if not dropout:
            return self
        return replace(self, groups=[group.without(dropout, rng) for group in self.groups])

    def improve(self, others: _Side) -> None:
        """Move the factors towards the optimum given those of the other side, in place."""
        if not self.groups:
            return
        n_others, factors = others.factors.shape
        gram = (others.factors.T @ others.factors).astype(np.float64)
        root = _root(self.unobserved * gram + self.regularization * np.eye(factors))
        inverse = np.linalg.inv(root)
        gram, identity = inverse.T @ gram @ inverse, inverse.T @ inverse
        stacked = np.empty((n_others + factors, factors), np.float32)
        np.matmul(others.factors, inverse.astype(np.float32), out=stacked[:n_others])
        whitened = self.factors @ root.T.astype(np.float32)
        step = _solver()
        for group in self.groups:
            target = SCALE * (self.unobserved * gram + group.regularization * identity)
            stacked[n_others:] = _root(target - gram)
            step(group.confidence, whitened[group.rows], stacked, 0.0)
        np.matmul(whitened, inverse.T.astype(np.float32), out=self.factors)


def _solver() -> Callable[..., None]:
    """A function of confidences, factors to improve in place, those of the other side, and a regularization."""
    model = AlternatingLeastSquares()
    model.cg_steps = STEPS
    solver: Callable[..., None] = model.solver
    return solver


def _root(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """``R`` with ``R' R = matrix``, both (n, n)."""
    try:
        return np.linalg.cholesky(matrix).T
    except np.linalg.LinAlgError as error:
        raise ModelError(INDEFINITE) from error


@dataclass(frozen=True, slots=True)
class _Basis:
    """Item factors, rotated so that the part of a history's linear system that comes from all pairs is diagonal.

    Attributes:
        rotated: Those factors, (n_items, factors).
        diagonal: That diagonal, the eigenvalues, (factors,).
        axes: The eigenvectors; they rotate a vector back, (factors, factors).
    """

    rotated: Factors
    diagonal: Factors
    axes: Factors

    @classmethod
    def of(cls, items: Factors, unobserved: float) -> _Basis:
        """The basis for item factors (n_items, factors) and the weight of a pair that was not observed."""
        diagonal, axes = np.linalg.eigh(unobserved * (items.T @ items))
        return cls(items @ axes, np.maximum(diagonal, 0), axes)

    def solve(self, observed: sparse.csr_matrix, regularization: NDArray[np.float32]) -> Factors:
        """The optimal factors of the rows of ``observed`` (n, n_items), given their ``regularization`` (n,)."""
        factors = len(self.diagonal)
        solved = np.zeros((observed.shape[0], factors), np.float32)
        diagonal = (self.diagonal + regularization[:, None]).astype(np.float32)
        lengths = np.diff(observed.indptr)
        for row in np.flatnonzero(lengths >= factors):
            events = slice(observed.indptr[row], observed.indptr[row + 1])
            gathered = self.rotated[observed.indices[events]]
            solved[row] = _solve_by_factors(gathered, observed.data[events], diagonal[row])
        for rows in _batches(np.where(lengths < factors, lengths, 0), factors):
            solved[rows] = _solve_by_events(*_gather(observed, rows, self.rotated), diagonal[rows])
        return np.asarray(solved @ self.axes.T)


def _solve_by_factors(gathered: Factors, confidence: Factors, diagonal: Factors) -> Factors:
    """Solve a system of the size of a factor vector: for a row with many events.

    Args:
        gathered: Rotated factors of the row's events, (events, factors).
        confidence: Weight of each event, (events,).
        diagonal: The diagonal of ``_Basis`` plus the regularization, (factors,).
    """
    scaled = np.sqrt(confidence)
    system = blas.ssyrk(1.0, (gathered * scaled[:, None]).T, lower=1)
    system[np.diag_indices_from(system)] += diagonal
    _, solution, failed = lapack.sposv(system, confidence @ gathered, lower=1, overwrite_a=1)
    if failed:
        raise ModelError(INDEFINITE)
    return np.asarray(solution)


def _solve_by_events(gathered: Factors, confidence: Factors, diagonal: Factors) -> Factors:
    """The same for rows with few events, by systems of the size of their events (Woodbury's identity).

    Args:
        gathered: As above, for each row, (n, events, factors).
        confidence: As above, 0 for padding, (n, events).
        diagonal: As above, (n, factors).
    """
    scaled = np.sqrt(confidence)
    events = gathered * scaled[:, :, None]
    over_diagonal = events / diagonal[:, None, :]
    systems = over_diagonal @ events.transpose(0, 2, 1)
    every = np.arange(systems.shape[1])
    systems[:, every, every] += 1
    return np.asarray((np.linalg.solve(systems, scaled[:, :, None]).transpose(0, 2, 1) @ over_diagonal)[:, 0])


def _batches(lengths: NDArray[np.int32], factors: int) -> Iterator[NDArray[np.int64]]:
    """Rows that are not empty, the short ones first, in batches of about BATCH_VALUES values."""
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
    events = first[:, None] + np.arange(int((last - first).max()))
    inside = events < last[:, None]
    events = np.where(inside, events, first[:, None])
    return others[observed.indices[events]], np.where(inside, observed.data[events], 0).astype(np.float32)
