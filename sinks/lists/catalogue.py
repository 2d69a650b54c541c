"""Products, numbered in the order in which they came, and the tree of their categories. It knows no Kafka."""

from __future__ import annotations

from bisect import bisect_left
from typing import Final

import numpy as np
from numpy.typing import NDArray

from schemas.categories import levels_of
from sinks.lists.demand import Numbers

ROOT: Final = 0
"""The node of the whole shop, which is also that of products without a category."""

_MANY: Final = 8
"""Where every eighth product is new, all ids are sorted anew."""


class Catalogue:
    """What lists must know of products.

    A node is a category; its products are those of the category and of all below it. Products are kept in an order in
    which those of a node stand beside each other.

    Attributes:
        ids: The id of each product.
        nodes: The category of each node; "" for the whole shop.
        available: (n_products,) bool, whether it may be recommended.
        first_seen: (n_products,) int64, when the shop got it, epoch seconds.
    """

    def __init__(self) -> None:
        self.ids: list[str] = []
        self.nodes: list[str] = [""]
        self.available = np.empty(0, bool)
        self.first_seen = np.empty(0, np.int64)
        self._numbers: dict[str, int] = {}
        self._node_numbers: dict[str, int] = {"": ROOT}
        self._node_of = np.empty(0, np.int32)
        self._id_order = np.empty(0, np.int32)
        self._id_ranks = np.empty(0, np.int32)
        self._order = np.empty(0, np.int32)
        self._starts = self._ends = np.zeros(1, np.int64)
        self._touched: set[int] = set()
        self._changed: set[int] = set()
        self._is_moved = False
        self._paths = np.zeros((1, 1), np.int32)

    def __len__(self) -> int:
        return len(self.ids)

    def number_of(self, product_id: str) -> int:
        """The number of a product; one that nothing is known of yet is not available."""
        number = self._numbers.get(product_id)
        if number is None:
            number = self._numbers[product_id] = len(self.ids)
            self.ids.append(product_id)
            if number >= len(self.available):
                self._grow()
        return number

    def put(self, product_id: str, available: bool, category: str, first_seen: int) -> None:
        """Take in what is known of a product; a product that was deleted is not available."""
        number, node = self.number_of(product_id), self._node(category)
        if self._node_of[number] != node:
            self._touched |= {int(self._node_of[number]), node}
            self._node_of[number] = node
            self._is_moved = True
        self.available[number] = available
        self.first_seen[number] = first_seen
        self._changed.add(number)

    def changed(self) -> Numbers:
        """The products that were put since the last call, ascending."""
        changed = np.array(sorted(self._changed), np.int64)
        self._changed.clear()
        return changed

    def arrange(self) -> set[int]:
        """Bring the order up to date; returns the nodes that products came to or left."""
        touched = {ancestor for node in self._touched for ancestor in self.path(node)}
        if self._is_moved or len(self._order) < len(self.ids):
            self._rank_ids()
            self._arrange_nodes()
        self._touched.clear()
        self._is_moved = False
        return touched

    def path(self, node: int) -> list[int]:
        """A node and all above it, the whole shop first."""
        return [ROOT, *(self._node_numbers[level] for level in levels_of(self.nodes[node]))]

    def paths(self) -> NDArray[np.int32]:
        """(n_nodes, depth) int32: the path of each node, ending in -1 where it is shorter than others."""
        if len(self._paths) < len(self.nodes):
            paths = [self.path(node) for node in range(len(self.nodes))]
            self._paths = np.full((len(paths), max(map(len, paths))), -1, np.int32)
            for node, path in enumerate(paths):
                self._paths[node, : len(path)] = path
        return self._paths

    @property
    def node_of(self) -> NDArray[np.int32]:
        """(n_products,) int32: the node of each product's own category."""
        return self._node_of[: len(self.ids)]

    def members(self, node: int) -> NDArray[np.int32]:
        """The products of a node, in no particular order."""
        return self._order[self._starts[node] : self._ends[node]]

    @property
    def id_ranks(self) -> NDArray[np.int32]:
        """(n_products,) int32: the place of each product among all, by id."""
        return self._id_ranks

    def _node(self, category: str) -> int:
        if category not in self._node_numbers:
            for level in levels_of(category):
                if level not in self._node_numbers:
                    self._node_numbers[level] = len(self.nodes)
                    self.nodes.append(level)
        return self._node_numbers[category]

    def _grow(self) -> None:
        size = max(1024, 2 * len(self.available))
        more = size - len(self.available)
        self.available = np.r_[self.available, np.zeros(more, bool)]
        self.first_seen = np.r_[self.first_seen, np.zeros(more, np.int64)]
        self._node_of = np.r_[self._node_of, np.zeros(more, np.int32)]

    def _rank_ids(self) -> None:
        known, count = len(self._id_order), len(self.ids)
        if known == count:
            return
        new = sorted(range(known, count), key=self.ids.__getitem__)
        if len(new) * _MANY > count:
            order = np.array(sorted(range(count), key=self.ids.__getitem__), np.int32)
        else:
            places = [bisect_left(self._id_order, self.ids[each], key=lambda other: self.ids[other]) for each in new]
            order = np.insert(self._id_order, places, np.array(new, np.int32))
        self._id_order = order
        self._id_ranks = np.empty(count, np.int32)
        self._id_ranks[order] = np.arange(count, dtype=np.int32)

    def _arrange_nodes(self) -> None:
        """Sort products by their nodes, and nodes by their paths: what lies below a node follows it."""
        paths = [levels_of(category) for category in self.nodes]
        in_order = sorted(range(len(paths)), key=paths.__getitem__)
        places = np.empty(len(paths), np.int32)
        places[in_order] = np.arange(len(paths), dtype=np.int32)
        place_of = places[self.node_of]
        self._order = np.argsort(place_of, kind="stable").astype(np.int32)
        bounds = np.r_[0, np.cumsum(np.bincount(place_of, minlength=len(paths)))]
        self._starts, self._ends = np.empty(len(paths), np.int64), np.empty(len(paths), np.int64)
        open_nodes: list[int] = []
        for place, node in enumerate(in_order):
            while len(open_nodes) > len(paths[node]):
                self._ends[open_nodes.pop()] = bounds[place]
            open_nodes.append(node)
            self._starts[node] = bounds[place]
        self._ends[open_nodes] = bounds[-1]
