"""Lists where several items may be right."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from recommender.evaluation.lists import Lists, best_lists, coverage, diversity, novelty
from recommender.models.base import Histories, Training
from recommender.models.popularity import Popularity
from recommender.neighbours import NONE


def matrix(rows: list[list[int]]) -> sparse.csr_matrix:
    return sparse.csr_matrix(np.array(rows, np.float32))


def test_hits_are_the_ranks_with_right_items() -> None:
    lists = Lists(np.array([[2, 0, NONE], [1, 2, 0]], np.int32), matrix([[1, 1, 0], [0, 1, 1]]))
    assert lists.hits.tolist() == [[False, True, False], [True, True, False]]
    assert lists.relevant.tolist() == [2, 2]


def test_the_measures_are_those_counted_by_hand() -> None:
    lists = Lists(np.array([[2, 0, NONE], [1, 2, 0]], np.int32), matrix([[1, 1, 0], [0, 1, 1]]))
    metrics = lists.metrics(matrix([[1, 1, 0], [1, 0, 0], [0, 0, 1]]), [2])
    second, best = 1 / np.log2(3), 1 + 1 / np.log2(3)
    assert metrics["HR@2"] == 1.0
    assert metrics["NDCG@2"] == pytest.approx((second / best + 1) / 2, abs=1e-6)
    assert metrics["MAP@2"] == pytest.approx((0.5 / 2 + 1) / 2, abs=1e-6)
    assert metrics["coverage@2"] == 1.0


def test_coverage_is_the_part_of_the_catalogue_in_some_list() -> None:
    assert coverage(np.array([[0, 1], [1, NONE]], np.int32), 4) == 0.5


def test_items_of_the_same_users_are_no_diversity_and_items_of_others_are_all() -> None:
    owners = matrix([[3, 1, 0], [1, 1, 0], [0, 0, 1]])
    assert diversity(np.array([[0, 1]], np.int32), owners) == pytest.approx(0, abs=1e-6)
    assert diversity(np.array([[0, 2]], np.int32), owners) == pytest.approx(1)
    assert diversity(np.array([[0, 1, 2]], np.int32), owners) == pytest.approx(2 / 3)
    assert diversity(np.array([[0, NONE]], np.int32), owners) == 0.0


def test_novelty_is_the_surprise_at_an_item() -> None:
    owners = matrix([[2, 0], [1, 0], [1, 1]])
    assert novelty(np.array([[0, NONE]], np.int32), owners) == pytest.approx(0)
    assert novelty(np.array([[1, 1]], np.int32), owners) == pytest.approx(1)


def test_what_is_hidden_from_a_user_is_in_no_list() -> None:
    histories = Histories.of([[0, 0, 0, 1, 1, 2]])
    model = Popularity().fit(Training(histories, 4))
    none, first = matrix([[0, 0, 0, 0]]), matrix([[1, 0, 0, 0]])
    assert best_lists(model, histories, first, none).items[0, :4].tolist() == [0, 1, 2, NONE]
    assert best_lists(model, histories, first, first).items[0, :4].tolist() == [1, 2, NONE, NONE]
