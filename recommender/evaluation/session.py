"""``session``: from the first items of a session its next one is to be found, items seen in it included.

The protocol of the tables of SR-GNN and GCE-GNN: training sessions, the oldest first, and pairs of a prefix and the
item that came next. The files have no times: the order of the training file is the clock, one session a second.
Parameters are chosen on the newest of the training sessions, cut into the same kind of pairs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from recommender.evaluation.blending import LearntSays
from recommender.evaluation.cases import Cases, Split
from recommender.evaluation.files import line_error, numbered_lines, the_one_file
from recommender.evaluation.metrics import Metrics, hit_rate, rank_metrics, reciprocal_rank
from recommender.evaluation.parts import Part, Validation, share_of_time
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
DEPTH: Final = 20
WORTH_OF_RANK: Final = 2.5
"""What MRR counts beside HR when variants are compared: HR is about that many times as large."""

VALIDATION_SHARE: Final = 0.08
"""Of the training sessions, the newest."""
JUDGED_CASES: Final = 1500
"""Pairs of the validation part that choose among the variants of a part."""

TAUGHT_CASES: Final = 3500
"""Other pairs of it that teach what the parts count."""


@dataclass(frozen=True, slots=True)
class Sessions:
    """The files of the protocol with items numbered.

    Attributes:
        training: The training sessions, the oldest first.
        prefixes: The prefixes of the test.
        labels: What came next, (n,) int64.
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
        """The newest training sessions as pairs; what the others do not know is left out of them, as of the test."""
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
    lot = np.random.default_rng(request.seed)
    before = sessions.validation
    places = lot.permutation(len(before.cases))[: JUDGED_CASES + TAUGHT_CASES]
    half = min(JUDGED_CASES, len(places) // 2)
    judged = Split(before.training, before.cases.take(np.sort(places[:half])))
    taught = before.cases.take(np.sort(places[half:]))
    says = LearntSays(taught.examples(before.training))
    validation = Validation(before.training, lambda model: _worth(judged, model), says)
    model = validation.choose(request.model, parts_of(before.training), progress)
    progress(f"fitting and measuring {model.name}")
    metrics = _measured(sessions.test, model)
    return Result(model.name, model.parameters, metrics, _baselines(sessions.test, progress))


def parts_of(training: Training) -> list[Part]:
    """What a blend is made of: of each part the variants that are tried."""
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
        [("own_items", {})],
        [("own_items", {"recency": 1.5})],
        [("popularity", {"window_seconds": lately})],
        [("popularity", {"window_seconds": recent})],
        [("popularity", {})],
    ]


def read_sessions(train: Path, test: Path) -> Sessions:
    """The two files.

    Raises:
        ConfigurationError: A file cannot be read, has no lines, or a line that is not of the format.
    """
    sessions = [line.split() for _, line in numbered_lines(train)]
    pairs = [_pair(test, number, line) for number, line in numbered_lines(test)]
    if not sessions or not pairs:
        message = f"{test if sessions else train} has no lines."
        raise ConfigurationError(message)
    prefixes, labels = [prefix for prefix, _ in pairs], [label for _, label in pairs]
    names = [item for part in (*sessions, *prefixes, labels) for item in part]
    distinct, numbers = np.unique(names, return_inverse=True)
    trained, tested, right = np.split(numbers, np.cumsum([sum(map(len, sessions)), sum(map(len, prefixes))]))
    training = Training(_clocked(_histories(trained, sessions)), len(distinct))
    return Sessions(training, _histories(tested, prefixes), right.astype(np.int64))


def pairs_of(sessions: Histories) -> Cases:
    """Every item of the sessions but the first of each, and what came before it in its session."""
    places = np.arange(len(sessions.items)) - sessions.offsets[sessions.owners]
    ends = np.flatnonzero(places > 0)
    starts = sessions.offsets[sessions.owners[ends]]
    offsets = np.concatenate([[0], np.cumsum(places[ends])]).astype(np.int64)
    events = np.arange(offsets[-1]) + np.repeat(starts - offsets[:-1], places[ends])
    prefixes = Histories(offsets, sessions.items[events], sessions.weights[events], sessions.times[events])
    return Cases(prefixes, sessions.items[ends].astype(np.int64), with_seen=True)


def _worth(split: Split, model: Model) -> float:
    ranks = split.ranks(model)
    return hit_rate(ranks, DEPTH) + WORTH_OF_RANK * reciprocal_rank(ranks, DEPTH)


def _measured(test: Split, model: Model) -> Metrics:
    return rank_metrics(test.ranks(model.fit(test.training)), METRICS)


def _baselines(test: Split, progress: Progress) -> dict[str, Metrics]:
    found = {}
    for model in (Popularity(), ItemKnn()):
        progress(f"measuring {model.name}")
        found[model.name] = _measured(test, model)
    return found


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
        raise line_error(path, number, "a line is: item item ...<TAB>item")
    return prefix.split(), label.strip()


def _histories(items: NDArray[np.int64], lists: Sequence[Sequence[str]]) -> Histories:
    offsets = np.concatenate([[0], np.cumsum([len(items) for items in lists])]).astype(np.int64)
    return Histories(offsets, items.astype(np.int32), np.ones(len(items), np.float32), np.zeros(len(items)))


def _clocked(sessions: Histories) -> Histories:
    """One session a second."""
    return Histories(sessions.offsets, sessions.items, sessions.weights, sessions.owners.astype(np.float64))
