from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from recommender.neighbours import NONE, nearest_items

SIMILARITY = np.array([[9, 0.5, 0.2, 0], [0.5, 9, 0, 0], [0, 0, 9, 0], [0, 0, 0, 9]], np.float32)
OTHER = np.array([[9, 9, 9, 9], [9, 9, 9, 9], [0.3, 0.1, 9, 0.2], [0, 0, 0, 9]], np.float32)


def test_the_nearest_come_first_and_an_item_is_no_neighbour_of_its_own() -> None:
    nearest = nearest_items(lambda items: SIMILARITY[items].copy(), 4, 2)
    assert nearest.items.tolist() == [[1, 2], [0, NONE], [NONE, NONE], [NONE, NONE]]


def test_only_items_without_neighbours_have_those_of_another_similarity() -> None:
    requested: list[int] = []

    def other(items: NDArray[np.int32]) -> NDArray[np.float32]:
        requested.extend(items.tolist())
        return OTHER[items].copy()

    nearest = nearest_items(lambda items: SIMILARITY[items].copy(), 4, 2).or_else(other)
    assert requested == [2, 3]
    assert nearest.items.tolist() == [[1, 2], [0, NONE], [0, 3], [NONE, NONE]]
    np.testing.assert_array_equal(nearest.scores[2], np.array([0.3, 0.2], np.float32))
