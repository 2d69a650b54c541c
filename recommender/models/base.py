"""The interface of all models: training data, histories to score, and scores.

A model scores a history (what a user did), never a user id. So the same call scores a user of the training data, a user
who clicked a second ago, an anonymous session, and a test case of an evaluation.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Protocol, Self, runtime_checkable

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

Arrays = dict[str, NDArray[Any]]
"""The whole state of a fitted model, as it is stored."""


@dataclass(frozen=True, slots=True)
class Histories:
    """Sequences of events, one for each user (or session), the oldest event first.

    Attributes:
        offsets: Where each history begins in the other arrays, and where the last one ends, (n + 1,) int64.
        items: Item indices, (n_events,) int32.
        weights: Weight of each event, by its kind, (n_events,) float32; 1 where kinds do not differ.
        times: Event times in seconds since the epoch, (n_events,) float64; the position in the history (0, 1, 2,
            ...) where the data has an order but no times.
    """

    offsets: NDArray[np.int64]
    items: NDArray[np.int32]
    weights: NDArray[np.float32]
    times: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __iter__(self) -> Iterator[NDArray[np.int32]]:
        """The items of each history."""
        for first, last in zip(self.offsets[:-1], self.offsets[1:], strict=True):
            yield self.items[first:last]

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Events of each history, (n,) int64."""
        return np.diff(self.offsets)

    @property
    def owners(self) -> NDArray[np.int64]:
        """Index of each event's history, (n_events,) int64."""
        return np.repeat(np.arange(len(self)), self.lengths)

    @property
    def reverse_positions(self) -> NDArray[np.int64]:
        """How many events of the same history came after each event: 0 for the newest, (n_events,) int64."""
        return self.offsets[1:][self.owners] - 1 - np.arange(len(self.items))

    @property
    def ages_seconds(self) -> NDArray[np.float64]:
        """How long before the newest event of its history each event happened, (n_events,) float64."""
        newest = self.times[np.maximum(self.offsets[1:] - 1, 0)] if len(self.items) else np.zeros(len(self))
        return np.asarray(newest[self.owners] - self.times)

    def matrix(self, n_items: int, values: NDArray[np.float32] | None = None) -> sparse.csr_matrix:
        """Histories by items, (n, n_items) float32: ``values`` (the weights) of an item's events added up."""
        chosen = self.weights if values is None else values
        parts = (chosen, self.items, self.offsets)
        summed = sparse.csr_matrix(parts, shape=(len(self), n_items), dtype=np.float32, copy=True)
        summed.sum_duplicates()  # in place: without the copy it would sort the events of this object
        return summed

    def slice(self, first: int, last: int) -> Histories:
        """The histories from ``first`` up to, not including, ``last``."""
        begin, end = self.offsets[first], self.offsets[min(last, len(self))]
        return Histories(
            self.offsets[first : min(last, len(self)) + 1] - begin,
            self.items[begin:end],
            self.weights[begin:end],
            self.times[begin:end],
        )

    def take(self, rows: NDArray[np.int64]) -> Histories:
        """The histories with these indices, in this order."""
        lengths = self.lengths[rows]
        offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        events = np.arange(offsets[-1]) + np.repeat(self.offsets[rows] - offsets[:-1], lengths)
        return Histories(offsets, self.items[events], self.weights[events], self.times[events])

    def where(self, kept: NDArray[np.bool_]) -> Histories:
        """The same histories with only those events, (n_events,) bool; some may be empty then."""
        counts = np.concatenate([[0], np.cumsum(kept)]).astype(np.int64)
        return Histories(counts[self.offsets], self.items[kept], self.weights[kept], self.times[kept])

    def newest(self, n: int) -> Histories:
        """The newest ``n`` events of each history."""
        return self.where(self.reverse_positions < n)

    def split(self, gap_seconds: float) -> Histories:
        """The same events, a new history where one pauses for longer than ``gap_seconds``; no empty ones."""
        pauses = np.flatnonzero(np.diff(self.times) > gap_seconds) + 1
        return Histories(np.union1d(self.offsets, pauses).astype(np.int64), self.items, self.weights, self.times)

    @classmethod
    def of(cls, histories: Sequence[Sequence[int]]) -> Self:
        """Histories of item indices: every weight is 1, the position is the time."""
        lengths = [len(items) for items in histories]
        return cls(
            np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
            np.array([item for items in histories for item in items], np.int32),
            np.ones(sum(lengths), np.float32),
            np.array([position for length in lengths for position in range(length)], np.float64),
        )


@dataclass(frozen=True, slots=True)
class Training:
    """What a model is fitted to.

    Attributes:
        histories: One for each user or session of the training data.
        n_items: Size of the catalogue; item indices are below it.
        features: Attributes of items (category, brand, price band, words), (n_items, n_features) float32 sparse, or
            None where nothing is known.
        embeddings: Sentence embeddings of the items' texts, (n_items, dimensions) float32, each row of length 1, or 0
            where there is no text; None where none were made.
    """

    histories: Histories
    n_items: int
    features: sparse.csr_matrix | None = None
    embeddings: NDArray[np.float32] | None = None


class Model(Protocol):
    """A recommendation model. ``fit`` with the same data and parameters gives the same state, bit by bit."""

    @property
    def name(self) -> str:
        """Its name in the registry and in reports: ``ials``, ``item_knn``, ..."""
        ...

    @property
    def parameters(self) -> Mapping[str, Any]:
        """Its hyperparameters, as JSON can hold them."""
        ...

    def fit(self, training: Training) -> Self:
        """Fit to training data; returns itself."""
        ...

    def score(self, histories: Histories) -> NDArray[np.float32]:
        """Score of every item for each history, (len(histories), n_items) float32; the higher the better.

        Items of the history are scored too: the caller decides whether they may be recommended again. A history may
        be empty; a model that knows nothing about a history gives zeros.
        """
        ...

    def arrays(self) -> Arrays:
        """The fitted state."""
        ...

    def restore(self, arrays: Arrays) -> Self:
        """Set the fitted state to what ``arrays`` gave; returns itself."""
        ...


@runtime_checkable
class SparseModel(Protocol):
    """A model that gives most items the score 0, and knows which ones without looking at each."""

    def sparse_score(self, histories: Histories) -> sparse.csr_matrix:
        """What ``score`` gives, (len(histories), n_items) float32; what it does not hold is 0."""
        ...


def parameters_of(model: Any) -> dict[str, Any]:
    """The parameters of a model that is a dataclass: its fields that are not fitted state."""
    return {field.name: getattr(model, field.name) for field in fields(model) if field.init}
