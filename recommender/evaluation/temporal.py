"""``temporal``: from what users did before a cut in time, what they bought after it is to be found.

Judged are the users who did something before the cut and bought something after it. Their histories are those that
serving would know: the newest event of each kind and product. Without repeats, what a user had bought before is neither
right nor recommended. Parameters are chosen by the same test with a second cut before the first one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from recommender.evaluation.blending import LearntSays
from recommender.evaluation.event_files import Events, read_events, read_pairs
from recommender.evaluation.lists import Lists, best_lists
from recommender.evaluation.metrics import Metrics
from recommender.evaluation.parts import Part, Validation, share_of_time
from recommender.evaluation.peers import ImplicitAls
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
"""Of the events, the newest: the test part where no cut is given."""

DEPTHS: Final = (10, 20)

DAY_SECONDS: Final = 86_400.0


@dataclass(frozen=True, slots=True)
class Trial:
    """Events cut in two.

    Attributes:
        training: What every user did before the cut.
        cases: The histories of the users that are judged, as serving would know them.
        everything: The same histories with every event, however often a product is in one.
        right: What each of them bought afterwards, (n_cases, n_items) sparse.
        hidden: What may not be recommended to each of them, (n_cases, n_items) sparse.
    """

    training: Training
    cases: Histories
    everything: Histories
    right: sparse.csr_matrix
    hidden: sparse.csr_matrix

    @property
    def examples(self) -> Examples:
        """The cases, to learn from."""
        return Examples(self.cases, self.right, with_seen=True, hidden=self.hidden)

    def lists(self, model: Model) -> Lists:
        """What a fitted model would recommend to the users that are judged."""
        return best_lists(model, self.cases, self.right, self.hidden)

    def measured(self, lists: Lists) -> Metrics:
        """What lists are worth."""
        return lists.metrics(self.training.histories.matrix(self.training.n_items), DEPTHS)

    def measured_peer(self, model: Model) -> Metrics:
        """What the lists of a model that we compare with are worth: fitted to the same, and told of every event."""
        return self.measured(best_lists(model.fit(self.training), self.everything, self.right, self.hidden))


def evaluate(request: Request, progress: Progress) -> Result:
    """Measure a model.

    Raises:
        ConfigurationError: A file cannot be used, or nobody can be judged.
    """
    events = read_events(request.needed_data())
    progress(f"read {len(events.items)} events of {len(events.user_names)} users")
    cut = _cut(events, request)
    test, before = test_part(events, request, cut), validation_part(events, request, cut)
    progress(f"{len(test.cases)} users are judged, {len(before.cases)} choose the parameters")
    says = LearntSays(before.examples)
    validation = Validation(before.training, lambda model: before.lists(model).ndcg(DEPTHS[0]), says)
    model = validation.choose(request.model, parts_of(validation.training), progress)
    progress(f"fitting and measuring {model.name}")
    model.fit(test.training)
    metrics = test.measured(test.lists(model))
    return Result(model.name, model.parameters, metrics, _baselines(test, progress))


def parts_of(training: Training) -> list[Part]:
    """What a blend is made of: of each part the variants that are tried."""
    third, tenth, fiftieth = (share_of_time(training, 1 / parts) for parts in (3, 10, 50))
    parts: list[Part] = [
        [("popularity", {})],
        [("popularity", {"window_seconds": tenth})],
        [("popularity", {"window_seconds": fiftieth})],
        [("own_items", {"rate_power": power}) for power in (0.0, 0.5, 1.0)],
        [("own_items", {"recency": 0.5}), ("own_items", {"half_life_seconds": tenth, "rate_power": 0.5})],
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


def peers_of(training: Training) -> list[Model]:
    """What the model is compared with, as it is out of the box."""
    peers: list[Model] = [Popularity(), ItemKnn(), ImplicitAls()]
    return [*peers, Ease()] if training.n_items <= MOST_ITEMS else peers


def test_part(events: Events, request: Request, cut: float) -> Trial:
    """What was bought from the cut on, or what a file says, by users of whom something is known from before.

    Raises:
        ConfigurationError: Nobody can be judged.
    """
    if request.test_purchases is None:
        return trial(events, cut, np.inf, request.repeats)
    users, items = read_pairs(request.test_purchases, events)
    return _trial(events, np.ones(len(events.items), bool), users, items, request.repeats)


def validation_part(events: Events, request: Request, cut: float) -> Trial:
    """The same with a cut as long before as events go on after it, but behind half of what is known.

    Where a file says what is right, a fifth of the events lies behind the cut.

    Raises:
        ConfigurationError: Nobody can be judged.
    """
    known = events.times[events.times < cut]
    if request.test_purchases is not None:
        return trial(events, float(np.quantile(known, 1 - TEST_SHARE)), cut, request.repeats)
    as_long = 2 * cut - events.times.max()
    return trial(events, float(max(as_long, np.median(known))), cut, request.repeats)


def trial(events: Events, cut: float, end: float, repeats: bool) -> Trial:
    """Cut events in two; those from ``end`` on are as if they had never been.

    Raises:
        ConfigurationError: Nobody did something before the cut and bought something after it.
    """
    bought = (events.kinds == PURCHASE) & (events.times >= cut) & (events.times < end)
    return _trial(events, events.times < cut, events.users[bought], events.items[bought], repeats)


def _cut(events: Events, request: Request) -> float:
    """Seconds since the epoch; behind all events where a file says what is right."""
    if request.test_purchases is not None:
        return float(events.times.max()) + 1
    if request.cut is not None:
        return request.cut.timestamp()
    return float(np.quantile(events.times, 1 - TEST_SHARE))


def _trial(
    events: Events, before: NDArray[np.bool_], users: NDArray[np.int64], items: NDArray[np.int64], repeats: bool
) -> Trial:
    n_users, n_items = len(events.user_names), len(events.item_names)
    shape = (n_users, n_items)
    known = in_order(n_users, events.users[before], events.items[before], events.kinds[before], events.times[before])
    unwanted = np.zeros(len(before), bool) if repeats else before & (events.kinds == PURCHASE)
    hidden = _pairs(events.users[unwanted], events.items[unwanted], shape)
    right = _pairs(users, items, shape)
    right = right - right.multiply(hidden)
    right.eliminate_zeros()
    rows = np.flatnonzero((known.histories.lengths > 0) & (right.getnnz(axis=1) > 0))
    if not len(rows):
        raise ConfigurationError("Nobody did something before the cut and bought something after it: choose another.")
    cases = newest_of_each(known).histories.take(rows)
    everything = known.histories.take(rows)
    return Trial(Training(known.histories, n_items), cases, everything, right[rows], hidden[rows])


def _pairs(users: NDArray[np.int64], items: NDArray[Any], shape: tuple[int, int]) -> sparse.csr_matrix:
    """1 for each pair, however often it is there, (n_users, n_items) float32."""
    made = sparse.csr_matrix((np.ones(len(users), np.float32), (users, items)), shape=shape)
    made.sum_duplicates()
    made.data[:] = 1
    return made


def _baselines(test: Trial, progress: Progress) -> dict[str, Metrics]:
    found = {}
    for peer in peers_of(test.training):
        progress(f"fitting and measuring {peer.name}")
        found[peer.name] = test.measured_peer(peer)
    return found
