"""Small models made of a few clicks, as the training job makes them of many."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import numpy as np

from recommender.catalogue import Catalogue
from recommender.interactions import KINDS, KnownUsers, UserHistories, in_order
from recommender.models.base import Model, Training
from recommender.models.item_knn import ItemKnn
from recommender.neighbours import Neighbours, nearest_items
from recommender.store import Manifest, ServedModel

ITEM_IDS = tuple(f"p{number}" for number in range(8))
START = datetime(2026, 11, 1, tzinfo=UTC)
EVENTS = (
    ("ann", "view_item", 0),
    ("ann", "purchase", 1),
    ("ann", "view_item", 2),
    ("ben", "purchase", 1),
    ("ben", "purchase", 3),
    ("cat", "view_item", 0),
    ("cat", "add_to_cart", 3),
    ("cat", "purchase", 4),
    ("dan", "view_item", 5),
    ("dan", "view_item", 6),
)
"""User, kind and item index, one a second."""


def known_users() -> KnownUsers:
    names = sorted({user for user, _, _ in EVENTS})
    interactions = in_order(
        len(names),
        np.array([names.index(user) for user, _, _ in EVENTS], np.int64),
        np.array([item for _, _, item in EVENTS], np.int32),
        np.array([KINDS.index(kind) for _, kind, _ in EVENTS], np.int8),
        START.timestamp() + np.arange(len(EVENTS), dtype=np.float64),
    )
    return KnownUsers(names, interactions)


def neighbours_of(model: ItemKnn) -> Neighbours:
    return nearest_items(model.similar, len(ITEM_IDS), 4)


def fitted(interactions: UserHistories) -> ItemKnn:
    return ItemKnn(neighbours=4).fit(Training(interactions.histories, len(ITEM_IDS)))


def served_model(version: str, **changed: Any) -> ServedModel:
    """A model of EVENTS under this version."""
    users = known_users()
    model = fitted(users.interactions)
    texts = {"title": [f"Product {number}" for number in range(len(ITEM_IDS))]}
    blank = dict.fromkeys(("category", "brand", "description", "price"), [""] * len(ITEM_IDS))
    made: dict[str, Any] = {
        "manifest": manifest_of(version, model),
        "model": model,
        "catalogue": Catalogue(list(ITEM_IDS), texts | blank),
        "similar": neighbours_of(model),
        "together": neighbours_of(model),
        "users": users,
    }
    return ServedModel(**made | changed)


def manifest_of(version: str, model: Model) -> Manifest:
    return Manifest(
        version=version,
        name=model.name,
        parameters=dict(model.parameters),
        code_version="0.1.0",
        created_at=START,
        data_from=START,
        data_to=START,
        counts={"users": 4, "items": len(ITEM_IDS), "interactions": len(EVENTS)},
        metrics={"NDCG@10": 0.25},
        evaluation={},
    )
