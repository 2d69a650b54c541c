"""Attributes of products as a matrix: words of title and description, category with its levels, brand, price band."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

import numpy as np
from scipy import sparse

from recommender.catalogue import Catalogue

PRICE_BANDS: Final = 10
"""Of about as many products each."""

LEVEL: Final = " > "
"""Between the levels of a category."""

_WORD: Final = re.compile(r"[^\W_]{2,}")


def features_of(catalogue: Catalogue) -> sparse.csr_matrix | None:
    """What each product has, (n_items, n_features) float32, 1 where it does; None where nothing is known of any."""
    known = [*zip(*(map(_TELLERS[name], catalogue.attributes[name]) for name in _TELLERS), strict=True)]
    bands = price_bands(catalogue.attributes["price"])
    told = [[*itertools.chain(*parts), *band] for parts, band in zip(known, bands, strict=True)]
    lengths = [len(set(features)) for features in told]
    if not sum(lengths):
        return None
    names, columns = np.unique([name for features in told for name in sorted(set(features))], return_inverse=True)
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    shape = (len(told), len(names))
    made = sparse.csr_matrix((np.ones(len(columns), np.float32), columns, offsets), shape=shape)
    made.sort_indices()
    return made


def price_bands(prices: Sequence[str]) -> list[list[str]]:
    """The band of each price, none where there is none; equal prices are in one band."""
    known = np.array([float(price) for price in prices if price])
    if not len(known):
        return [[] for _ in prices]
    edges = np.unique(np.quantile(known, np.linspace(0, 1, PRICE_BANDS + 1)[1:-1]))
    return [[f"price:{np.searchsorted(edges, float(price))}"] if price else [] for price in prices]


def _title(text: str) -> Iterable[str]:
    return (f"title:{word}" for word in _WORD.findall(text.lower()))


def _description(text: str) -> Iterable[str]:
    return (f"description:{word}" for word in _WORD.findall(text.lower()))


def _category(text: str) -> Iterable[str]:
    levels = text.lower().split(LEVEL) if text else []
    return (f"category:{LEVEL.join(levels[: depth + 1])}" for depth in range(len(levels)))


def _brand(text: str) -> Iterable[str]:
    return [f"brand:{text.lower()}"] if text else []


_TELLERS: Final[Mapping[str, Callable[[str], Iterable[str]]]] = {
    "title": _title,
    "description": _description,
    "category": _category,
    "brand": _brand,
}
"""What an attribute's text says of a product."""
