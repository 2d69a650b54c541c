"""From a model's scores to the lists that a person sees: what may not be in them left out, and why the rest is there.

Publishing and personalise both call ``rank``, and the hold-out evaluation of the training job measures its lists.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from recommender.interactions import KINDS, PURCHASE, UserHistories
from recommender.models.base import Model
from recommender.neighbours import NONE, Neighbours, top_items
from schemas.recommendations import Reason, RecommendedItem
from schemas.settings import Settings

BATCH_SCORES: Final = 4_000_000
"""Scores held at once, users of a batch times items: 16 MB, memory that the allocator keeps for the next batch."""

CAUSES: Final = 10
"""Newest events of a history that may be the reason for a product."""

REASONS: Final = tuple(Reason)
"""Reasons by their number."""

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
    """What a list must be like.

    Attributes:
        length: Products of a list at the most.
        excludes_bought: Whether what a user has bought is left out.
    """

    length: int
    excludes_bought: bool

    @classmethod
    def of(cls, settings: Settings) -> Rules:
        """The rules of an installation."""
        return cls(settings.recommendation_items, settings.recommendation_excludes_bought)


@dataclass(frozen=True, slots=True)
class Ranking:
    """Lists of several users, the best item first, by column.

    Attributes:
        items: Item numbers, NONE behind the end of a list, (n_users, length) int32.
        scores: Their scores, 0 behind the end, (n_users, length) float32.
        reasons: Places in REASONS, (n_users, length) int8.
        because: The item of the history that speaks most for each, NONE where none does, (n_users, length) int32.
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
        similar: Items like each item; tells which event of a history speaks for a recommended one.
        users: What each user did.
        rules: What a list must be like.
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
    """The same, as many users at once as BATCH_SCORES allows, in their order."""
    size = max(1, BATCH_SCORES // max(1, len(unavailable)))
    for first in range(0, len(users), size):
        yield _rank_batch(model, similar, users.slice(first, first + size), rules, unavailable)


def _rank_batch(
    model: Model, similar: Neighbours, users: UserHistories, rules: Rules, unavailable: NDArray[np.bool_]
) -> Ranking:
    scores = model.score(users.histories)
    scores[:, unavailable] = -np.inf
    if rules.excludes_bought:
        bought = users.kinds == PURCHASE
        scores[users.histories.owners[bought], users.histories.items[bought]] = -np.inf
    items, values = top_items(scores, rules.length)
    reasons, because = _reasons(items, similar, users)
    return Ranking(items, values, reasons, because)


def _reasons(
    items: NDArray[np.int32], similar: Neighbours, users: UserHistories
) -> tuple[NDArray[np.int8], NDArray[np.int32]]:
    """Which of the newest events speaks most for each item: its weight times the likeness of the two items."""
    reasons = np.full(items.shape, _TASTE, np.int8)
    because = np.full(items.shape, NONE, np.int32)
    rows, places, events, _ = _causes(items, similar, users)
    kinds, causes = users.kinds[events], users.histories.items[events]
    again = (kinds == PURCHASE) & (causes == items[rows, places])
    reasons[rows, places] = np.where(again, _BOUGHT_AGAIN, _REASON_OF_KIND[kinds])
    because[rows, places] = causes
    return reasons, because


def _causes(
    items: NDArray[np.int32], similar: Neighbours, users: UserHistories
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]:
    """Events that speak for recommended items, as row, place, event and how much, the strongest of a place last."""
    place_of = _places(items, len(similar.items))
    newest = np.flatnonzero(users.histories.reverse_positions < CAUSES)
    owners, seen = users.histories.owners[newest], users.histories.items[newest]
    near = np.concatenate([seen[:, None], similar.items[seen]], axis=1)
    places = place_of.take(owners[:, None] * place_of.shape[1] + near)
    hit_events, hit_columns = np.nonzero((places != NONE) & (near != NONE))
    likeness = _likeness(seen[hit_events], hit_columns - 1, similar)
    strength = likeness * users.histories.weights[newest[hit_events]]
    rows, found = owners[hit_events], places[hit_events, hit_columns].astype(np.int64)
    order = np.lexsort((newest[hit_events], strength, found, rows))
    return rows[order], found[order], newest[hit_events][order], strength[order]


def _likeness(seen: NDArray[np.int32], columns: NDArray[np.int64], similar: Neighbours) -> NDArray[np.float32]:
    """How like each of ``seen`` is to what stands in a column of its neighbours, 1 to itself in column -1, (n,)."""
    likeness = np.ones(len(seen), np.float32)
    others = columns >= 0
    likeness[others] = similar.scores[seen[others], columns[others]]
    return likeness


def _places(items: NDArray[np.int32], n_items: int) -> NDArray[np.int16]:
    """Where each item stands in each list, NONE where it does not, (n_users, n_items) int16."""
    places = np.full((len(items), n_items), NONE, np.int16)
    rows, found = np.nonzero(items != NONE)
    places[rows, items[rows, found]] = found
    return places


def _empty(length: int) -> Ranking:
    return Ranking(
        np.zeros((0, length), np.int32),
        np.zeros((0, length), np.float32),
        np.zeros((0, length), np.int8),
        np.zeros((0, length), np.int32),
    )
