"""iALS: factors of users and items for implicit feedback (Hu, Koren and Volinsky 2008), as its authors tune it today.

The loss is that of Rendle et al. 2021, "Revisiting the performance of iALS on item recommendation benchmarks"::

    sum over observed (u, i): c_ui (1 - w_u h_i)^2  +  unobserved * sum over all (u, i): (w_u h_i)^2
    + regularization * (sum over u: f_u |w_u|^2 + sum over i: f_i |h_i|^2)
    where f_u = (sum over i: c_ui  +  unobserved * n_items) ^ frequency_power, and f_i alike

A fit alternates by the conjugate gradients of ``implicit`` (Takács et al. 2011), which has one regularization for all
rows and the loss of 2008; ``_Side`` says how it is made to follow this one, and to need fewer steps. A history is
folded in exactly, by the smaller of its two systems, short ones in batches: what a user is recommended depends on
nothing but the history.

An item is recommended to those whose history lacks it, but fitted to those whose history has it. So a share of what
was observed, drawn anew each time, may drop out when users are solved for, though not when items are: as a denoising
autoencoder learns to complete what it is given (Vincent et al. 2008; for linear ones Steck 2020).

Where a fit ends depends on where it starts. Fits from several starts err differently, and their mean errs less than one
fit of as many factors as they have together (bagging, Breiman 1996).
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
"""Float32 values of the factors gathered for a batch of rows: as many as a processor's cache holds a few copies of."""

PULL_STEP: Final = 1.5
"""Rows are fitted together whose pulls to zero round to the same power of it: off by 23 % at the most."""

STEPS: Final = 2
"""Of conjugate gradients, each time that a side is solved for; ``implicit`` takes 3, in coordinates that need more."""

SCALE: Final = 2.0**16
"""Of the loss as ``implicit`` is given it, so that the 1 in the loss of 2008 weighs next to nothing."""

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
        dropout: Share of the events that users are solved for without, while the items are fitted.
        iterations: Times that users and items are solved for.
        starts: Fits, each from first factors of its own, whose mean is what an item scores.
        recency: Exponent of the place of an event, counted back from the newest, when a history is folded in.
        half_life_seconds: Age at which an event of the history says half.
        seed: Of the first factors of all starts, and of what drops out.
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
        """What it was made with."""
        return parameters_of(self)

    def fit(self, training: Training) -> Self:
        """Alternate from each start; the factors of the items are what stays."""
        by_user = training.histories.matrix(training.n_items)
        by_item = transposed(by_user)
        user_levels, item_levels = self._levels(by_user), self._levels(by_item)
        by_level = np.argsort(item_levels, kind="stable")
        by_item = by_item[by_level][:, np.argsort(user_levels, kind="stable")]
        users = _Side.of(transposed(by_item), np.sort(user_levels), self.factors, self.unobserved)
        items = _Side.of(by_item, np.sort(item_levels), self.factors, self.unobserved)
        lot = np.random.default_rng(self.seed)
        fitted = np.empty((training.n_items, self.starts * self.factors), np.float32)
        for found in np.split(fitted, self.starts, axis=1):
            first = lot.standard_normal((training.n_items, self.factors)) * (0.1 / np.sqrt(self.factors))
            users.factors[:], items.factors[:] = 0, first[by_level]
            with threadpool_limits(1, "blas"):
                for _ in range(self.iterations):
                    users.without(self.dropout, lot).improve(items)
                    items.improve(users)
            found[by_level] = items.factors
        return self.restore({"items": fitted})

    def fold_in(self, histories: Histories) -> Factors:
        """Factors of each history, start by start, (n, starts * factors) float32; zeros for an empty one."""
        weights = Recency(self.recency, self.half_life_seconds).weights(histories)
        observed = histories.matrix(len(self._items), weights)
        pulls = self._pulls(observed)
        return np.hstack([basis.solve(observed, pulls) for basis in self._bases])

    def score(self, histories: Histories) -> NDArray[np.float32]:
        """Products of the folded-in factors with those of the items, on average over the starts."""
        return (self.fold_in(histories) / np.float32(self.starts)) @ self._items.T

    def similar(self, items: NDArray[np.int32]) -> NDArray[np.float32]:
        """Cosines of the factors."""
        return np.asarray(self._directions[items] @ self._directions.T, np.float32)

    def arrays(self) -> Arrays:
        """The factors of the items, start by start, (n_items, starts * factors) float32."""
        return {"items": self._items}

    def restore(self, arrays: Arrays) -> Self:
        """Take over factors of the items."""
        self._items = arrays["items"]
        norms = np.maximum(np.linalg.norm(self._items, axis=1), np.finfo(np.float32).tiny)
        self._directions = self._items / norms[:, None]
        self._bases = [_Basis.of(items, self.unobserved) for items in np.split(self._items, self.starts, axis=1)]
        return self

    def _pulls(self, observed: sparse.csr_matrix) -> NDArray[np.float32]:
        """How strongly the factors of each row of ``observed`` (n, m) are pulled to zero, (n,)."""
        known = np.asarray(observed.sum(axis=1), np.float32).ravel()
        frequency = (known + self.unobserved * observed.shape[1]) ** self.frequency_power
        return np.asarray(self.regularization * frequency, np.float32)

    def _levels(self, observed: sparse.csr_matrix) -> NDArray[np.float64]:
        """The power of PULL_STEP that the pull of each row is rounded to, (n,)."""
        pulls = np.maximum(self._pulls(observed), np.finfo(np.float32).tiny)
        return np.asarray(np.rint(np.log(pulls) / np.log(PULL_STEP)))


@dataclass(frozen=True, slots=True)
class _Group:
    """Rows that are pulled to zero alike.

    Attributes:
        rows: Where they are among those of their side.
        confidence: The weights of what was observed, as ``implicit`` takes them, (n, m) sparse.
        pull: How strongly they are pulled.
    """

    rows: slice
    confidence: sparse.csr_matrix
    pull: float

    def without(self, dropout: float, lot: np.random.Generator) -> _Group:
        """The same rows, with what drops out as if nobody had observed it."""
        kept = lot.random(self.confidence.nnz) >= dropout
        thinned = np.where(kept, self.confidence.data, np.float32(1))
        return replace(self, confidence=with_values(self.confidence, thinned))


@dataclass(frozen=True, slots=True)
class _Side:
    """Users, or items, as ``implicit`` fits them.

    Given factors ``y`` and confidences ``1 + c``, it takes steps towards the solution of ``(sum over all: y y' + sum
    over observed: c y y') x = sum over observed: (1 + c) y``. Rows that nobody has observed, below the factors, make
    the first sum what this module's loss asks for; that has no 1 in the last sum, which vanishes as the rest grows.

    Steps are taken in coordinates where the first sum is about the identity, so that fewer of them come as near.

    Attributes:
        factors: Of each row, (n, factors) float32.
        groups: The rows.
        unobserved: What a pair that was not observed weighs.
        pull: How strongly rows are pulled to zero, on (geometric) average.
    """

    factors: Factors
    groups: list[_Group]
    unobserved: float
    pull: float

    @classmethod
    def of(cls, observed: sparse.csr_matrix, levels: NDArray[np.float64], factors: int, unobserved: float) -> _Side:
        """The rows of ``observed`` (n, m), sorted by their ``levels`` (n,), with factors of 0."""
        confidence = observed * np.float32(SCALE)
        confidence.data += np.float32(1)
        firsts = np.flatnonzero(np.diff(levels, prepend=np.nan))
        groups = [
            _Group(slice(first, last), confidence[first:last], float(PULL_STEP ** levels[first]))
            for first, last in itertools.pairwise([*firsts.tolist(), len(levels)])
        ]
        average = float(PULL_STEP ** levels.mean()) if groups else 0.0
        return cls(np.zeros((len(levels), factors), np.float32), groups, unobserved, average)

    def without(self, dropout: float, lot: np.random.Generator) -> _Side:
        """The same rows, with the same factors, and a share of what was observed drawn by lot left out."""
        if not dropout:
            return self
        return replace(self, groups=[group.without(dropout, lot) for group in self.groups])

    def improve(self, others: _Side) -> None:
        """Move the factors towards the best ones given those of the other side, in place."""
        if not self.groups:
            return
        n_others, factors = others.factors.shape
        gram = (others.factors.T @ others.factors).astype(np.float64)
        root = _root(self.unobserved * gram + self.pull * np.eye(factors))
        back = np.linalg.inv(root)
        gram, pulled = back.T @ gram @ back, back.T @ back
        stacked = np.empty((n_others + factors, factors), np.float32)
        np.matmul(others.factors, back.astype(np.float32), out=stacked[:n_others])
        moved = self.factors @ root.T.astype(np.float32)
        step = _solver()
        for group in self.groups:
            wanted = SCALE * (self.unobserved * gram + group.pull * pulled)
            stacked[n_others:] = _root(wanted - gram)
            step(group.confidence, moved[group.rows], stacked, 0.0)
        np.matmul(moved, back.T.astype(np.float32), out=self.factors)


def _solver() -> Callable[..., None]:
    """What takes STEPS, given confidences, the factors to move, those of the other side and a regularization."""
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
    """Factors of the items, rotated so that what all pairs add to the system of a history is a diagonal.

    Attributes:
        rotated: Those factors, (n_items, factors).
        strengths: That diagonal, (factors,).
        axes: What takes a rotated vector back, (factors, factors).
    """

    rotated: Factors
    strengths: Factors
    axes: Factors

    @classmethod
    def of(cls, items: Factors, unobserved: float) -> _Basis:
        """The basis of factors (n_items, factors), where a pair that was not observed weighs ``unobserved``."""
        strengths, axes = np.linalg.eigh(unobserved * (items.T @ items))
        return cls(items @ axes, np.maximum(strengths, 0), axes)

    def solve(self, observed: sparse.csr_matrix, pulls: NDArray[np.float32]) -> Factors:
        """The best factors of the rows of ``observed`` (n, n_items), pulled to zero as ``pulls`` (n,) says."""
        factors = len(self.strengths)
        solved = np.zeros((observed.shape[0], factors), np.float32)
        shared = (self.strengths + pulls[:, None]).astype(np.float32)
        lengths = np.diff(observed.indptr)
        for row in np.flatnonzero(lengths >= factors):
            events = slice(observed.indptr[row], observed.indptr[row + 1])
            gathered = self.rotated[observed.indices[events]]
            solved[row] = _solve_by_factors(gathered, observed.data[events], shared[row])
        for rows in _batches(np.where(lengths < factors, lengths, 0), factors):
            solved[rows] = _solve_by_events(*_gather(observed, rows, self.rotated), shared[rows])
        return np.asarray(solved @ self.axes.T)


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
