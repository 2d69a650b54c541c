"""Products that may be recommended, in the order in which the steps of the chain brought them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from schemas.categories import lies_in
from schemas.recommendations import Product, Reason, RecommendedItem, Source
from serving.memory import UNKNOWN_PRODUCT
from serving.rules import RuleSet


@dataclass(frozen=True, slots=True)
class Candidate:
    """One product.

    Attributes:
        item_id: The product.
        score: As its list gives it.
        reason: The same; None where a model knows the product and nothing speaks for it.
        because: The same.
        source: The step that brought it.
        product: Its attributes, where they were looked up.
    """

    item_id: str
    score: float
    reason: Reason | None
    because: tuple[str, ...]
    source: Source
    product: Product = UNKNOWN_PRODUCT


@dataclass(frozen=True, slots=True)
class Conditions:
    """Which products may be recommended in an answer.

    Attributes:
        unavailable: Not these, for nobody.
        excluded: Nor these, for this answer.
        category: Only of this category; "" for all.
        rules: What the rule set blocks.
        only: None but these; empty for all.
    """

    unavailable: frozenset[str]
    excluded: frozenset[str]
    category: str
    rules: RuleSet
    only: frozenset[str] = frozenset()

    @property
    def need_products(self) -> bool:
        """Whether the attributes of a product decide, beside its id."""
        return bool(self.category or self.rules.blocked_categories or self.rules.blocked_brands)

    def refuse_id(self, item_id: str) -> bool:
        """Whether a product is refused by its id alone."""
        if self.only and item_id not in self.only:
            return True
        return item_id in self.unavailable or item_id in self.excluded or item_id in self.rules.blocked_items

    def refuse(self, product: Product, is_of_category: bool) -> bool:
        """Whether a product is refused by its attributes.

        Args:
            product: What is known of it.
            is_of_category: Whether a list says that it is of the category; that counts where its own is not known.
        """
        if not product.available or product.brand in self.rules.blocked_brands:
            return True
        if any(lies_in(product.category, blocked) for blocked in self.rules.blocked_categories):
            return True
        if not self.category or (is_of_category and not product.category):
            return False
        return not lies_in(product.category, self.category)


def candidates_of(items: Iterable[RecommendedItem], source: Source) -> list[Candidate]:
    """The items of a list as candidates."""
    return [Candidate(item.item_id, item.score, item.reason, item.because, source) for item in items]


class Pool:
    """Candidates that passed the conditions, each product once, in the order they came.

    Args:
        conditions: What they must fulfil.
    """

    def __init__(self, conditions: Conditions) -> None:
        self.conditions = conditions
        self._admitted: dict[str, Candidate] = {}

    def __len__(self) -> int:
        return len(self._admitted)

    @property
    def candidates(self) -> list[Candidate]:
        """All of them."""
        return list(self._admitted.values())

    def eligible(self, candidates: Iterable[Candidate]) -> list[Candidate]:
        """Those that are new and not refused by their id."""
        return [c for c in candidates if c.item_id not in self._admitted and not self.conditions.refuse_id(c.item_id)]

    def admit(
        self,
        candidates: Iterable[Candidate],
        products: Mapping[str, Product] | None = None,
        is_of_category: bool = False,
    ) -> None:
        """Take in eligible candidates; where products are given, those that their attributes do not refuse."""
        for candidate in candidates:
            if products is not None:
                product = products.get(candidate.item_id, UNKNOWN_PRODUCT)
                if self.conditions.refuse(product, is_of_category):
                    continue
                candidate = replace(candidate, product=product)
            self._admitted.setdefault(candidate.item_id, candidate)
