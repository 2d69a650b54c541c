"""Known answers of the session-kNN."""

from __future__ import annotations

import numpy as np
import pytest

from recommender.models.base import Histories, Training
from recommender.models.session_knn import SessionKnn

PLAIN = {
    "click_decay": 1.0,
    "similarity_power": 1.0,
    "length_power": 0.0,
    "rarity_power": 0.0,
    "reach": None,
    "own_share": 1.0,
}
"""Every shared item and every neighbour counts 1."""


def training(sessions: list[list[int]], n_items: int) -> Training:
    """One session a second."""
    made = Histories.of(sessions)
    return Training(Histories(made.offsets, made.items, made.weights, made.owners.astype(np.float64)), n_items)


def test_plain_scores_are_the_items_shared_with_each_session_that_has_an_item() -> None:
    model = SessionKnn(**PLAIN).fit(training([[0, 1, 2], [1, 3], [4, 5]], 6))
    assert model.score(Histories.of([[0, 1], [4], []])).tolist() == [
        [2, 3, 2, 1, 0, 0],
        [0, 0, 0, 0, 1, 1],
        [0, 0, 0, 0, 0, 0],
    ]


def test_newer_clicks_count_more() -> None:
    model = SessionKnn(**{**PLAIN, "click_decay": 0.5}).fit(training([[0, 2], [1, 3]], 4))
    assert model.score(Histories.of([[0, 1]])).tolist() == [[0.5, 1, 0.5, 1]]


def test_newer_sessions_count_more() -> None:
    model = SessionKnn(**PLAIN, half_life_seconds=1.0).fit(training([[0, 1], [0, 2], [0, 3]], 4))
    assert model.score(Histories.of([[0]])).tolist() == [[1.75, 0.25, 0.5, 1]]


def test_items_near_the_newest_shared_click_count_more() -> None:
    model = SessionKnn(**{**PLAIN, "reach": 1.0}).fit(training([[0, 1, 2, 3]], 4))
    scores = model.score(Histories.of([[0, 1]]))[0]
    assert scores == pytest.approx(2 * np.exp([-1, 0, -1, -2]))


def test_the_shared_click_itself_counts_its_share() -> None:
    model = SessionKnn(**{**PLAIN, "own_share": 0.25}).fit(training([[0, 1]], 2))
    assert model.score(Histories.of([[0]])).tolist() == [[0.25, 1]]


def test_only_the_nearest_sessions_have_a_say() -> None:
    model = SessionKnn(**PLAIN, neighbours=1).fit(training([[0, 1, 2], [0, 3]], 4))
    assert model.score(Histories.of([[0, 1]])).tolist() == [[2, 2, 2, 0]]


def test_only_the_newest_sessions_of_an_item_are_looked_at_whatever_their_order_in_the_data() -> None:
    sessions = training([[0, 1], [0, 2], [0, 3]], 4)
    model = SessionKnn(**PLAIN, sessions_per_item=2).fit(
        Training(sessions.histories.take(np.array([2, 0, 1])), sessions.n_items)
    )
    assert model.score(Histories.of([[0]])).tolist() == [[2, 0, 1, 1]]


def test_a_long_pause_begins_a_new_session() -> None:
    long = Histories(
        np.array([0, 4], np.int64),
        np.array([0, 1, 2, 3], np.int32),
        np.ones(4, np.float32),
        np.array([0.0, 1, 100, 101]),
    )
    whole = SessionKnn(**PLAIN).fit(Training(long, 4))
    cut = SessionKnn(**PLAIN, gap_seconds=50).fit(Training(long, 4))
    assert whole.score(Histories.of([[0]])).tolist() == [[1, 1, 1, 1]]
    assert cut.score(Histories.of([[0]])).tolist() == [[1, 1, 0, 0]]


def test_an_event_of_more_weight_counts_more() -> None:
    sessions = Histories(
        np.array([0, 2, 4], np.int64), np.array([0, 1, 0, 2], np.int32), np.array([1, 5, 1, 1], np.float32), np.zeros(4)
    )
    model = SessionKnn(**PLAIN).fit(Training(sessions, 3))
    assert model.score(Histories.of([[0]])).tolist() == [[2, 5, 1]]


def test_scores_do_not_depend_on_other_histories_and_survive_storage() -> None:
    rng = np.random.default_rng(3)
    sessions = training([rng.integers(30, size=rng.integers(1, 8)).tolist() for _ in range(200)], 30)
    model = SessionKnn(half_life_seconds=50.0, neighbours=20).fit(sessions)
    together = model.score(sessions.histories)
    one_by_one = np.concatenate([model.score(sessions.histories.slice(row, row + 1)) for row in range(200)])
    again = SessionKnn(**model.parameters).restore(model.arrays()).score(sessions.histories)
    np.testing.assert_array_equal(together, one_by_one)
    np.testing.assert_array_equal(together, again)
