"""``session``: predict the next item of a session from its first items, among all items.

The protocol of the tables of SR-GNN and GCE-GNN: training sessions, the oldest first, and pairs of a prefix and the
next item. The files have no times: the order of the training file is the clock, one session a second.
Parameters are chosen on the newest of the training sessions, cut into the same kind of pairs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from recommender.evaluation.blending import LearnedWeights
from recommender.evaluation.cases import Cases, Split
from recommender.evaluation.files import line_error, names_of, numbered_lines, the_one_file
from recommender.evaluation.metrics import Metrics, hit_rate, rank_metrics, reciprocal_rank
from recommender.evaluation.parts import NO_CASES, Part, Validation, share_of_time
from recommender.evaluation.report import Result
from recommender.evaluation.request import Progress, Request
from recommender.evaluation.search import Parameters
from recommender.models.base import Histories, Model, Training
from recommender.models.item_knn import ItemKnn
from recommender.models.popularity import Popularity
from schemas.errors import ConfigurationError

METRICS: Final = ("HR@20", "MRR@20")
TRAIN_ENDINGS: Final = ("train_sessions.txt", "train_sessions.txt.gz")
TEST_ENDINGS: Final = ("test_prefix_label.tsv", "test_prefix_label.tsv.gz")
SESSION_LINE: Final = "a line is a session: item item ..."
PAIR_LINE: Final = "a line is: item item ...<TAB>item"
DEPTH: Final = 20
MRR_WEIGHT: Final = 2.5
"""Weight of MRR in the validation metric, where HR has 1: HR is about that many times as large."""

VALIDATION_SHARE: Final = 0.08
"""Share of the training sessions, the newest ones, that is the validation part."""
SELECTION_CASES: Final = 1500
"""Pairs of the validation part that variants are compared on."""

WEIGHT_CASES: Final = 3500
"""Other pairs of it that ensemble weights are learned from."""


MODELS: Final = ("session_knn", "item_walk", "sequential_rules", "repeat_consumption", "popularity")
"""The models of ``parts_of``; some are parts only of data that suits them."""


@dataclass(frozen=True, slots=True)
class Sessions:
    """The files of the protocol with item indices.

    Attributes:
        training: The training sessions, the oldest first.
        prefixes: The prefixes of the test.
        labels: The next items, (n,) int64.
    """

    training: Training
    prefixes: Histories
    labels: NDArray[np.int64]

    @property
    def test(self) -> Split:
        """All training sessions, and the pairs of the test."""
        return Split(self.training, Cases(self.prefixes, self.labels, with_seen=True))

    @property
    def validation(self) -> Split:
        """The newest training sessions as pairs, without items that are not in the other sessions, as in the test."""
        sessions, n_items = self.training.histories, self.training.n_items
        first = len(sessions) - int(len(sessions) * VALIDATION_SHARE)
        before, after = sessions.slice(0, first), sessions.slice(first, len(sessions))
        known = np.bincount(before.items, minlength=n_items) > 0
        return Split(Training(before, n_items), pairs_of(after.where(known[after.items])))


def evaluate(request: Request, progress: Progress) -> Result:
    """Measure a model.

    Raises:
        ConfigurationError: A file cannot be used, or there is no such model.
    """
    train, test = _files(request)
    progress(f"reading {train.name} and {test.name}")
    sessions = read_sessions(train, test)
    rng = np.random.default_rng(request.seed)
    before = sessions.validation
    if not len(before.cases):
        progress(NO_CASES)
    drawn = rng.permutation(len(before.cases))[: SELECTION_CASES + WEIGHT_CASES]
    half = min(SELECTION_CASES, len(drawn) // 2)
    selection = Split(before.training, before.cases.take(np.sort(drawn[:half])))
    weight_cases = before.cases.take(np.sort(drawn[half:]))
    blending = LearnedWeights(weight_cases.examples(before.training))
    validation = Validation(before.training, lambda model: _validation_metric(selection, model), blending)
    model = validation.choose(request.model, parts_of(before.training), progress)
    progress(f"fitting and measuring {model.name}")
    metrics = _measured(sessions.test, model)
    return Result(model.name, model.parameters, metrics, _baselines(sessions.test, progress))


def parts_of(training: Training) -> list[Part]:
    """The parts of a blend, with the variants that are tried of each."""
    lately, recent, half = (share_of_time(training, share) for share in (0.03, 0.3, 0.5))
    near: Parameters = {"half_life_seconds": half}
    outward: Parameters = {"half_life_seconds": half, "start_power": 1.0, "end_power": 0.0}
    return [
        [("session_knn", {**near, "click_decay": decay}) for decay in (0.6, 0.7)],
        [("session_knn", {"half_life_seconds": share_of_time(training, 0.1)})],
        [("item_walk", {**near, "click_decay": decay}) for decay in (0.5, 0.6)],
        [("item_walk", outward)],
        [("item_walk", {**outward, "steps": 1})],
        [("sequential_rules", {"recency": 2.0, "from_power": 1.0, "to_power": 0.0})],
        [("sequential_rules", {"recency": 2.0, "from_power": 0.5, "to_power": 0.5, "backward": 1.0})],
        [("repeat_consumption", {})],
        [("repeat_consumption", {"recency": 1.5})],
        [("popularity", {"window_seconds": lately})],
        [("popularity", {"window_seconds": recent})],
        [("popularity", {})],
    ]


def read_sessions(train: Path, test: Path) -> Sessions:
    """Read the two files.

    Raises:
        ConfigurationError: A file cannot be read, has no lines, or a line that is not of the format.
    """
    sessions = [names_of(train, number, line) for number, line in numbered_lines(train)]
    pairs = [_pair(test, number, line) for number, line in numbered_lines(test)]
    if not sessions or not pairs:
        message = f"{test if sessions else train} has no lines; {SESSION_LINE if not sessions else PAIR_LINE}."
        raise ConfigurationError(message)
    prefixes, labels = [prefix for prefix, _ in pairs], [label for _, label in pairs]
    names = [item for part in (*sessions, *prefixes, labels) for item in part]
    distinct, indices = np.unique(names, return_inverse=True)
    trained, tested, right = np.split(indices, np.cumsum([sum(map(len, sessions)), sum(map(len, prefixes))]))
    training = Training(_clocked(_histories(trained, sessions)), len(distinct))
    return Sessions(training, _histories(tested, prefixes), right.astype(np.int64))


def pairs_of(sessions: Histories) -> Cases:
    """A case for every item of the sessions but the first of each, with the items before it in its session."""
    positions = np.arange(len(sessions.items)) - sessions.offsets[sessions.owners]
    ends = np.flatnonzero(positions > 0)
    starts = sessions.offsets[sessions.owners[ends]]
    offsets = np.concatenate([[0], np.cumsum(positions[ends])]).astype(np.int64)
    events = np.arange(offsets[-1]) + np.repeat(starts - offsets[:-1], positions[ends])
    prefixes = Histories(offsets, sessions.items[events], sessions.weights[events], sessions.times[events])
    return Cases(prefixes, sessions.items[ends].astype(np.int64), with_seen=True)


def _validation_metric(split: Split, model: Model) -> float:
    ranks = split.ranks(model)
    return hit_rate(ranks, DEPTH) + MRR_WEIGHT * reciprocal_rank(ranks, DEPTH)


def _measured(test: Split, model: Model) -> Metrics:
    return rank_metrics(test.ranks(model.fit(test.training)), METRICS)


def _baselines(test: Split, progress: Progress) -> dict[str, Metrics]:
    metrics = {}
    for model in (Popularity(), ItemKnn()):
        progress(f"measuring {model.name}")
        metrics[model.name] = _measured(test, model)
    return metrics


def _files(request: Request) -> tuple[Path, Path]:
    if request.train is not None and request.test is not None:
        return request.train, request.test
    if request.data is None or not request.data.is_dir():
        raise ConfigurationError(
            "This protocol needs --train FILE and --test FILE, or --data FOLDER with train_sessions.txt "
            "and test_prefix_label.tsv, plain or .gz."
        )
    return the_one_file(request.data, TRAIN_ENDINGS), the_one_file(request.data, TEST_ENDINGS)


def _pair(path: Path, number: int, line: str) -> tuple[list[str], str]:
    prefix, tab, label = line.rstrip("\n").partition("\t")
    if not tab or not prefix.strip() or len(label.split()) != 1:
        raise line_error(path, number, PAIR_LINE)
    return names_of(path, number, prefix), names_of(path, number, label)[0]


def _histories(items: NDArray[np.int64], lists: Sequence[Sequence[str]]) -> Histories:
    offsets = np.concatenate([[0], np.cumsum([len(items) for items in lists])]).astype(np.int64)
    return Histories(offsets, items.astype(np.int32), np.ones(len(items), np.float32), np.zeros(len(items)))


def _clocked(sessions: Histories) -> Histories:
    """The same sessions with times: one session a second."""
    return Histories(sessions.offsets, sessions.items, sessions.weights, sessions.owners.astype(np.float64))
