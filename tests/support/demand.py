"""A shop's demand and products, and the lists that must come of them by a few lines of plain Python and numpy."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

import numpy as np

from schemas.categories import lies_in
from schemas.recommendations import LIST_ITEMS, NEWEST_ITEMS
from sinks.lists.ranking import ListKey, RankedList, Ranking

T0 = 493_000
"""An hour in March 2026."""


@dataclass
class Shelf:
    """What the two topics hold at last: rows of demand, and products."""

    now: int = T0
    demand: dict[tuple[str, int], tuple[int, int]] = field(default_factory=dict)
    products: dict[str, tuple[bool, str, int]] = field(default_factory=dict)

    def lists(self) -> dict[ListKey, tuple[list[str], list[float]]]:
        """Every list that is not empty: products and scores, the best first."""
        categories = {"", *(category for _, category, _ in self.products.values())}
        levels = {" > ".join(each.split(" > ")[:end]) for each in categories for end in range(1, 9)}
        made = {}
        for category in levels:
            ids = [p for p, (on, of, _) in self.products.items() if on and (not category or lies_in(of, category))]
            for kind, span, scores in self._scores(ids):
                best = sorted((-score, product) for product, score in zip(ids, scores, strict=True) if score > 0)
                best = best[: NEWEST_ITEMS if kind == "newest" else LIST_ITEMS]
                key = ListKey(kind, "" if category and span == "30d" else span, category)
                if best:
                    made[key] = [product for _, product in best], [-score for score, _ in best]
        return made

    def _scores(self, ids: list[str]) -> list[tuple[str, str, list[float]]]:
        """Kind, span and a score for each of the products: sums over all hours and days, with a weight each."""
        hours = np.arange(self.now - 24 * 40, self.now + 1)
        rows = np.array([[self.demand.get((each, hour), (0, 0)) for hour in hours.tolist()] for each in ids])
        rows = rows.reshape(len(ids), len(hours), 2)
        ages, days = self.now - hours, self.now // 24 - hours // 24
        popular = {span: rows[:, :, 1] @ (ages < 24 if span == "1d" else days < int(span[:-1])) for span in SPANS}
        weights = np.array([round(0.5 ** (age / 12) * 10**10) if age < 72 else 0 for age in ages.tolist()])
        return [
            *(("popular", span, orders.tolist()) for span, orders in popular.items()),
            ("trending", "", (rows[:, :, 0] @ weights / 10**10).tolist()),
            ("newest", "", [self.products[each][2] for each in ids]),
        ]


SPANS = ("1d", "7d", "30d")
Change = tuple[str, str, object]
"""demand or product, and what of which it says."""


def changes(rng: random.Random, n_products: int, n_rows: int) -> list[Change]:
    """Rows as the two topics may bring them: several of a key, deletions among them."""
    categories = ["", "Home", "Home > Tea", "Home > Tea > Green", "Home > Lamps", "Homely", "Garden", "Garden > Tea"]
    made: list[Change] = []
    for number in range(n_products):
        for _ in range(rng.randrange(1, 3)):
            row = (rng.random() < 0.8, rng.choice(categories), 1_700_000_000 + rng.randrange(50))
            made.append(("product", f"p{number}", row))
    for _ in range(n_rows):
        age = rng.choice((rng.randrange(24), rng.randrange(80), rng.randrange(24 * 33)))
        orders = rng.randrange(3) if rng.random() < 0.4 else 0
        row = (10 * orders + rng.randrange(1, 4), orders) if rng.random() < 0.9 else (0, 0)
        made.append(("demand", f"p{rng.randrange(n_products + 3)}", (T0 - age, row)))
    return made


def apply(shelf: Shelf, ranking: Ranking, change: Change) -> None:
    """One change, to what is expected and to what is tested."""
    match change:
        case ("product", product, (bool() as available, str() as category, int() as first_seen)):
            shelf.products[product] = (available, category, first_seen)
            ranking.catalogue.put(product, available, category, first_seen)
        case ("demand", product, (int() as hour, (int() as interest, int() as orders))):
            shelf.demand[product, hour] = (interest, orders)
            ranking.demand.put({(ranking.catalogue.number_of(product), hour): (interest, orders)})
        case _:
            raise AssertionError(change)


def take(held: dict[ListKey, RankedList], ranking: Ranking) -> int:
    """Bring what is held up to date as the topic does; how many lists the ranking named."""
    count = 0
    for each in ranking.changed_lists():
        count += 1
        if each.product_ids:
            held[each.key] = each
        else:
            held.pop(each.key, None)
    return count


def plainly(held: dict[ListKey, RankedList]) -> dict[ListKey, tuple[list[str], list[float]]]:
    """Products and scores of each list."""
    return {key: (each.product_ids, each.scores) for key, each in held.items()}
