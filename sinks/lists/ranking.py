"""Which lists changed since the last ranking, and the best products of these. It knows no Kafka."""

from __future__ import annotations

from collections.abc import Iterator, Set
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from schemas.recommendations import LIST_ITEMS, NEWEST_ITEMS
from sinks.lists.catalogue import Catalogue
from sinks.lists.demand import NO_HOUR, TREND_UNIT, Demand, Numbers, Windows

HOUR_SECONDS: Final = 60 * 60
IS_NO_MEMBER: Final = np.iinfo(np.int64).min
"""Score of a product that does not belong into a list."""

DEFAULT_SPAN: Final = "30d"
NEWEST: Final = "newest"


class ListKey(NamedTuple):
    """What a list is of, as ``schemas/avro/recommendation_lists.avsc`` has it."""

    kind: str
    span: str
    category: str


@dataclass(frozen=True, slots=True)
class RankedList:
    """One list; without products where nothing belongs into it.

    Attributes:
        key: What it is of.
        until_seconds: End of what it is made from, epoch seconds: the newest hour with such demand of its products; of
            newest when its newest product was first seen.
        product_ids: Its products, the best first; of equal scores the smaller id.
        scores: Their scores.
    """

    key: ListKey
    until_seconds: int
    product_ids: list[str]
    scores: list[float]


@dataclass(frozen=True, slots=True)
class _Kind:
    """One kind of list.

    Attributes:
        name: popular, trending or newest.
        span: Of popular the window.
        items: Its products, at the most.
        unit: What a score of 1 is in the numbers that are compared.
    """

    name: str
    span: str
    items: int
    unit: int = 1

    def key(self, category: str) -> ListKey:
        """The key of the list of a category; of the longest window it has no span there."""
        return ListKey(self.name, "" if category and self.span == DEFAULT_SPAN else self.span, category)

    def of(self, windows: Windows, catalogue: Catalogue) -> tuple[Numbers, Numbers]:
        """Scores, and epoch seconds up to which each is made from events: both as long as the windows' products."""
        available = catalogue.available[windows.products]
        if self.name == NEWEST:
            seen = catalogue.first_seen[windows.products]
            return np.where(available, seen, IS_NO_MEMBER), seen
        scores = windows.orders[self.span] if self.span else windows.trend
        hours = windows.ordered_hour if self.span else windows.interest_hour
        return np.where(available & (scores > 0), scores, IS_NO_MEMBER), hours * HOUR_SECONDS


KINDS: Final = (
    _Kind("popular", "1d", LIST_ITEMS),
    _Kind("popular", "7d", LIST_ITEMS),
    _Kind("popular", DEFAULT_SPAN, LIST_ITEMS),
    _Kind("trending", "", LIST_ITEMS, TREND_UNIT),
    _Kind(NEWEST, "", NEWEST_ITEMS),
)


class _Ranked:
    """How a kind was ranked.

    Attributes:
        scores: (n_products,) int64.
        until: (n_products,) int64.
        least: (n_nodes,) int64, the least score of a full list; a product whose score was and is below it does not
            matter to the list. IS_NO_MEMBER where the list is not full.
    """

    def __init__(self) -> None:
        self.scores = self.until = self.least = np.empty(0, np.int64)

    def extend(self, n_products: int, n_nodes: int) -> None:
        """Make room for products and nodes that have come since."""
        self.scores = _extended(self.scores, n_products)
        self.until = _extended(self.until, n_products)
        self.least = _extended(self.least, n_nodes)


class Ranking:
    """Ranks the products of a catalogue by the demand for them.

    Args:
        written: The lists that there are already.
    """

    def __init__(self, written: Set[ListKey] = frozenset()) -> None:
        self.catalogue = Catalogue()
        self.demand = Demand()
        self._written = written
        self._ranked: dict[_Kind, _Ranked] = {}
        self._ranked_hour = NO_HOUR

    def changed_lists(self) -> Iterator[RankedList]:
        """The lists that may have changed since the last call; at the first one all there are or were.

        While nothing is known of the demand, lists that need it stay as they were.
        """
        touched = self.catalogue.arrange()
        windows = self.demand.windows(self._changed_products())
        for kind in KINDS:
            if kind.name == NEWEST or self.demand.now != NO_HOUR:
                yield from self._changed_of(kind, windows, touched)

    def _changed_products(self) -> Numbers:
        """Those of which rows or attributes came; all when the clock has advanced, which changes every window."""
        changed = np.union1d(self.demand.changed(), self.catalogue.changed())
        if self.demand.now == self._ranked_hour:
            return changed
        self._ranked_hour = self.demand.now
        self.demand.expire()
        return np.arange(len(self.catalogue))

    def _changed_of(self, kind: _Kind, windows: Windows, touched: set[int]) -> Iterator[RankedList]:
        paths = self.catalogue.paths()
        is_new = kind not in self._ranked
        ranked = self._ranked.setdefault(kind, _Ranked())
        ranked.extend(len(self.catalogue), len(paths))
        affected = self._affected(ranked, windows.products, *kind.of(windows, self.catalogue))
        if is_new:
            yield from self._gone(kind)
        for node in range(len(paths)) if is_new else sorted(touched | affected):
            yield self._list(kind, node, ranked)

    def _affected(self, ranked: _Ranked, products: Numbers, scores: Numbers, until: Numbers) -> set[int]:
        """Take in scores; the nodes whose list a changed product is in, was in, or could be in."""
        before = ranked.scores[products]
        is_changed = (scores != before) | ((until != ranked.until[products]) & (scores > IS_NO_MEMBER))
        ranked.scores[products], ranked.until[products] = scores, until
        reached = np.maximum(scores, before)[is_changed]
        affected: set[int] = set()
        for level in self.catalogue.paths()[self.catalogue.node_of[products[is_changed]]].T:
            affected.update(np.unique(level[(level >= 0) & (reached >= ranked.least[level])]).tolist())
        return affected

    def _list(self, kind: _Kind, node: int, ranked: _Ranked) -> RankedList:
        members = self.catalogue.members(node)
        members = members[ranked.scores[members] > IS_NO_MEMBER]
        chosen = members[best(ranked.scores[members], self.catalogue.id_ranks[members], kind.items)]
        scores = ranked.scores[chosen]
        ranked.least[node] = scores[-1] if len(chosen) == kind.items else IS_NO_MEMBER
        return RankedList(
            kind.key(self.catalogue.nodes[node]),
            int(ranked.until[chosen].max(initial=0)),
            [self.catalogue.ids[product] for product in chosen.tolist()],
            (scores / kind.unit).tolist(),
        )

    def _gone(self, kind: _Kind) -> Iterator[RankedList]:
        """The lists of categories that no product has any more."""
        categories = set(self.catalogue.nodes)
        for key in self._written:
            if key.category not in categories and key == kind.key(key.category):
                yield RankedList(key, 0, [], [])


def best(scores: Numbers, ranks: NDArray[np.int32], count: int) -> NDArray[np.int64]:
    """Where the ``count`` greatest scores stand, the greatest first; of equal ones the smaller rank.

    Args:
        scores: (n,) int64.
        ranks: (n,) int32, each once.
        count: How many, at the most.
    """
    chosen: NDArray[np.int64] = np.arange(len(scores))
    if len(scores) > count:
        least = np.partition(scores, len(scores) - count)[len(scores) - count]
        above, equal = np.flatnonzero(scores > least), np.flatnonzero(scores == least)
        left = count - len(above)
        if len(equal) > left:
            equal = equal[np.argpartition(ranks[equal], left - 1)[:left]]
        chosen = np.r_[above, equal]
    in_order: NDArray[np.int64] = chosen[np.lexsort((ranks[chosen], -scores[chosen]))]
    return in_order


def _extended(numbers: Numbers, size: int) -> Numbers:
    """The numbers, and IS_NO_MEMBER for what has come since."""
    extended: Numbers = np.r_[numbers, np.full(size - len(numbers), IS_NO_MEMBER, np.int64)]
    return extended
