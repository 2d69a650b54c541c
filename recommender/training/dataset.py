"""The data of a training: interactions and product attributes as arrays."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from scipy import sparse

from recommender.catalogue import ATTRIBUTES, Catalogue
from recommender.errors import ModelError
from recommender.interactions import KINDS, KnownUsers, UserHistories, in_order, newest_of_each
from recommender.models.base import Histories, Training
from recommender.training.features import features_of

_MILLISECONDS = 1000


@dataclass(frozen=True)
class Dataset:
    """Interactions of users with products.

    Attributes:
        user_ids: Users by index, sorted; visitors among them.
        is_visitor: Which of them are anonymous visitors, (n_users,) bool.
        catalogue: Products by index.
        interactions: The users' histories, with every event.
        baskets: The products of each order, as a history of its own.
        embeddings: Sentence embeddings of the products' texts, (n_items, dimensions) float32, if they were made.
    """

    user_ids: list[str]
    is_visitor: NDArray[np.bool_]
    catalogue: Catalogue
    interactions: UserHistories
    baskets: Histories
    embeddings: NDArray[np.float32] | None = None

    @property
    def n_items(self) -> int:
        """Number of products."""
        return len(self.catalogue.item_ids)

    @cached_property
    def features(self) -> sparse.csr_matrix | None:
        """Attributes of the products, (n_items, n_features); None where none is known."""
        return features_of(self.catalogue)

    @property
    def data_from(self) -> datetime:
        """Time of the oldest event."""
        return datetime.fromtimestamp(float(self.interactions.histories.times.min()), UTC)

    @property
    def data_to(self) -> datetime:
        """Time of the newest event."""
        return datetime.fromtimestamp(float(self.interactions.histories.times.max()), UTC)

    @property
    def counts(self) -> dict[str, int]:
        """Numbers of users, visitors, items, interactions and orders."""
        return {
            "users": len(self.user_ids),
            "visitors": int(self.is_visitor.sum()),
            "items": self.n_items,
            "interactions": len(self.interactions.kinds),
            "orders": len(self.baskets),
        }

    def training(self, histories: Histories) -> Training:
        """Training data for a model: these histories with the features and embeddings of the products."""
        return Training(histories, self.n_items, self.features, self.embeddings)

    def known_users(self) -> KnownUsers:
        """The users for whom lists are published, with histories as Redis holds them: the newest of equal events."""
        rows = np.flatnonzero(~self.is_visitor)
        return KnownUsers([self.user_ids[row] for row in rows], newest_of_each(take(self.interactions, rows)))


def dataset_of(interactions: pa.Table, attributes: pa.Table) -> Dataset:
    """Index the users and the products, in the order of their ids, and sort the interactions.

    Args:
        interactions: Those that count: user_id, is_visitor, product_id, kind, event_time and basket.
        attributes: The rows of ``product_attributes.sql``.

    Raises:
        ModelError: There are no interactions.
    """
    if not interactions.num_rows:
        raise ModelError(
            "There are no interactions to train on: no user has viewed or bought anything yet. Import or send events."
        )
    user_ids, owners = _indexed(interactions["user_id"])
    product_ids = pa.chunked_array([*interactions["product_id"].chunks, *attributes["product_id"].chunks])
    item_ids, indices = _indexed(product_ids)
    items = indices[: len(owners)].astype(np.int32)
    kinds = pc.index_in(interactions["kind"], pa.array(KINDS)).to_numpy().astype(np.int8)
    times = interactions["event_time"].to_numpy() / _MILLISECONDS
    is_visitor = np.zeros(len(user_ids), bool)
    is_visitor[owners[interactions["is_visitor"].to_numpy()]] = True
    return Dataset(
        user_ids,
        is_visitor,
        Catalogue(item_ids, _attributes(item_ids, attributes)),
        in_order(len(user_ids), owners, items, kinds, times),
        _baskets(interactions["basket"], items),
    )


def take(interactions: UserHistories, rows: NDArray[np.int64]) -> UserHistories:
    """The histories of some users, in the order of ``rows``."""
    lengths = interactions.histories.lengths[rows]
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    events = np.repeat(interactions.histories.offsets[rows] - offsets[:-1], lengths) + np.arange(offsets[-1])
    return UserHistories(interactions.histories.take(rows), interactions.kinds[events])


def where(interactions: UserHistories, kept: NDArray[np.bool_]) -> UserHistories:
    """The same users with only those events, (n_events,) bool."""
    return UserHistories(interactions.histories.where(kept), interactions.kinds[kept])


def _indexed(column: pa.ChunkedArray) -> tuple[list[str], NDArray[np.int64]]:
    """The sorted values of a column, and for each row the index of its value."""
    encoded = column.combine_chunks().dictionary_encode()
    order = pc.sort_indices(encoded.dictionary).to_numpy()
    index_of = np.empty(len(order), np.int64)
    index_of[order] = np.arange(len(order))
    values: list[str] = encoded.dictionary.take(pa.array(order)).to_pylist()
    return values, index_of[encoded.indices.to_numpy()]


def _attributes(item_ids: list[str], attributes: pa.Table) -> dict[str, list[str]]:
    texts: dict[str, Any] = {}
    for name in ATTRIBUTES:
        rows = attributes.filter(pc.equal(attributes["attribute"], name))
        value_of = dict(zip(rows["product_id"].to_pylist(), rows["value"].to_pylist(), strict=True))
        texts[name] = [value_of.get(item_id, "") for item_id in item_ids]
    return texts


def _baskets(column: pa.ChunkedArray, items: NDArray[np.int32]) -> Histories:
    bought = pc.not_equal(column, "").to_numpy()
    orders, indices = _indexed(column.filter(pa.array(bought)))
    (orders_of, items_of) = np.unique(np.stack([indices, items[bought]]), axis=1)
    lengths = np.bincount(orders_of, minlength=len(orders))
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    ones = np.ones(len(items_of), np.float32)
    return Histories(offsets, items_of.astype(np.int32), ones, np.zeros(len(items_of)))
