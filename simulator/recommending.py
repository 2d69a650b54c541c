"""What the simulated shop recommends, and what its pages say of it in events."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from random import Random
from typing import Any, Final
from zlib import crc32

from simulator.catalogue import Catalogue, Product

MAX_LIST: Final = 8
SHARE_ALONE: Final = 0.1
"""Share of the answers of which a page shows one product."""
SHARE_WITHOUT_DETAILS: Final = 0.05
"""Share of the answers of which an old page says nothing but the id."""
SHARE_BOUGHT_WITHOUT_DETAILS: Final = 0.3
"""Share of the recommendation_purchased that name the order and the product alone."""

SOURCES: Final = (
    ("personal", "als-1"),
    ("personal", "als-1"),
    ("personal", "als-2"),
    ("similar", "als-2"),
    ("category_popular", None),
    ("trending", None),
)
"""Step of the fallback chain, and its model; a list that follows the stream has none."""
ARMS: Final = (None, "ranking:a", "ranking:b")


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer of the recommendation service.

    Attributes:
        fields: What every event about it carries: its id, and its source, model and arm where the page says them.
        products: What is shown of it, the best first; empty where the page does not say.
        position: Rank of the only product that is shown; None where it is a list.
    """

    fields: dict[str, Any]
    products: tuple[Product, ...]
    position: int | None = None

    def shown(self) -> dict[str, Any]:
        """The fields of recommendation_shown."""
        if self.position is not None:
            return {"list_id": "home", **self.fields, "product_id": self.products[0].product_id, **self._rank(0)}
        items = [{"product_id": product.product_id, "quantity": 1, "price": Decimal(0)} for product in self.products]
        return {"list_id": "home", **self.fields, **({"items": items} if items else {})}

    def clicked(self, product: Product) -> dict[str, Any]:
        """The fields that a recommendation_clicked of a product adds to the product's own."""
        return {**self.fields, **(self._rank(self.products.index(product)) if self.products else {})}

    def bought(self, product: Product, order_id: str, *, has_details: bool) -> dict[str, Any]:
        """The fields of recommendation_purchased."""
        details = self.clicked(product) if has_details else {"recommendation_id": self.fields["recommendation_id"]}
        return {"product_id": product.product_id, "order_id": order_id, **details}

    def _rank(self, index: int) -> dict[str, int]:
        return {"position": self.position or index + 1}


class Recommender:
    """Makes answers.

    Args:
        catalogue: What is recommended.
        rng: Draws; nothing else draws from it, so that visitors do the same whatever they are shown.
    """

    def __init__(self, catalogue: Catalogue, rng: Random) -> None:
        self._products = catalogue.products
        self._rng = rng

    def answer(self, recommendation_id: str, user_id: str, clicked: Product | None) -> Answer:
        """An answer for a user, with the product that the user will click."""
        rng = self._rng
        source, model = rng.choice(SOURCES)
        arm = ARMS[crc32(user_id.encode()) % len(ARMS)]
        details = {"recommendation_source": source, "model_version": model, "experiment_arm": arm}
        fields = {"recommendation_id": recommendation_id}
        draw = rng.random()
        if draw < SHARE_WITHOUT_DETAILS:
            return Answer(fields, ())
        fields |= {name: value for name, value in details.items() if value is not None}
        if draw < SHARE_WITHOUT_DETAILS + SHARE_ALONE:
            return Answer(fields, (clicked or rng.choice(self._products),), rng.randrange(1, MAX_LIST + 1))
        return Answer(fields, self._list(clicked))

    def tells_all(self) -> bool:
        """Whether a recommendation_purchased carries what the click carried."""
        return self._rng.random() >= SHARE_BOUGHT_WITHOUT_DETAILS

    def _list(self, clicked: Product | None) -> tuple[Product, ...]:
        """Different products, the one that will be clicked at any rank."""
        rng = self._rng
        drawn = dict.fromkeys(rng.choice(self._products) for _ in range(rng.randrange(1, MAX_LIST + 1)))
        listed = [product for product in drawn if product is not clicked]
        if clicked is not None:
            rank = rng.randrange(min(len(listed), MAX_LIST - 1) + 1)
            listed = [*listed[:rank], clicked, *listed[rank : MAX_LIST - 1]]
        return tuple(listed)
