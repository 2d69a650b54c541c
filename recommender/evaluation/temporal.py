"""``temporal``: predict what users bought after a cut in time from their events before it.

Evaluated are users with events before the cut and purchases after it. Their histories are as Redis holds them: the
newest event of each kind with each product. Without repeats, products that a user bought before the cut are neither
right nor recommended. Parameters are chosen by the same test with a second cut before the first one.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from recommender.evaluation.baselines import ImplicitAls
from recommender.evaluation.blending import LearnedWeights
from recommender.evaluation.event_files import Events, read_events, read_pairs
from recommender.evaluation.lists import Lists, best_lists
from recommender.evaluation.metrics import Metrics
from recommender.evaluation.parts import NO_CASES, Part, Validation, share_of_time
from recommender.evaluation.report import Result
from recommender.evaluation.request import Progress, Request
from recommender.interactions import PURCHASE, in_order, newest_of_each
from recommender.models.base import Histories, Model, Training
from recommender.models.blend_weights import Examples
from recommender.models.ease import MOST_ITEMS, Ease
from recommender.models.item_knn import ItemKnn
from recommender.models.popularity import Popularity
from schemas.errors import ConfigurationError

TEST_SHARE: Final = 0.2
"""Share of the events, the newest ones, that is the test part where no cut is given."""

DEPTHS: Final = (10, 20)

DAY_SECONDS: Final = 86_400.0


MODELS: Final = (
    "popularity",
    "repeat_consumption",
    "item_knn",
    "item_walk",
    "session_knn",
    "sequential_rules",
    "ials",
    "ease",
)
"""The models of ``parts_of``; some are parts only of data that suits them."""


@dataclass(frozen=True, slots=True)
class TemporalSplit:
    """Events split at a cut in time.

    Attributes:
        training: The histories of all users before the cut.
        cases: The histories of the evaluated users as Redis holds them.
        everything: The same histories with every event.
        right: What each of them bought after the cut, (n_cases, n_items) sparse.
        hidden: Items that may not be recommended to each of them, (n_cases, n_items) sparse.
    """

    training: Training
    cases: Histories
    everything: Histories
    right: sparse.csr_matrix
    hidden: sparse.csr_matrix

    @property
    def examples(self) -> Examples:
        """The cases, to learn ensemble weights from."""
        return Examples(self.cases, self.right, with_seen=True, hidden=self.hidden)

    def lists(self, model: Model) -> Lists:
        """The lists of a fitted model for the evaluated users."""
        return best_lists(model, self.cases, self.right, self.hidden)

    def measured(self, lists: Lists) -> Metrics:
        """The metrics of lists."""
        return lists.metrics(self.training.histories.matrix(self.training.n_items), DEPTHS)

    def measured_baseline(self, model: Model) -> Metrics:
        """The metrics of a baseline, fitted to the same data; it scores histories with every event."""
        return self.measured(best_lists(model.fit(self.training), self.everything, self.right, self.hidden))


def evaluate(request: Request, progress: Progress) -> Result:
    """Measure a model.

    Raises:
        ConfigurationError: A file cannot be used, or no user can be evaluated.
    """
    events = read_events(request.needed_data())
    progress(f"read {len(events.items)} events of {len(events.user_names)} users")
    for why, count in events.left_out.items():
        progress(f"left out {count} rows {why}")
    cut = _cut(events, request)
    test, before = test_part(events, request, cut, progress), validation_part(events, request, cut)
    progress(f"{len(test.cases)} users are evaluated, parameters are chosen on {len(before.cases)}")
    if not len(before.cases):
        progress(NO_CASES)
    blending = LearnedWeights(before.examples)
    validation = Validation(before.training, lambda model: before.lists(model).ndcg(DEPTHS[0]), blending)
    model = validation.choose(request.model, parts_of(validation.training), progress)
    progress(f"fitting and measuring {model.name}")
    model.fit(test.training)
    metrics = test.measured(test.lists(model))
    return Result(model.name, model.parameters, metrics, _baselines(test, progress))


def parts_of(training: Training) -> list[Part]:
    """The parts of a blend, with the variants that are tried of each."""
    third, tenth, fiftieth = (share_of_time(training, 1 / parts) for parts in (3, 10, 50))
    parts: list[Part] = [
        [("popularity", {})],
        [("popularity", {"window_seconds": tenth})],
        [("popularity", {"window_seconds": fiftieth})],
        [("repeat_consumption", {"rate_power": power}) for power in (0.0, 0.5, 1.0)],
        [
            ("repeat_consumption", {"recency": 0.5}),
            ("repeat_consumption", {"half_life_seconds": tenth, "rate_power": 0.5}),
        ],
        [
            ("item_knn", {"recency": recency, "norm_power": power, "half_life_seconds": third})
            for recency in (0.0, 0.5)
            for power in (0.7, 1.0)
        ],
        [
            ("item_walk", {"steps": steps, "click_decay": decay, "half_life_seconds": third})
            for steps in (1, 2)
            for decay in (0.8, 0.98)
        ],
        [
            ("session_knn", {"gap_seconds": gap, "click_decay": decay, "half_life_seconds": third, "reach": None})
            for gap in (None, DAY_SECONDS)
            for decay in (0.8, 0.98)
        ],
        [("sequential_rules", {"recency": recency}) for recency in (0.5, 1.0)],
        [("ials", {"recency": 0.5})],
    ]
    if training.n_items <= MOST_ITEMS:
        parts.append([("ease", {"regularization": weight}) for weight in (100.0, 1000.0)])
    return parts


def baselines_for(training: Training) -> list[Model]:
    """The models that the model is compared with, with their defaults."""
    baselines: list[Model] = [Popularity(), ItemKnn(), ImplicitAls()]
    return [*baselines, Ease()] if training.n_items <= MOST_ITEMS else baselines


def test_part(events: Events, request: Request, cut: float, progress: Progress) -> TemporalSplit:
    """The test: right is what users with earlier events bought from the cut on, or the pairs of a file.

    Raises:
        ConfigurationError: No user can be evaluated.
    """
    if request.test_purchases is None:
        split = temporal_split(events, cut, np.inf, request.repeats)
        when = f"{datetime.fromtimestamp(cut, UTC):%Y-%m-%dT%H:%M:%S}"
        nobody = f"No user has events before {when} and purchases after it: choose another --cut."
    else:
        users, items, unknown = read_pairs(request.test_purchases, events)
        if unknown:
            progress(f"left out {unknown} lines of {request.test_purchases.name} of a user or an item without events")
        split = _temporal_split(events, np.ones(len(events.items), bool), users, items, request.repeats)
        nobody = f"No line of {request.test_purchases} has a user and a product of the events that can be evaluated."
    if not len(split.cases):
        raise ConfigurationError(nobody)
    return split


def validation_part(events: Events, request: Request, cut: float) -> TemporalSplit:
    """The same test on the events before the cut, with an earlier cut.

    It is as long before the first cut as events go on after that, but at least half of the known events are before it.
    Where a file names the right items, a fifth of the events are after it. It may have no cases.
    """
    known = events.times[events.times < cut]
    if request.test_purchases is not None:
        return temporal_split(events, float(np.quantile(known, 1 - TEST_SHARE)), cut, request.repeats)
    earlier = 2 * cut - events.times.max()
    return temporal_split(events, float(max(earlier, np.median(known))), cut, request.repeats)


def temporal_split(events: Events, cut: float, end: float, repeats: bool) -> TemporalSplit:
    """Split events at a cut, without those from ``end`` on."""
    bought = (events.kinds == PURCHASE) & (events.times >= cut) & (events.times < end)
    return _temporal_split(events, events.times < cut, events.users[bought], events.items[bought], repeats)


def _cut(events: Events, request: Request) -> float:
    """Seconds since the epoch; after all events where a file names the right items."""
    if request.test_purchases is not None:
        return float(events.times.max()) + 1
    if request.cut is not None:
        return request.cut.timestamp()
    return float(np.quantile(events.times, 1 - TEST_SHARE))


def _temporal_split(
    events: Events, before: NDArray[np.bool_], users: NDArray[np.int64], items: NDArray[np.int64], repeats: bool
) -> TemporalSplit:
    n_users, n_items = len(events.user_names), len(events.item_names)
    shape = (n_users, n_items)
    known = in_order(n_users, events.users[before], events.items[before], events.kinds[before], events.times[before])
    excluded = np.zeros(len(before), bool) if repeats else before & (events.kinds == PURCHASE)
    hidden = _pairs(events.users[excluded], events.items[excluded], shape)
    right = _pairs(users, items, shape)
    right = right - right.multiply(hidden)
    right.eliminate_zeros()
    rows = np.flatnonzero((known.histories.lengths > 0) & (right.getnnz(axis=1) > 0))
    cases = newest_of_each(known).histories.take(rows)
    everything = known.histories.take(rows)
    return TemporalSplit(Training(known.histories, n_items), cases, everything, right[rows], hidden[rows])


def _pairs(users: NDArray[np.int64], items: NDArray[Any], shape: tuple[int, int]) -> sparse.csr_matrix:
    """1 for each pair, however often it occurs, (n_users, n_items) float32."""
    matrix = sparse.csr_matrix((np.ones(len(users), np.float32), (users, items)), shape=shape)
    matrix.sum_duplicates()
    matrix.data[:] = 1
    return matrix


def _baselines(test: TemporalSplit, progress: Progress) -> dict[str, Metrics]:
    metrics = {}
    for baseline in baselines_for(test.training):
        progress(f"fitting and measuring {baseline.name}")
        metrics[baseline.name] = test.measured_baseline(baseline)
    return metrics
