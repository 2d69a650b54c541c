"""``next-item``: each user's last item is to be found among all items that the user has not had (leave last out).

The protocol of the tables of SASRec, S3-Rec, CoSeRec and ICLRec with full ranking. Parameters are chosen by the same
test one step earlier: the last item of the training part is to be found from those before it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from jobs.training.evaluation.cases import Cases, Split, leave_last_out
from jobs.training.evaluation.files import (
    TEXT_ENDINGS,
    attributes_beside,
    read_attributes,
    read_user_lists,
    the_one_file,
)
from jobs.training.evaluation.metrics import rank_metrics
from jobs.training.evaluation.protocol import Progress, Request
from jobs.training.evaluation.report import Finding
from jobs.training.models.base import Histories, Training
from jobs.training.models.item_knn import ItemKnn
from jobs.training.models.popularity import Popularity
from schemas.errors import ConfigurationError

METRICS: Final = ("HR@5", "HR@10", "HR@20", "NDCG@5", "NDCG@10", "NDCG@20")
LEAST_ITEMS: Final = 2
"""Of a user that a case can be made from."""


@dataclass(frozen=True, slots=True)
class Lists:
    """A file of the protocol with items numbered.

    Attributes:
        histories: One for each user.
        n_items: How many items the file and the attributes know.
        features: Attributes of the items, (n_items, n_features), if there are any.
    """

    histories: Histories
    n_items: int
    features: sparse.csr_matrix | None

    def training(self, histories: Histories) -> Training:
        """A training part of these items."""
        return Training(histories, self.n_items, self.features)


def evaluate(request: Request, progress: Progress) -> Finding:
    """Measure a model.

    Raises:
        ConfigurationError: A file cannot be used, or there is no such model.
    """
    path = the_one_file(request.needed_data(), TEXT_ENDINGS)
    progress(f"reading {path.name}")
    lists = read_lists(path, request.attributes or attributes_beside(path))
    test = last_items(lists, lists.histories)
    baselines = {}
    for model in (Popularity(), ItemKnn()):
        progress(f"measuring {model.name}")
        baselines[model.name] = rank_metrics(test.ranks(model.fit(test.training)), METRICS)
    return Finding(model.name, model.parameters, baselines[model.name], baselines)


def read_lists(path: Path, attributes: Path | None) -> Lists:
    """A file of users and items, and a file of attributes if there is one."""
    lists = read_user_lists(path)
    names, numbers = np.unique([item for items in lists.items for item in items], return_inverse=True)
    histories = Histories.of(_cut(numbers.tolist(), [len(items) for items in lists.items]))
    features = None if attributes is None else _features(names, read_attributes(attributes))
    return Lists(histories, len(names), features)


def last_items(lists: Lists, histories: Histories) -> Split:
    """The last item of each user is the case, what is before it is the training part.

    Raises:
        ConfigurationError: No user has two items.
    """
    long_enough = np.flatnonzero(histories.lengths >= LEAST_ITEMS)
    if not len(long_enough):
        raise ConfigurationError("No user has two items or more: there is nothing to leave out.")
    known, targets = leave_last_out(histories.take(long_enough))
    return Split(lists.training(known), Cases(known, targets))


def _cut(items: list[int], lengths: list[int]) -> list[list[int]]:
    ends = np.cumsum(lengths).tolist()
    return [items[end - length : end] for end, length in zip(ends, lengths, strict=True)]


def _features(names: NDArray[np.str_], attributes: Mapping[str, Sequence[str]]) -> sparse.csr_matrix:
    """(n_items, n_attributes) float32, 1 where an item has an attribute."""
    known = [attributes.get(name, []) for name in names.tolist()]
    _, columns = np.unique([value for values in known for value in values], return_inverse=True)
    offsets = np.concatenate([[0], np.cumsum([len(values) for values in known])])
    return sparse.csr_matrix((np.ones(len(columns), np.float32), columns, offsets))
