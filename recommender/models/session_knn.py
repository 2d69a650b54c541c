"""Session-kNN: what came in the past sessions that share most with this one.

VSKNN (Ludewig and Jannach 2018): the newer clicks of the session at hand and the rarer items say more about which past
sessions are near. STAN (Garg et al. 2019): so do newer past sessions, and what a near session has close to the click
it shares says more than what it has far from it.
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

VISITS_AT_ONCE: Final = 2_000_000
"""Pairs of a clicked item and a past session that are held at a time."""


@dataclass(frozen=True, slots=True)
class _Sessions:
    """Past sessions, each item once a session, at the place of its newest event; and the same by item.

    Attributes:
        offsets: Where each session begins in ``items`` and ``places``, (n_sessions + 1,) int64.
        items: Item numbers, (n_pairs,) int32.
        places: Place of the item's newest event in its session, (n_pairs,) int32.
        weights: The most that the item's events in this session weigh, (n_pairs,) float32.
        worth: What a session counts as a neighbour, (n_sessions,) float32.
        item_offsets: Where each item begins in ``pairs``, (n_items + 1,) int64.
        pairs: Places in the arrays above of an item's newest sessions, int64.
        owners: The session of each pair, (n_pairs,) int64.
        rarity: What a match of each item counts, (n_items,) float32.
    """

    offsets: NDArray[np.int64]
    items: NDArray[np.int32]
    places: NDArray[np.int32]
    weights: NDArray[np.float32]
    worth: NDArray[np.float32]
    item_offsets: NDArray[np.int64]
    pairs: NDArray[np.int64]
    owners: NDArray[np.int64]
    rarity: NDArray[np.float32]


@dataclass(slots=True)
class SessionKnn:
    """Past sessions like the one at hand, the items near the shared ones counting most.

    Attributes:
        neighbours: Past sessions that have a say.
        sessions_per_item: Newest sessions with an item that are looked at.
        last_items: Newest events of a history that are looked at.
        click_decay: What a click counts against the one that came after it, over 0 up to 1.
        similarity_power: Exponent of the likeness of two sessions; over 1 the nearest have more of the say.
        half_life_seconds: Age at which a past session counts half, from the newest event of all; None for no decay.
        length_power: Exponent of a past session's number of items by which its say is divided.
        rarity_power: Exponent of an item's log inverse share of sessions.
        reach: Places from the shared click at which an item counts 1/e; None for the same anywhere.
        own_share: What the shared item itself gets of the say of its session.
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
        """What it was made with."""
        return parameters_of(self)

    def fit(self, training: Training) -> Self:
        """Keep the sessions, and find the newest of each item."""
        sessions = training.histories if self.gap_seconds is None else training.histories.split(self.gap_seconds)
        sessions = sessions.take(np.argsort(_newest_times(sessions), kind="stable"))
        pairs = _newest_events(sessions, training.n_items)
        counts = np.bincount(sessions.owners[pairs], minlength=len(sessions))
        return self._index(
            {
                "offsets": np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
                "items": sessions.items[pairs],
                "places": (pairs - sessions.offsets[sessions.owners[pairs]]).astype(np.int32),
                "weights": _most_weight(sessions, training.n_items),
                "worth": self._worth(_newest_times(sessions), counts),
                "rarity": self._rarity(sessions.items[pairs], len(sessions), training.n_items),
            }
        )

    def score(self, histories: Histories) -> NDArray[np.float32]:
        """The say of the near sessions, summed over the sessions that have an item."""
        parts = [dense(self._scored(part)) for part in self._parts(histories.newest(self.last_items))]
        return np.concatenate(parts) if parts else np.zeros((0, len(self._sessions.rarity)), np.float32)

    def arrays(self) -> Arrays:
        """The sessions kept, all of them; what is found by item follows from that."""
        kept = ("offsets", "items", "places", "weights", "worth", "rarity")
        return {name: getattr(self._sessions, name) for name in kept}

    def restore(self, arrays: Arrays) -> Self:
        """Take over sessions."""
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

    def _worth(self, newest: NDArray[np.float64], counts: NDArray[np.int64]) -> NDArray[np.float32]:
        worth = np.maximum(counts, 1.0) ** -self.length_power
        if self.half_life_seconds is not None:
            worth = worth * 0.5 ** ((newest.max(initial=0.0) - newest) / self.half_life_seconds)
        return worth.astype(np.float32)

    def _rarity(self, items: NDArray[np.int32], n_sessions: int, n_items: int) -> NDArray[np.float32]:
        counts = np.bincount(items, minlength=n_items)
        return np.asarray(np.log1p(n_sessions / np.maximum(counts, 1)) ** self.rarity_power, np.float32)

    def _parts(self, histories: Histories) -> Iterator[Histories]:
        """The histories, as many at a time as memory is meant for."""
        visits = np.diff(self._sessions.item_offsets)[histories.items]
        lots = np.concatenate([[0], np.cumsum(visits)])[histories.offsets[1:]] // VISITS_AT_ONCE
        bounds = [0, *(np.flatnonzero(np.diff(lots, append=-1)) + 1).tolist()]
        for first, last in pairwise(bounds):
            yield histories.slice(first, last)

    def _scored(self, histories: Histories) -> sparse.csr_matrix:
        """(len(histories), n_items) sparse."""
        kept = self._sessions
        cases, sessions, shared, likeness = self._near(histories)
        lengths = np.diff(kept.offsets)[sessions]
        pairs = ranges(kept.offsets[sessions], lengths)
        says = np.repeat(likeness, lengths) * kept.weights[pairs]
        distances = np.abs(kept.places[pairs] - np.repeat(shared, lengths))
        if self.reach is not None:
            says = says * np.exp(distances / -self.reach)
        says = np.where(distances == 0, says * self.own_share, says).astype(np.float32)
        shape = (len(histories), len(kept.rarity))
        return sparse.csr_matrix((says, (np.repeat(cases, lengths), kept.items[pairs])), shape=shape)

    def _near(
        self, histories: Histories
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int32], NDArray[np.float64]]:
        """The nearest sessions of each history: case, session, place of the newest shared item in it, its say."""
        kept = self._sessions
        clicks = _newest_events(histories, len(kept.rarity))
        clicked, back = histories.items[clicks], histories.reverse_positions[clicks]
        counts = self.click_decay**back * kept.rarity[clicked] * _most_weight(histories, len(kept.rarity))
        visits = np.diff(kept.item_offsets)[clicked]
        pairs = kept.pairs[ranges(kept.item_offsets[clicked], visits)]
        owners, back = np.repeat(histories.owners[clicks], visits), np.repeat(back, visits)
        keys = owners * len(kept.worth) + kept.owners[pairs]
        order = np.lexsort((back, keys))
        firsts = _firsts(keys[order])
        newest = order[firsts]
        cases, sessions = owners[newest], kept.owners[pairs[newest]]
        likeness = np.add.reduceat(np.repeat(counts, visits)[order], firsts) if len(firsts) else np.zeros(0)
        says = likeness**self.similarity_power * kept.worth[sessions]
        chosen = _best_of_each(cases, says, self.neighbours)
        return cases[chosen], sessions[chosen], kept.places[pairs[newest]][chosen], says[chosen]


def ranges(starts: NDArray[np.int64], lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    """The numbers ``start, start + 1, ...`` of each range, one after the other."""
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


def _most_weight(histories: Histories, n_items: int) -> NDArray[np.float32]:
    """The most that an item's events in a history weigh; ordered by history and item."""
    keys = histories.owners * n_items + histories.items
    order = np.argsort(keys, kind="stable")
    firsts = _firsts(keys[order])
    return np.maximum.reduceat(histories.weights[order], firsts) if len(firsts) else np.zeros(0, np.float32)


def _firsts(keys: NDArray[np.int64]) -> NDArray[np.int64]:
    """Where each new value of sorted keys begins."""
    return np.flatnonzero(np.diff(keys, prepend=-1) != 0)


def _best_of_each(cases: NDArray[np.int64], says: NDArray[np.float64], k: int) -> NDArray[np.int64]:
    """The places of the ``k`` largest ``says`` of each case; cases are sorted."""
    order = np.lexsort((-says, cases))
    firsts = _firsts(cases)
    place = np.arange(len(cases)) - np.repeat(firsts, np.diff(firsts, append=len(cases)))
    return np.asarray(order[place < k])
