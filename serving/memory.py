"""The last good lists and products: what is served while Redis is away, or has forgotten."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from schemas.recommendations import Product, RecommendationList, decode_list

UNKNOWN_PRODUCT: Final = Product()
"""Stands for a product that no record describes."""


@dataclass(frozen=True, slots=True)
class KnownList:
    """A list, and whether it is fresh.

    Attributes:
        value: The list.
        is_remembered: Whether Redis did not give it now.
    """

    value: RecommendationList
    is_remembered: bool = False


@dataclass(frozen=True, slots=True)
class _Entry:
    encoded: bytes
    decoded: RecommendationList
    seen_seconds: float


class Memory:
    """Keeps decoded lists and products; the least recently used are dropped.

    Args:
        max_lists: How many lists it keeps.
        max_products: How many products.
        last_good_seconds: How long a list that Redis does not give any more is good for.
        clock: Seconds that never go back.
    """

    def __init__(self, max_lists: int, max_products: int, last_good_seconds: float, clock: Callable[[], float]) -> None:
        self._max_lists = max_lists
        self._max_products = max_products
        self._last_good_seconds = last_good_seconds
        self._clock = clock
        self._entries: OrderedDict[str, _Entry] = OrderedDict()
        self._products: OrderedDict[str, Product] = OrderedDict()

    def __len__(self) -> int:
        return len(self._entries)

    def remember(self, key: str, encoded: bytes) -> KnownList:
        """The list that Redis gave, decoded once as long as it stays the same.

        Raises:
            InvalidValue: The bytes are no list.
        """
        now = self._clock()
        entry = self._entries.get(key)
        if entry is None or entry.encoded != encoded:
            return self._keep(key, _Entry(encoded, decode_list(encoded), now))
        return self._keep(key, replace(entry, seen_seconds=now))

    def remember_page(self, key: str, page: RecommendationList) -> KnownList:
        """The same for what Redis gave as something else than the bytes of a list."""
        return self._keep(key, _Entry(b"", page, self._clock()))

    def recall(self, key: str) -> KnownList | None:
        """The list that Redis gave last, unless that is too long ago."""
        entry = self._entries.get(key)
        if entry is None or self._clock() - entry.seen_seconds > self._last_good_seconds:
            return None
        return KnownList(entry.decoded, is_remembered=True)

    def _keep(self, key: str, entry: _Entry) -> KnownList:
        self._entries.pop(key, None)
        self._entries[key] = entry
        if len(self._entries) > self._max_lists:
            self._entries.popitem(last=False)
        return KnownList(entry.decoded)

    def remember_product(self, item_id: str, product: Product) -> None:
        """Keep what Redis says of a product."""
        self._products.pop(item_id, None)
        self._products[item_id] = product
        if len(self._products) > self._max_products:
            self._products.popitem(last=False)

    def product(self, item_id: str) -> Product:
        """What Redis said of a product last."""
        return self._products.get(item_id, UNKNOWN_PRODUCT)
