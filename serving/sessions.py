"""From the last products of a history to products that are similar to them: several lists become one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from schemas.interactions import ADD_TO_CART, PURCHASE, REMOVE_FROM_CART
from schemas.recommendations import Reason, RecommendationList, RecommendedItem
from serving.store import Interaction

LAST_ITEMS: Final = 10
"""How many of the last products count."""

DECAY: Final = 0.8
"""The weight of a product relative to that of the next newer one."""

KIND_WEIGHTS: Final = {
    "view_item": 1.0,
    "select_item": 1.0,
    "add_to_wishlist": 1.5,
    "add_to_cart": 2.0,
    "purchase": 1.5,
}
"""The kinds of interaction that show interest in a product, and how much each counts."""

MAX_CAUSES: Final = 3

JUST_BOUGHT: Final = timedelta(days=1)
"""How long a product counts as bought just now."""

_REASONS: Final = {ADD_TO_CART: Reason.SIMILAR_TO_CART, PURCHASE: Reason.SIMILAR_TO_BOUGHT}


def of_session(done: Sequence[tuple[str, str]], now: datetime) -> tuple[Interaction, ...]:
    """What a visitor did, the newest first, without additions to the cart that were taken out since.

    Args:
        done: Kind and product of each, the newest last.
        now: When, for all of them.
    """
    removed: set[str] = set()
    counting: list[Interaction] = []
    for kind, item_id in reversed(done):
        if kind == REMOVE_FROM_CART:
            removed.add(item_id)
        elif kind != ADD_TO_CART or item_id not in removed:
            counting.append(Interaction(kind, item_id, now))
    return tuple(counting)


def taken_already(interactions: Sequence[Interaction], now: datetime) -> frozenset[str]:
    """Products that nobody need recommend any more: put into the cart and not bought since, or bought just now.

    Args:
        interactions: The newest of each kind with each product that count, in any order.
        now: JUST_BOUGHT before it begins what counts as just now.
    """
    newest: dict[str, Interaction] = {}
    for each in interactions:
        if each.kind in (ADD_TO_CART, PURCHASE):
            other = newest.get(each.item_id)
            if other is None or (each.at, each.kind) > (other.at, other.kind):
                newest[each.item_id] = each
    return frozenset(
        item_id for item_id, each in newest.items() if each.kind == ADD_TO_CART or now - each.at <= JUST_BOUGHT
    )


def last_items(interactions: Sequence[Interaction]) -> list[Interaction]:
    """The newest interaction with each of the last LAST_ITEMS products.

    Args:
        interactions: The newest first.
    """
    seen: dict[str, Interaction] = {}
    for interaction in interactions:
        if interaction.kind in KIND_WEIGHTS and len(seen) < LAST_ITEMS:
            seen.setdefault(interaction.item_id, interaction)
    return list(seen.values())


def merge(interactions: Sequence[Interaction], similar: Mapping[str, RecommendationList]) -> list[RecommendedItem]:
    """What is similar to the last products, the best first.

    Each list's scores are divided by its best one, weighted by the recency and the kind of the interaction with its
    product, and added up.

    Args:
        interactions: What ``last_items`` gives.
        similar: The list of each product that has one.
    """
    parts: dict[str, list[tuple[float, Interaction]]] = defaultdict(list)
    for index, interaction in enumerate(interactions):
        neighbours = similar.get(interaction.item_id)
        best = max((item.score for item in neighbours.items), default=0.0) if neighbours else 0.0
        if not neighbours or best <= 0:
            continue
        weight = KIND_WEIGHTS[interaction.kind] * DECAY**index / best
        for item in neighbours.items:
            parts[item.item_id].append((weight * item.score, interaction))
    for interaction in interactions:
        parts.pop(interaction.item_id, None)
    merged = [_merged(item_id, causes) for item_id, causes in parts.items()]
    return sorted(merged, key=lambda item: (-item.score, item.item_id))


def _merged(item_id: str, causes: list[tuple[float, Interaction]]) -> RecommendedItem:
    causes.sort(key=lambda cause: -cause[0])
    strongest = causes[0][1]
    return RecommendedItem(
        item_id,
        sum(score for score, _ in causes),
        _REASONS.get(strongest.kind, Reason.SIMILAR_TO_VIEWED),
        tuple(interaction.item_id for _, interaction in causes[:MAX_CAUSES]),
    )
