"""Interactions of users with products, as training, publishing and personalise all use them.

What counts as one is stated in ``schemas.interactions``. A user's history has each pair of kind and product once, at
the time of the newest such event. The sorted set of ``schemas.redis_keys.history`` gives the same, so training and
personalise make the same list of the same events.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import numpy as np
from numpy.typing import NDArray

from recommender.models.base import Histories
from schemas.interactions import counted

KIND_WEIGHTS: Final[Mapping[str, float]] = {
    "view_item": 1.0,
    "select_item": 1.0,
    "add_to_wishlist": 2.0,
    "add_to_cart": 3.0,
    "purchase": 5.0,
}
"""Weight of an event by its kind; events of other kinds are no interactions."""

KINDS: Final = tuple(KIND_WEIGHTS)
"""The kinds by their index."""

ADD_TO_CART: Final = KINDS.index("add_to_cart")
PURCHASE: Final = KINDS.index("purchase")

_KIND_INDEX: Final = {kind: index for index, kind in enumerate(KINDS)}
_WEIGHTS: Final = np.array(list(KIND_WEIGHTS.values()), np.float32)
_MILLISECONDS: Final = 1000.0


@dataclass(frozen=True, slots=True)
class UserHistories:
    """Histories with the kind of each event.

    Attributes:
        histories: A history for each user, the oldest event first.
        kinds: Kinds of the events as indices into KINDS, (n_events,) int8.
    """

    histories: Histories
    kinds: NDArray[np.int8]

    def __len__(self) -> int:
        return len(self.histories)

    def slice(self, first: int, last: int) -> UserHistories:
        """The users from ``first`` up to, not including, ``last``."""
        begin, end = self.histories.offsets[first], self.histories.offsets[min(last, len(self))]
        return UserHistories(self.histories.slice(first, last), self.kinds[begin:end])


@dataclass(frozen=True, slots=True)
class KnownUsers:
    """Users for whom lists are published.

    Attributes:
        ids: Their ids, sorted.
        interactions: Their histories.
    """

    ids: Sequence[str]
    interactions: UserHistories


def histories_of(sorted_sets: Iterable[Iterable[tuple[str, float]]], item_indices: Mapping[str, int]) -> UserHistories:
    """Histories from the sorted sets of Redis.

    Args:
        sorted_sets: For each user the members of ``schemas.interactions`` with their times, epoch milliseconds.
        item_indices: Item index by product id; products that are not in it are left out.
    """
    owners, kinds, items, times = [], [], [], []
    n_users = 0
    for owner, sorted_set in enumerate(sorted_sets):
        n_users += 1
        for interaction in counted(sorted_set):
            item = item_indices.get(interaction.product_id)
            if item is not None:
                owners.append(owner)
                kinds.append(_KIND_INDEX[interaction.kind])
                items.append(item)
                times.append(interaction.time_ms / _MILLISECONDS)
    return in_order(
        n_users, np.array(owners, np.int64), np.array(items, np.int32), np.array(kinds, np.int8), np.array(times)
    )


def newest_time(sorted_set: Sequence[tuple[str, float]]) -> datetime:
    """When the newest event of a sorted set of Redis happened, which may be one that undoes another; 1970 for none."""
    _, time_ms = sorted_set[-1] if sorted_set else ("", 0.0)
    return datetime.fromtimestamp(time_ms / _MILLISECONDS, UTC)


def in_order(
    n_users: int,
    owners: NDArray[np.int64],
    items: NDArray[np.int32],
    kinds: NDArray[np.int8],
    times: NDArray[np.float64],
) -> UserHistories:
    """Events as histories, sorted by time, then kind, then item, so that the order of arrival does not matter.

    Args:
        n_users: Number of histories.
        owners: The user of each event, (n_events,) int64.
        items: Its item, (n_events,) int32.
        kinds: Its kind, (n_events,) int8.
        times: Its time in seconds since the epoch, (n_events,) float64.
    """
    order = np.lexsort((items, kinds, times, owners))
    offsets = np.concatenate([[0], np.cumsum(np.bincount(owners, minlength=n_users))]).astype(np.int64)
    histories = Histories(offsets, items[order], _WEIGHTS[kinds[order]], times[order].astype(np.float64))
    return UserHistories(histories, kinds[order])


def without(users: KnownUsers, user_ids: Set[str]) -> KnownUsers:
    """The users without some, of whom nothing counts any more."""
    kept = np.array([user_id not in user_ids for user_id in users.ids], bool)
    if kept.all():
        return users
    ids = list(itertools.compress(users.ids, kept.tolist()))
    return KnownUsers(ids, in_order(len(ids), *_columns(users.interactions, kept)))


def merged(users: KnownUsers, newer: KnownUsers) -> KnownUsers:
    """The users of both; a user with a history in ``newer`` has that one, others the one in ``users``."""
    in_newer = {
        user_id for user_id, length in zip(newer.ids, newer.interactions.histories.lengths, strict=True) if length
    }
    if not in_newer:
        return users
    kept = np.array([user_id not in in_newer for user_id in users.ids], bool)
    parts = (users, kept), (newer, newer.interactions.histories.lengths > 0)
    ids = [user_id for part, rows in parts for user_id in itertools.compress(part.ids, rows.tolist())]
    order = np.argsort(np.array(ids, object), kind="stable") if ids else np.zeros(0, np.int64)
    index_of = np.empty(len(ids), np.int64)
    index_of[order] = np.arange(len(ids))
    columns = [_columns(part.interactions, rows) for part, rows in parts]
    owners = np.concatenate([columns[0][0], columns[1][0] + int(kept.sum())])
    items, kinds, times = (np.concatenate([column[index] for column in columns]) for index in (1, 2, 3))
    return KnownUsers([ids[row] for row in order], in_order(len(ids), index_of[owners], items, kinds, times))


def newest_of_each(interactions: UserHistories) -> UserHistories:
    """The newest event of each user, kind and item, as a sorted set keeps it."""
    histories = interactions.histories
    owners = histories.owners
    order = np.lexsort((-histories.times, histories.items, interactions.kinds, owners))
    keys = np.stack([owners[order], interactions.kinds[order], histories.items[order]])
    first = np.ones(len(order), bool)
    first[1:] = (keys[:, 1:] != keys[:, :-1]).any(axis=0)
    kept = order[first]
    return in_order(
        len(interactions), owners[kept], histories.items[kept], interactions.kinds[kept], histories.times[kept]
    )


def _columns(
    interactions: UserHistories, rows: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.int8], NDArray[np.float64]]:
    """Owners (indexed anew), items, kinds and times of the events of some users."""
    histories = interactions.histories
    kept = rows[histories.owners]
    owners = (np.cumsum(rows) - 1)[histories.owners[kept]]
    return owners, histories.items[kept], interactions.kinds[kept], histories.times[kept]
