"""Session-kNN: items of the past sessions most similar to the current one.

VSKNN (Ludewig and Jannach 2018): newer clicks of the current session and rarer items weigh more in the similarity of
two sessions. STAN (Garg et al. 2019): newer past sessions weigh more, and so do items of a past session that are close
to the item that it shares with the current one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, ClassVar, Final, Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from recommender.models.base import Arrays, Histories, Training, parameters_of
from recommender.models.sparse_matrices import dense

PAIRS_AT_ONCE: Final = 2_000_000
"""Pairs of a clicked item and a past session in memory at a time."""


@dataclass(frozen=True, slots=True)
class _Sessions:
    """Past sessions with each item once, at the position of its newest event; and an index of them by item.

    Attributes:
        offsets: Where each session begins in ``items`` and ``positions``, (n_sessions + 1,) int64.
        items: Item indices, (n_pairs,) int32.
        positions: Position of the item's newest event in its session, (n_pairs,) int32.
        weights: Largest weight of the item's events in the session, (n_pairs,) float32.
        session_weights: Weight of each session as a neighbour, (n_sessions,) float32.
        item_offsets: Where each item begins in ``pairs``, (n_items + 1,) int64.
        pairs: For each item the indices of its newest sessions in the arrays above, int64.
        owners: The session of each pair, (n_pairs,) int64.
        rarity: Weight of a shared item, (n_items,) float32.
    """

    offsets: NDArray[np.int64]
    items: NDArray[np.int32]
    positions: NDArray[np.int32]
    weights: NDArray[np.float32]
    session_weights: NDArray[np.float32]
    item_offsets: NDArray[np.int64]
    pairs: NDArray[np.int64]
    owners: NDArray[np.int64]
    rarity: NDArray[np.float32]


@dataclass(slots=True)
class SessionKnn:
    """Scores items by the past sessions most similar to the current one; items near the shared ones count most.

    Attributes:
        neighbours: Number of past sessions that are used.
        sessions_per_item: Newest sessions with an item that are considered.
        last_items: Newest events of a history that are considered.
        click_decay: Weight of a click relative to the next newer one, over 0 up to 1.
        similarity_power: Exponent of the similarity of two sessions; over 1 the most similar weigh more.
        half_life_seconds: Age at which a past session counts half, from the newest event of all; None for no decay.
        length_power: Exponent of a past session's number of items by which its weight is divided.
        rarity_power: Exponent of an item's log inverse share of sessions.
        reach: Distance from the shared item at which an item counts 1/e; None for no decay by distance.
        own_share: Share of its session's weight that the shared item itself gets.
        gap_seconds: A history is cut into sessions where it pauses for longer; None for never.
    """

    neighbours: int = 200
    sessions_per_item: int = 1000
    last_items: int = 50
    click_decay: float = 0.7
    similarity_power: float = 2.0
    half_life_seconds: float | None = None
    length_power: float = 0.25
    rarity_power: float = 1.5
    reach: float | None = 4.0
    own_share: float = 0.7
    gap_seconds: float | None = None
    _sessions: _Sessions = field(init=False, repr=False)

    name: ClassVar[str] = "session_knn"

    @property
    def parameters(self) -> Mapping[str, Any]:
        """Its hyperparameters."""
        return parameters_of(self)

    def fit(self, training: Training) -> Self:
        """Keep the sessions, and index them by item."""
        sessions = training.histories if self.gap_seconds is None else training.histories.split(self.gap_seconds)
        sessions = sessions.take(np.argsort(_newest_times(sessions), kind="stable"))
        pairs = _newest_events(sessions, training.n_items)
        counts = np.bincount(sessions.owners[pairs], minlength=len(sessions))
        return self._index(
            {
                "offsets": np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
                "items": sessions.items[pairs],
                "positions": (pairs - sessions.offsets[sessions.owners[pairs]]).astype(np.int32),
                "weights": _largest_weights(sessions, training.n_items),
                "session_weights": self._session_weights(_newest_times(sessions), counts),
                "rarity": self._rarity(sessions.items[pairs], len(sessions), training.n_items),
            }
        )

    def score(self, histories: Histories) -> NDArray[np.float32]:
        """Sum of the weights of the nearest sessions that have an item."""
        parts = [dense(self._scored(part)) for part in self._parts(histories.newest(self.last_items))]
        return np.concatenate(parts) if parts else np.zeros((0, len(self._sessions.rarity)), np.float32)

    def arrays(self) -> Arrays:
        """The past sessions; the index by item is made of them again."""
        names = ("offsets", "items", "positions", "weights", "session_weights", "rarity")
        return {name: getattr(self._sessions, name) for name in names}

    def restore(self, arrays: Arrays) -> Self:
        """Restore the fitted state."""
        return self._index(arrays)

    def _index(self, arrays: Arrays) -> Self:
        items, lengths = arrays["items"], np.diff(arrays["offsets"])
        counts = np.bincount(items, minlength=len(arrays["rarity"]))
        newer = np.repeat(np.cumsum(counts), counts) - 1 - np.arange(len(items))
        pairs = np.argsort(items, kind="stable")[newer < self.sessions_per_item]
        kept = np.minimum(counts, self.sessions_per_item)
        offsets = np.concatenate([[0], np.cumsum(kept)]).astype(np.int64)
        self._sessions = _Sessions(
            item_offsets=offsets, pairs=pairs, owners=np.repeat(np.arange(len(lengths)), lengths), **arrays
        )
        return self

    def _session_weights(self, newest: NDArray[np.float64], counts: NDArray[np.int64]) -> NDArray[np.float32]:
        weights = np.maximum(counts, 1.0) ** -self.length_power
        if self.half_life_seconds is not None:
            weights = weights * 0.5 ** ((newest.max(initial=0.0) - newest) / self.half_life_seconds)
        return weights.astype(np.float32)

    def _rarity(self, items: NDArray[np.int32], n_sessions: int, n_items: int) -> NDArray[np.float32]:
        counts = np.bincount(items, minlength=n_items)
        return np.asarray(np.log1p(n_sessions / np.maximum(counts, 1)) ** self.rarity_power, np.float32)

    def _parts(self, histories: Histories) -> Iterator[Histories]:
        """The histories in batches of about PAIRS_AT_ONCE pairs."""
        sessions_of_event = np.diff(self._sessions.item_offsets)[histories.items]
        batches = np.concatenate([[0], np.cumsum(sessions_of_event)])[histories.offsets[1:]] // PAIRS_AT_ONCE
        bounds = [0, *(np.flatnonzero(np.diff(batches, append=-1)) + 1).tolist()]
        for first, last in pairwise(bounds):
            yield histories.slice(first, last)

    def _scored(self, histories: Histories) -> sparse.csr_matrix:
        """(len(histories), n_items) sparse."""
        past = self._sessions
        cases, sessions, shared, weights = self._nearest(histories)
        lengths = np.diff(past.offsets)[sessions]
        pairs = ranges(past.offsets[sessions], lengths)
        scores = np.repeat(weights, lengths) * past.weights[pairs]
        distances = np.abs(past.positions[pairs] - np.repeat(shared, lengths))
        if self.reach is not None:
            scores = scores * np.exp(distances / -self.reach)
        scores = np.where(distances == 0, scores * self.own_share, scores).astype(np.float32)
        shape = (len(histories), len(past.rarity))
        return sparse.csr_matrix((scores, (np.repeat(cases, lengths), past.items[pairs])), shape=shape)

    def _nearest(
        self, histories: Histories
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int32], NDArray[np.float64]]:
        """The nearest sessions of each history: case, session, position of the newest shared item in it, weight."""
        past = self._sessions
        clicks = _newest_events(histories, len(past.rarity))
        clicked, ranks = histories.items[clicks], histories.reverse_positions[clicks]
        click_weights = self.click_decay**ranks * past.rarity[clicked] * _largest_weights(histories, len(past.rarity))
        counts = np.diff(past.item_offsets)[clicked]
        pairs = past.pairs[ranges(past.item_offsets[clicked], counts)]
        owners, ranks = np.repeat(histories.owners[clicks], counts), np.repeat(ranks, counts)
        keys = owners * len(past.session_weights) + past.owners[pairs]
        order = np.lexsort((ranks, keys))
        firsts = _firsts(keys[order])
        newest = order[firsts]
        cases, sessions = owners[newest], past.owners[pairs[newest]]
        similarity = np.add.reduceat(np.repeat(click_weights, counts)[order], firsts) if len(firsts) else np.zeros(0)
        weights = similarity**self.similarity_power * past.session_weights[sessions]
        best = _best_of_each(cases, weights, self.neighbours)
        return cases[best], sessions[best], past.positions[pairs[newest]][best], weights[best]


def ranges(starts: NDArray[np.int64], lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    """The integers ``start, start + 1, ...`` of each range, one range after the other."""
    ends = np.cumsum(lengths)
    return np.asarray(np.arange(ends[-1] if len(ends) else 0) + np.repeat(starts - (ends - lengths), lengths))


def _newest_times(sessions: Histories) -> NDArray[np.float64]:
    """The time of each session's newest event; minus infinity where there is none."""
    times = np.full(len(sessions), -np.inf)
    filled = sessions.lengths > 0
    times[filled] = sessions.times[sessions.offsets[1:][filled] - 1]
    return times


def _newest_events(histories: Histories, n_items: int) -> NDArray[np.int64]:
    """Events that are the newest of their item in their history; ordered by history and item."""
    keys = histories.owners * n_items + histories.items
    order = np.argsort(keys, kind="stable")
    return np.asarray(order[np.diff(keys[order], append=-1) != 0])


def _largest_weights(histories: Histories, n_items: int) -> NDArray[np.float32]:
    """Largest weight of an item's events in a history; ordered by history and item."""
    keys = histories.owners * n_items + histories.items
    order = np.argsort(keys, kind="stable")
    firsts = _firsts(keys[order])
    return np.maximum.reduceat(histories.weights[order], firsts) if len(firsts) else np.zeros(0, np.float32)


def _firsts(keys: NDArray[np.int64]) -> NDArray[np.int64]:
    """Where each new value of sorted keys begins."""
    return np.flatnonzero(np.diff(keys, prepend=-1) != 0)


def _best_of_each(cases: NDArray[np.int64], weights: NDArray[np.float64], k: int) -> NDArray[np.int64]:
    """The indices of the ``k`` largest weights of each case; cases are sorted."""
    order = np.lexsort((-weights, cases))
    firsts = _firsts(cases)
    ranks = np.arange(len(cases)) - np.repeat(firsts, np.diff(firsts, append=len(cases)))
    return np.asarray(order[ranks < k])
