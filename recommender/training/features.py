"""Attributes of products as a matrix: words of title and description, category with its levels, brand, price band."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

import numpy as np
from scipy import sparse

from recommender.catalogue import Catalogue
from schemas.categories import levels_of

PRICE_BANDS: Final = 10
"""Number of price bands, with about as many products in each."""

_WORD: Final = re.compile(r"[^\W_]{2,}")


def features_of(catalogue: Catalogue) -> sparse.csr_matrix | None:
    """Features of each product, (n_items, n_features) float32, 1 where it has one; None where no product has any."""
    by_attribute = [*zip(*(map(_FEATURES_OF[name], catalogue.attributes[name]) for name in _FEATURES_OF), strict=True)]
    bands = price_bands(catalogue.attributes["price"])
    by_product = [[*itertools.chain(*parts), *band] for parts, band in zip(by_attribute, bands, strict=True)]
    lengths = [len(set(features)) for features in by_product]
    if not sum(lengths):
        return None
    names, columns = np.unique([name for features in by_product for name in sorted(set(features))], return_inverse=True)
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    shape = (len(by_product), len(names))
    matrix = sparse.csr_matrix((np.ones(len(columns), np.float32), columns, offsets), shape=shape)
    matrix.sort_indices()
    return matrix


def price_bands(prices: Sequence[str]) -> list[list[str]]:
    """The band of each price, none for an empty one; equal prices are in the same band."""
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
    return (f"category:{level}" for level in levels_of(text.lower()))


def _brand(text: str) -> Iterable[str]:
    return [f"brand:{text.lower()}"] if text else []


_FEATURES_OF: Final[Mapping[str, Callable[[str], Iterable[str]]]] = {
    "title": _title,
    "description": _description,
    "category": _category,
    "brand": _brand,
}
"""From the text of an attribute to features."""
