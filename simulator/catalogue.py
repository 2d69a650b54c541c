"""The products of the simulated shop: categories, brands, prices in each currency, stock."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from random import Random
from typing import Any, Final

from simulator.events import Body

CATEGORIES: Final = {
    "Electronics > Audio": (("Headphones", "Speaker", "Turntable", "Earbuds"), 80_0000),
    "Electronics > Computers": (("Laptop", "Monitor", "Keyboard", "Mouse"), 400_0000),
    "Electronics > Phones": (("Phone", "Phone Case", "Charger"), 250_0000),
    "Fashion > Women": (("Dress", "Blouse", "Coat", "Scarf"), 60_0000),
    "Fashion > Men": (("Shirt", "Jeans", "Jacket", "Belt"), 55_0000),
    "Fashion > Shoes": (("Sneakers", "Boots", "Sandals"), 90_0000),
    "Home > Kitchen": (("Pan", "Knife", "Kettle", "Teapot"), 35_0000),
    "Home > Living": (("Lamp", "Cushion", "Rug", "Candle"), 30_0000),
    "Home > Garden": (("Spade", "Flower Pot", "Hose"), 25_0000),
    "Toys > Games": (("Board Game", "Puzzle", "Card Game"), 22_0000),
    "Sports > Outdoor": (("Tent", "Backpack", "Sleeping Bag"), 110_0000),
    "Crafts > Small Parts": (("Button", "Bead", "Sequin"), 125),
}
"""Category -> what is sold in it, and a usual price in euros, in ten-thousandths: down to fractions of a cent."""

BRANDS: Final = ("Aurora", "Birke", "Cobalt", "Dunes", "Ember", "Fjord", "Grove", "Halden", "Isar", "Juniper")
ADJECTIVES: Final = (
    "Classic",
    "Compact",
    "Deluxe",
    "Everyday",
    "Foldable",
    "Größe L",
    "Light",
    "Mini",
    "Retro",
    "Smart",
)

RATES: Final = {"EUR": 1.0, "GBP": 0.86, "USD": 1.09, "CHF": 0.95, "JPY": 161.0}
"""Currency -> how many of it are a euro; prices are set once, by rounding."""
WHOLE: Final = 10_000
CENT: Final = 100

LISTED: Final = 24
"""Products on the page of a category."""
UNSOLD_CATEGORY: Final = 0.02
"""Share of products without a category."""

SITE: Final = "https://shop.example"


def amount(ten_thousandths: int) -> Decimal:
    """An amount of money with its four decimals."""
    return Decimal(ten_thousandths).scaleb(-4)


class Product:
    """One product; its bodies are made once for each price and currency."""

    __slots__ = (
        "_bodies",
        "_euros",
        "_prices",
        "brand",
        "category",
        "list_id",
        "position",
        "product_id",
        "stock",
        "title",
    )

    def __init__(self, product_id: str, title: str, category: str | None, brand: str, euros: int, stock: int) -> None:
        self.product_id = product_id
        self.title = title
        self.category = category
        self.brand = brand
        self.stock = stock
        self.list_id = slug(category or "new")
        self.position = 1
        self._euros = euros
        self._prices: dict[str, int] = {}
        self._bodies: dict[tuple[str, str, int | str], Body] = {}

    def reprice(self, factor: float) -> None:
        """Set a new price."""
        self._euros = max(1, round(self._euros * factor))
        self._prices.clear()
        self._bodies.clear()

    def price(self, currency: str) -> int:
        """Price of one unit, in ten-thousandths: whole yen, cents, or less than a cent for what costs little."""
        price = self._prices.get(currency)
        if price is None:
            exact = self._euros * RATES[currency]
            step = WHOLE if currency == "JPY" else CENT if exact >= WHOLE else 1
            price = self._prices[currency] = max(step, round(exact / step) * step)
        return price

    def facts(self, currency: str) -> dict[str, Any]:
        """The fields that describe it, in one currency."""
        return {
            "product_id": self.product_id,
            "product_title": self.title,
            "category": self.category,
            "brand": self.brand,
            "price": amount(self.price(currency)),
            "currency": currency,
        }

    def page(self, currency: str) -> Body:
        """Body of a view of its page."""
        return self._body("page", currency, 0)

    def quantity(self, currency: str, quantity: int) -> Body:
        """Body of so many units going into a cart or out of it."""
        return self._body("quantity", currency, quantity)

    def listed(self, currency: str) -> Body:
        """Body of a click on it in the list of its category."""
        return self._body("listed", currency, 0)

    def search_result(self, currency: str, query: str) -> Body:
        """Body of a click on it among the results of a search."""
        return self._body("search_result", currency, query)

    def _body(self, kind: str, currency: str, detail: int | str) -> Body:
        key = (kind, currency, detail)
        body = self._bodies.get(key)
        if body is None:
            body = self._bodies[key] = Body(self._fields(kind, currency, detail), is_shared=True)
        return body

    def _fields(self, kind: str, currency: str, detail: int | str) -> dict[str, Any]:
        facts = self.facts(currency)
        if kind == "quantity":
            return {**facts, "quantity": detail}
        if kind == "listed":
            return {**facts, "list_id": self.list_id, "position": self.position}
        if kind == "search_result":
            return {**facts, "list_id": "search", "position": self.position % 10 + 1, "search_query": detail}
        return {"page_url": f"{SITE}/p/{self.product_id}", "page_title": self.title, **facts}


class Catalogue:
    """All products.

    Args:
        size: How many there are.
        rng: Makes them.

    Attributes:
        hits: Last word of a title -> products that a search for it finds.
    """

    def __init__(self, size: int, rng: Random) -> None:
        self.products = [_make_product(number, rng) for number in range(size)]
        self.of_category: dict[str, list[Product]] = {}
        for product in self.products:
            self.of_category.setdefault(product.category or "New", []).append(product)
        for listed in self.of_category.values():
            for position, product in enumerate(listed):
                product.position = position % LISTED + 1
        self.categories = sorted(self.of_category)
        self.hits = Counter(product.title.rpartition(" ")[2] for product in self.products)

    def pick(self, category: str, rng: Random) -> Product:
        """A product of a category, the first ones far more often than the last."""
        listed = self.of_category.get(category) or self.products
        return listed[int(len(listed) * rng.random() ** 3)]


def _make_product(number: int, rng: Random) -> Product:
    category = rng.choice(list(CATEGORIES))
    nouns, usual = CATEGORIES[category]
    brand = rng.choice(BRANDS)
    title = f"{brand} {rng.choice(ADJECTIVES)} {rng.choice(nouns)}"
    euros = max(1, round(usual * rng.lognormvariate(0, 0.6)))
    is_sorted = rng.random() >= UNSOLD_CATEGORY
    return Product(f"p-{number:05d}", title, category if is_sorted else None, brand, euros, rng.randrange(20, 2000))


def slug(text: str) -> str:
    """A name as it stands in an address."""
    return text.lower().replace(" > ", "/").replace(" ", "-")
