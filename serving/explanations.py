"""Reasons as sentences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from schemas.recommendations import Product, Reason

_WITH_CAUSE: Final = {
    Reason.TASTE: "Fits your taste, as {causes} shows",
    Reason.SIMILAR_TO_VIEWED: "Similar to {causes}, which you looked at",
    Reason.SIMILAR_TO_CART: "Similar to {causes} in your cart",
    Reason.SIMILAR_TO_BOUGHT: "Similar to {causes}, which you bought",
    Reason.OFTEN_NEXT: "Often chosen after {causes}",
    Reason.BOUGHT_TOGETHER: "Often bought together with {causes}",
    Reason.SAME_KIND: "Of the same kind as {causes}",
    Reason.BOUGHT_AGAIN: "You bought it before",
    Reason.TRENDING: "Trending now",
    Reason.POPULAR: "Popular now",
    Reason.NEW: "New in the shop",
    Reason.PINNED: "Chosen by the shop",
    Reason.CATALOGUE: "Also in the shop",
}
_WITHOUT_CAUSE: Final = {
    Reason.TASTE: "Fits your taste",
    Reason.SIMILAR_TO_VIEWED: "Similar to what you looked at",
    Reason.SIMILAR_TO_CART: "Similar to what is in your cart",
    Reason.SIMILAR_TO_BOUGHT: "Similar to what you bought",
    Reason.OFTEN_NEXT: "Often chosen next",
    Reason.BOUGHT_TOGETHER: "Often bought together",
    Reason.SAME_KIND: "Of the same kind",
}


def explanation_of(reason: Reason, because: Sequence[str], products: Mapping[str, Product]) -> str:
    """Why a product is recommended, for the person to whom it is.

    Args:
        reason: The reason.
        because: The products that caused it, the strongest first.
        products: What is known of them, for their titles.
    """
    if not because:
        return _WITHOUT_CAUSE.get(reason) or _WITH_CAUSE[reason]
    names = [products[item_id].title or item_id if item_id in products else item_id for item_id in because]
    return _WITH_CAUSE[reason].format(causes=_joined(names))


def _joined(names: list[str]) -> str:
    if len(names) == 1:
        return names[0]
    return f"{', '.join(names[:-1])} and {names[-1]}"
