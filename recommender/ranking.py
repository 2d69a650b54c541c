"""From a model's scores to the lists that a person sees: the best items that may be recommended, with a reason each.

Publishing, personalise and the hold-out evaluation of the training job all use these lists.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from recommender.interactions import ADD_TO_CART, KINDS, PURCHASE, UserHistories
from recommender.models.base import Model
from recommender.neighbours import NONE, Neighbours, top_items
from schemas.recommendations import Reason, RecommendedItem
from schemas.settings import Settings

BATCH_SCORES: Final = 4_000_000
"""Scores in memory at a time, users of a batch times items: 16 MB, which the allocator keeps for the next batch."""

CAUSES: Final = 10
"""Newest events of a history that may be the reason for a product."""

REASONS: Final = tuple(Reason)
"""Reasons by their index."""

_SIMILAR_TO: Final = {
    "view_item": Reason.SIMILAR_TO_VIEWED,
    "select_item": Reason.SIMILAR_TO_VIEWED,
    "add_to_wishlist": Reason.SIMILAR_TO_CART,
    "add_to_cart": Reason.SIMILAR_TO_CART,
    "purchase": Reason.SIMILAR_TO_BOUGHT,
}
_REASON_OF_KIND: Final = np.array([REASONS.index(_SIMILAR_TO[kind]) for kind in KINDS], np.int8)
_TASTE: Final = REASONS.index(Reason.TASTE)
_BOUGHT_AGAIN: Final = REASONS.index(Reason.BOUGHT_AGAIN)


@dataclass(frozen=True, slots=True)
class Rules:
    """Rules for lists.

    Attributes:
        length: Largest number of products of a list.
        excludes_bought: Whether products that the user has bought are left out; those in the cart always are.
    """

    length: int
    excludes_bought: bool

    @classmethod
    def of(cls, settings: Settings) -> Rules:
        """The rules in the settings."""
        return cls(settings.recommendation_items, settings.recommendation_excludes_bought)


@dataclass(frozen=True, slots=True)
class Ranking:
    """Lists of several users as arrays, the best item first.

    Attributes:
        items: Item indices, NONE behind the end of a list, (n_users, length) int32.
        scores: Their scores, 0 behind the end, (n_users, length) float32.
        reasons: Indices into REASONS, (n_users, length) int8.
        because: The item of the history that is the reason, NONE where none is, (n_users, length) int32.
    """

    items: NDArray[np.int32]
    scores: NDArray[np.float32]
    reasons: NDArray[np.int8]
    because: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.items)

    def items_of(self, row: int, item_ids: Sequence[str]) -> tuple[RecommendedItem, ...]:
        """One list, with the ids of its products."""
        return tuple(
            RecommendedItem(
                item_ids[item],
                float(score),
                REASONS[reason],
                () if cause == NONE else (item_ids[cause],),
            )
            for item, score, reason, cause in zip(
                self.items[row], self.scores[row], self.reasons[row], self.because[row], strict=True
            )
            if item != NONE
        )


def rank(
    model: Model, similar: Neighbours, users: UserHistories, rules: Rules, unavailable: NDArray[np.bool_]
) -> Ranking:
    """The lists of some users.

    Args:
        model: Scores the items.
        similar: Similar items of each item, for the reasons.
        users: Histories of the users.
        rules: Rules for the lists.
        unavailable: Items that must not be recommended to anybody, (n_items,) bool.
    """
    parts = list(rank_in_batches(model, similar, users, rules, unavailable))
    if not parts:
        return _empty(rules.length)
    return Ranking(
        np.concatenate([part.items for part in parts]),
        np.concatenate([part.scores for part in parts]),
        np.concatenate([part.reasons for part in parts]),
        np.concatenate([part.because for part in parts]),
    )


def rank_in_batches(
    model: Model, similar: Neighbours, users: UserHistories, rules: Rules, unavailable: NDArray[np.bool_]
) -> Iterator[Ranking]:
    """The same in batches of at most BATCH_SCORES scores, in the order of the users."""
    size = max(1, BATCH_SCORES // max(1, len(unavailable)))
    for first in range(0, len(users), size):
        yield _rank_batch(model, similar, users.slice(first, first + size), rules, unavailable)


def rank_given(model: Model, similar: Neighbours, users: UserHistories, given: NDArray[np.int32]) -> Ranking:
    """All of some given items in the order of each user, whatever their scores; of equal ones the first given first.

    Args:
        model: Scores the items.
        similar: Similar items of each item, for the reasons.
        users: Histories of the users.
        given: The items, each once, (n_given,) int32.
    """
    scores = model.score(users.histories)[:, given]
    order = np.argsort(-scores, axis=1, kind="stable")
    items = given[order]
    reasons, because = _reasons(items, similar, users)
    return Ranking(items, np.take_along_axis(scores, order, axis=1), reasons, because)


def _rank_batch(
    model: Model, similar: Neighbours, users: UserHistories, rules: Rules, unavailable: NDArray[np.bool_]
) -> Ranking:
    scores = model.score(users.histories)
    scores[:, unavailable] = -np.inf
    excluded = _in_cart(users)
    if rules.excludes_bought:
        excluded |= users.kinds == PURCHASE
    scores[users.histories.owners[excluded], users.histories.items[excluded]] = -np.inf
    items, values = top_items(scores, rules.length)
    reasons, because = _reasons(items, similar, users)
    return Ranking(items, values, reasons, because)


def _in_cart(users: UserHistories) -> NDArray[np.bool_]:
    """Which events put a product into a cart that the user has not bought since, (n_events,) bool."""
    histories = users.histories
    added, bought = (np.flatnonzero(users.kinds == kind) for kind in (ADD_TO_CART, PURCHASE))
    in_cart: NDArray[np.bool_] = users.kinds == ADD_TO_CART
    if len(added) and len(bought):
        keys = histories.owners.astype(np.int64) * (int(histories.items.max()) + 1) + histories.items
        bought = bought[np.lexsort((histories.times[bought], keys[bought]))]
        last = bought[np.searchsorted(keys[bought], keys[added], side="right") - 1]
        is_bought_since = (keys[last] == keys[added]) & (histories.times[last] >= histories.times[added])
        in_cart[added[is_bought_since]] = False
    return in_cart


def _reasons(
    items: NDArray[np.int32], similar: Neighbours, users: UserHistories
) -> tuple[NDArray[np.int8], NDArray[np.int32]]:
    """The strongest of the newest events for each item: its weight times the similarity of the two items is largest."""
    reasons = np.full(items.shape, _TASTE, np.int8)
    because = np.full(items.shape, NONE, np.int32)
    rows, ranks, events, _ = _causes(items, similar, users)
    kinds, causes = users.kinds[events], users.histories.items[events]
    again = (kinds == PURCHASE) & (causes == items[rows, ranks])
    reasons[rows, ranks] = np.where(again, _BOUGHT_AGAIN, _REASON_OF_KIND[kinds])
    because[rows, ranks] = causes
    return reasons, because


def _causes(
    items: NDArray[np.int32], similar: Neighbours, users: UserHistories
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]:
    """Events similar to recommended items, as row, rank, event and strength, the strongest of a rank last."""
    rank_of = _ranks(items, len(similar.items))
    newest = np.flatnonzero(users.histories.reverse_positions < CAUSES)
    owners, seen = users.histories.owners[newest], users.histories.items[newest]
    near = np.concatenate([seen[:, None], similar.items[seen]], axis=1)
    ranks = rank_of.take(owners[:, None] * rank_of.shape[1] + near)
    hit_events, hit_columns = np.nonzero((ranks != NONE) & (near != NONE))
    similarity = _similarity(seen[hit_events], hit_columns - 1, similar)
    strength = similarity * users.histories.weights[newest[hit_events]]
    rows, hit_ranks = owners[hit_events], ranks[hit_events, hit_columns].astype(np.int64)
    order = np.lexsort((newest[hit_events], strength, hit_ranks, rows))
    return rows[order], hit_ranks[order], newest[hit_events][order], strength[order]


def _similarity(seen: NDArray[np.int32], columns: NDArray[np.int64], similar: Neighbours) -> NDArray[np.float32]:
    """Similarity of each of ``seen`` to its neighbour in a column, (n,); column -1 is the item itself: 1."""
    similarity = np.ones(len(seen), np.float32)
    others = columns >= 0
    similarity[others] = similar.scores[seen[others], columns[others]]
    return similarity


def _ranks(items: NDArray[np.int32], n_items: int) -> NDArray[np.int16]:
    """Rank of each item in each list from 0, NONE where it is not in it, (n_users, n_items) int16."""
    rank_of = np.full((len(items), n_items), NONE, np.int16)
    rows, ranks = np.nonzero(items != NONE)
    rank_of[rows, items[rows, ranks]] = ranks
    return rank_of


def _empty(length: int) -> Ranking:
    return Ranking(
        np.zeros((0, length), np.int32),
        np.zeros((0, length), np.float32),
        np.zeros((0, length), np.int8),
        np.zeros((0, length), np.int32),
    )
