"""From the last things somebody did to what is similar to them: lists of several products become one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Final

from schemas.recommendations import Reason, RecommendationList, RecommendedItem
from serving.store import Deed

LAST_ITEMS: Final = 10
"""How many of the last products count."""

DECAY: Final = 0.8
"""What a product counts relative to the one after it."""

KIND_WEIGHTS: Final = {
    "view_item": 1.0,
    "select_item": 1.0,
    "add_to_wishlist": 1.5,
    "add_to_cart": 2.0,
    "purchase": 1.5,
}
"""The kinds that say what somebody is interested in, and how loudly."""

MAX_CAUSES: Final = 3

_REASONS: Final = {"add_to_cart": Reason.SIMILAR_TO_CART, "purchase": Reason.SIMILAR_TO_BOUGHT}


def last_items(deeds: Sequence[Deed]) -> list[Deed]:
    """The newest deed with each of the last products.

    Args:
        deeds: The newest first.
    """
    seen: dict[str, Deed] = {}
    for deed in deeds:
        if deed.kind in KIND_WEIGHTS and len(seen) < LAST_ITEMS:
            seen.setdefault(deed.item_id, deed)
    return list(seen.values())


def merge(deeds: Sequence[Deed], similar: Mapping[str, RecommendationList]) -> list[RecommendedItem]:
    """What is similar to the last products, the best first.

    Each list's scores are taken relative to its best one, weighted by how long ago and how loudly its product was asked
    for, and added up.

    Args:
        deeds: What ``last_items`` gives.
        similar: The list of each product that has one.
    """
    parts: dict[str, list[tuple[float, Deed]]] = defaultdict(list)
    for place, deed in enumerate(deeds):
        found = similar.get(deed.item_id)
        best = max((item.score for item in found.items), default=0.0) if found else 0.0
        if not found or best <= 0:
            continue
        weight = KIND_WEIGHTS[deed.kind] * DECAY**place / best
        for item in found.items:
            parts[item.item_id].append((weight * item.score, deed))
    for deed in deeds:
        parts.pop(deed.item_id, None)
    merged = [_merged(item_id, causes) for item_id, causes in parts.items()]
    return sorted(merged, key=lambda item: (-item.score, item.item_id))


def _merged(item_id: str, causes: list[tuple[float, Deed]]) -> RecommendedItem:
    causes.sort(key=lambda cause: -cause[0])
    strongest = causes[0][1]
    return RecommendedItem(
        item_id,
        sum(score for score, _ in causes),
        _REASONS.get(strongest.kind, Reason.SIMILAR_TO_VIEWED),
        tuple(deed.item_id for _, deed in causes[:MAX_CAUSES]),
    )
