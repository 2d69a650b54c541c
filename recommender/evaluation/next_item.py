"""``next-item``: predict each user's last item among all items that are not in the history (leave last out).

The protocol of the tables of SASRec, S3-Rec, CoSeRec and ICLRec with full ranking. Parameters are chosen by the same
test one step earlier: the last item of the training part is predicted from those before it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from scipy import sparse

from recommender.evaluation.blending import LearnedWeights
from recommender.evaluation.cases import Cases, Split, leave_last_out
from recommender.evaluation.comparison import compared
from recommender.evaluation.files import (
    TEXT_ENDINGS,
    attributes_beside,
    read_attributes,
    read_user_lists,
    the_one_file,
)
from recommender.evaluation.metrics import ndcg
from recommender.evaluation.parts import NO_CASES, Part, Validation
from recommender.evaluation.report import Result
from recommender.evaluation.request import Progress, Request
from recommender.evaluation.search import Space, choice, log_uniform, uniform, variants
from recommender.models.base import Histories, Training
from recommender.models.ease import MOST_ITEMS
from recommender.models.item_knn import ItemKnn
from recommender.models.popularity import Popularity
from schemas.errors import ConfigurationError

METRICS: Final = ("HR@5", "HR@10", "HR@20", "NDCG@5", "NDCG@10", "NDCG@20")
CUTOFF: Final = 10
"""Parameters are chosen by NDCG at this cutoff."""
LEAST_ITEMS: Final = 2
"""Least number of items of a user, for a case to be made."""
VALIDATION_CASES: Final = 4_000
"""Users that parameters are chosen on; ensemble weights are learned from as many others."""

MODELS: Final = ("sequential_rules", "item_knn", "item_walk", "ials", "popularity", "content", "ease")
"""The models of ``parts_of``; some are parts only of data that suits them."""

RULES: Final[Space] = {
    "distance": choice(5, 10, 20),
    "distance_power": uniform(0.2, 1.2),
    "backward": choice(0.0, 0.2, 0.5),
    "from_power": uniform(0.1, 0.6),
    "to_power": uniform(0.0, 0.3),
    "recency": uniform(0.5, 1.5),
}
ITEM_KNN: Final[Space] = {
    "weighting": choice("cosine", "bm25"),
    "user_power": uniform(0.0, 1.0),
    "norm_power": uniform(0.2, 1.0),
    "recency": uniform(0.5, 1.5),
}
ITEM_WALK: Final[Space] = {"click_decay": uniform(0.5, 0.9), "end_power": uniform(0.2, 0.6)}
IALS: Final[Space] = {
    "unobserved": log_uniform(0.01, 0.1),
    "regularization": log_uniform(0.0005, 0.01),
    "recency": uniform(0.0, 1.0),
}
EASE: Final[Space] = {"regularization": log_uniform(30, 1000), "recency": uniform(0.0, 1.0)}
CONTENT: Final[Space] = {"most_share": choice(0.02, 0.05, 0.2), "recency": uniform(0.3, 1.5)}


@dataclass(frozen=True, slots=True)
class Lists:
    """A file of the protocol with item indices.

    Attributes:
        histories: One for each user.
        n_items: Number of items in the file.
        features: Attributes of the items, (n_items, n_features), if there are any.
    """

    histories: Histories
    n_items: int
    features: sparse.csr_matrix | None

    def training(self, histories: Histories) -> Training:
        """A training part of these items."""
        return Training(histories, self.n_items, self.features)


def evaluate(request: Request, progress: Progress) -> Result:
    """Measure a model.

    Raises:
        ConfigurationError: A file cannot be used, there is no such model, or no user has two items.
    """
    path = the_one_file(request.needed_data(), TEXT_ENDINGS)
    progress(f"reading {path.name}")
    lists = read_lists(path, request.attributes or attributes_beside(path))
    if lists.features is not None:
        progress(f"{np.count_nonzero(np.diff(lists.features.indptr))} of {lists.n_items} items have attributes")
    rng = np.random.default_rng(request.seed)
    test = last_items(lists, lists.histories)
    if not len(test.cases):
        message = f"No user of {path} has two items or more: there is nothing to leave out."
        raise ConfigurationError(message)
    before = last_items(lists, test.training.histories)
    if not len(before.cases):
        progress(NO_CASES)
    validation = validation_of(before, rng)
    chosen = validation.choose(request.model, parts_of(test.training, rng), progress)
    return compared(chosen, (Popularity(), ItemKnn()), test, METRICS, progress)


def validation_of(split: Split, rng: np.random.Generator) -> Validation:
    """Cases drawn at random: half of them to choose parameters on, half to learn ensemble weights from."""
    drawn = split.cases.sample(2 * VALIDATION_CASES, rng)
    selection = Split(split.training, drawn.take(np.arange(0, len(drawn), 2)))
    weight_cases = drawn.take(np.arange(1, len(drawn), 2))
    blending = LearnedWeights(weight_cases.examples(split.training))
    return Validation(split.training, lambda model: ndcg(selection.ranks(model), CUTOFF), blending)


def parts_of(training: Training, rng: np.random.Generator) -> list[Part]:
    """The parts of a blend, with the variants that are tried of each."""
    parts: list[Part] = [
        variants("sequential_rules", RULES, 8, rng),
        variants("item_knn", ITEM_KNN, 4, rng),
        variants("item_walk", ITEM_WALK, 2, rng),
        variants("ials", IALS, 3, rng, factors=64),
        variants("popularity", {}, 0, rng),
    ]
    if training.features is not None:
        parts.append(variants("content", CONTENT, 2, rng))
    if training.n_items <= MOST_ITEMS:
        parts.append(variants("ease", EASE, 3, rng))
    return parts


def read_lists(path: Path, attributes: Path | None) -> Lists:
    """Read a file of users and items, and a file of attributes if there is one."""
    lists = read_user_lists(path)
    names, indices = np.unique([item for items in lists.items for item in items], return_inverse=True)
    histories = Histories.of(_cut(indices.tolist(), [len(items) for items in lists.items]))
    features = None if attributes is None else features_of(names.tolist(), read_attributes(attributes))
    return Lists(histories, len(names), features)


def last_items(lists: Lists, histories: Histories) -> Split:
    """Split off the last item of each user with two or more as a case; the items before it are the training part."""
    long_enough = np.flatnonzero(histories.lengths >= LEAST_ITEMS)
    known, targets = leave_last_out(histories.take(long_enough))
    return Split(lists.training(known), Cases(known, targets))


def _cut(items: list[int], lengths: list[int]) -> list[list[int]]:
    ends = np.cumsum(lengths).tolist()
    return [items[end - length : end] for end, length in zip(ends, lengths, strict=True)]


def features_of(items: Sequence[str], attributes: Mapping[str, Sequence[str]]) -> sparse.csr_matrix:
    """(n_items, n_attributes) float32, 1 where an item has an attribute; other items are left out."""
    values_of = [sorted(set(attributes.get(item, ()))) for item in items]
    names, columns = np.unique([value for values in values_of for value in values], return_inverse=True)
    offsets = np.concatenate([[0], np.cumsum([len(values) for values in values_of])])
    parts = (np.ones(len(columns), np.float32), columns.astype(np.int32), offsets)
    return sparse.csr_matrix(parts, shape=(len(items), len(names)))
