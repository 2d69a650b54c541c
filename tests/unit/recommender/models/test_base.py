"""Histories and their parts."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from recommender.models.base import Histories
from recommender.models.recency import Recency

lists = st.lists(st.lists(st.integers(0, 9), max_size=5), max_size=6)


def as_lists(histories: Histories) -> list[list[int]]:
    return [items.tolist() for items in histories]


def test_positions_are_counted_back_from_the_newest_event() -> None:
    assert Histories.of([[7, 8, 9], [], [5]]).reverse_positions.tolist() == [2, 1, 0, 0]


def test_ages_are_counted_back_from_the_newest_event_of_the_same_history() -> None:
    assert Histories.of([[7, 8, 9], [], [5, 6]]).ages_seconds.tolist() == [2, 1, 0, 1, 0]


def test_a_matrix_adds_up_the_events_of_an_item_and_keeps_their_order() -> None:
    histories = Histories.of([[3, 1, 3], []])
    assert histories.matrix(4).toarray().tolist() == [[0, 1, 0, 2], [0, 0, 0, 0]]
    assert histories.items.tolist() == [3, 1, 3]


@given(lists, st.data())
def test_histories_taken_by_index_are_those_with_the_indices(drawn: list[list[int]], data: st.DataObject) -> None:
    rows = data.draw(st.lists(st.integers(0, len(drawn) - 1), max_size=6)) if drawn else []
    taken = Histories.of(drawn).take(np.array(rows, np.int64))
    assert as_lists(taken) == [drawn[row] for row in rows]


@given(lists)
def test_histories_with_some_events_left_out_keep_the_others_in_their_order(drawn: list[list[int]]) -> None:
    histories = Histories.of(drawn)
    even = histories.items % 2 == 0
    assert as_lists(histories.where(even)) == [[item for item in items if item % 2 == 0] for items in drawn]


def test_recency_decays_by_place_and_by_time() -> None:
    histories = Histories.of([[1, 2, 3]])
    assert Recency(power=1).weights(histories).tolist() == np.float32([1 / 3, 0.5, 1]).tolist()
    assert Recency(half_life_seconds=1).weights(histories).tolist() == [0.25, 0.5, 1]
