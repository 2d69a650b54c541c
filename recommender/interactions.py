"""What a user did with which product: the one form in which training, publishing and personalise know users.

A user's history holds each product once for each kind of event, at the time of the newest such event. That is what the
sorted set of ``schemas.redis_keys.history`` holds, so a list that training publishes and one that personalise makes of
the same events are the same.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from recommender.models.base import Histories

KIND_WEIGHTS: Final[Mapping[str, float]] = {
    "view_item": 1.0,
    "select_item": 1.0,
    "add_to_wishlist": 2.0,
    "add_to_cart": 3.0,
    "purchase": 5.0,
}
"""How much an event says of its user's taste, by its kind; other kinds say nothing of a product."""

KINDS: Final = tuple(KIND_WEIGHTS)
"""The kinds by their number."""

PURCHASE: Final = KINDS.index("purchase")

_NUMBERS: Final = {kind: number for number, kind in enumerate(KINDS)}
_WEIGHTS: Final = np.array(list(KIND_WEIGHTS.values()), np.float32)
_MILLISECONDS: Final = 1000.0


@dataclass(frozen=True, slots=True)
class UserHistories:
    """Histories, and what kind each of their events is of.

    Attributes:
        histories: What each user did, the oldest event first.
        kinds: Numbers of the events' kinds, places in KINDS, (n_events,) int8.
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
    """Users of the training data whose lists are published.

    Attributes:
        ids: Their ids, sorted.
        done: What each did.
    """

    ids: Sequence[str]
    done: UserHistories


def histories_of(members: Iterable[Iterable[tuple[str, float]]], item_numbers: Mapping[str, int]) -> UserHistories:
    """Histories from what their sorted sets hold.

    Args:
        members: For each user the members of the set with their scores: ``kind:product_id``, milliseconds.
        item_numbers: The products that the model knows, with their numbers; others are left out.
    """
    owners, kinds, items, times = [], [], [], []
    count = 0
    for owner, found in enumerate(members):
        count += 1
        for member, time_ms in found:
            kind, _, product_id = member.partition(":")
            number = item_numbers.get(product_id)
            if number is not None and kind in _NUMBERS:
                owners.append(owner)
                kinds.append(_NUMBERS[kind])
                items.append(number)
                times.append(time_ms / _MILLISECONDS)
    return in_order(
        count, np.array(owners, np.int64), np.array(items, np.int32), np.array(kinds, np.int8), np.array(times)
    )


def in_order(
    n_users: int,
    owners: NDArray[np.int64],
    items: NDArray[np.int32],
    kinds: NDArray[np.int8],
    times: NDArray[np.float64],
) -> UserHistories:
    """Events as histories: by time, and where times are equal by kind and item, so that no order of arrival matters.

    Args:
        n_users: How many histories there are.
        owners: The user of each event, (n_events,) int64.
        items: Its item, (n_events,) int32.
        kinds: Its kind, (n_events,) int8.
        times: Its time in seconds since the epoch, (n_events,) float64.
    """
    order = np.lexsort((items, kinds, times, owners))
    offsets = np.concatenate([[0], np.cumsum(np.bincount(owners, minlength=n_users))]).astype(np.int64)
    done = Histories(offsets, items[order], _WEIGHTS[kinds[order]], times[order].astype(np.float64))
    return UserHistories(done, kinds[order])


def merged(users: KnownUsers, newer: KnownUsers) -> KnownUsers:
    """The users of both, as the second knows them where it knows an event of theirs, else as the first does."""
    told = {user_id for user_id, length in zip(newer.ids, newer.done.histories.lengths, strict=True) if length}
    if not told:
        return users
    kept = np.array([user_id not in told for user_id in users.ids], bool)
    parts = (users, kept), (newer, newer.done.histories.lengths > 0)
    ids = [user_id for part, rows in parts for user_id in itertools.compress(part.ids, rows.tolist())]
    order = np.argsort(np.array(ids, object), kind="stable") if ids else np.zeros(0, np.int64)
    place = np.empty(len(ids), np.int64)
    place[order] = np.arange(len(ids))
    columns = [_columns(part.done, rows) for part, rows in parts]
    owners = np.concatenate([columns[0][0], columns[1][0] + int(kept.sum())])
    items, kinds, times = (np.concatenate([column[index] for column in columns]) for index in (1, 2, 3))
    return KnownUsers([ids[row] for row in order], in_order(len(ids), place[owners], items, kinds, times))


def newest_of_each(done: UserHistories) -> UserHistories:
    """The newest event of each user, kind and item: what a sorted set keeps of the same events."""
    histories = done.histories
    owners = histories.owners
    order = np.lexsort((-histories.times, histories.items, done.kinds, owners))
    keys = np.stack([owners[order], done.kinds[order], histories.items[order]])
    first = np.ones(len(order), bool)
    first[1:] = (keys[:, 1:] != keys[:, :-1]).any(axis=0)
    kept = order[first]
    return in_order(len(done), owners[kept], histories.items[kept], done.kinds[kept], histories.times[kept])


def _columns(
    done: UserHistories, rows: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.int8], NDArray[np.float64]]:
    """Owners (numbered anew), items, kinds and times of the events of some users."""
    histories = done.histories
    kept = rows[histories.owners]
    owners = (np.cumsum(rows) - 1)[histories.owners[kept]]
    return owners, histories.items[kept], done.kinds[kept], histories.times[kept]
