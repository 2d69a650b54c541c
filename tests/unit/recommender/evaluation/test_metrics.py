"""Measures, counted by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recommender.evaluation.metrics import (
    hit_rate,
    hit_rate_of_sets,
    mean_average_precision,
    ndcg,
    ndcg_of_sets,
    rank_metrics,
    ranks_of,
    reciprocal_rank,
)

RANKS = np.array([0, 2, 9, 10])


def test_a_rank_is_how_many_stand_before_and_an_equal_does() -> None:
    scores = np.array([[3, 1, 2], [5, 5, 0], [0, 0, 0]], np.float32)
    assert ranks_of(scores, np.array([2, 0, 1])).tolist() == [1, 1, 2]


def test_measures_of_one_right_item() -> None:
    assert hit_rate(RANKS, 10) == 0.75
    assert ndcg(RANKS, 10) == pytest.approx((1 + 1 / np.log2(4) + 1 / np.log2(11)) / 4)
    assert reciprocal_rank(RANKS, 5) == pytest.approx((1 + 1 / 3) / 4)


def test_metrics_are_chosen_by_name_and_rounded() -> None:
    assert rank_metrics(RANKS, ["HR@1", "MRR@3", "NDCG@1"]) == {"HR@1": 0.25, "MRR@3": 0.333333, "NDCG@1": 0.25}


def test_measures_of_several_right_items() -> None:
    hits, relevant = np.array([[True, False, True], [False, False, False]]), np.array([2, 5])
    assert hit_rate_of_sets(hits, 3) == 0.5
    assert ndcg_of_sets(hits, relevant, 3) == pytest.approx((1 + 1 / 2) / (1 + 1 / np.log2(3)) / 2)
    assert mean_average_precision(hits, relevant, 3) == pytest.approx((1 + 2 / 3) / 2 / 2)


def test_of_no_case_a_measure_is_0() -> None:
    assert ndcg(np.zeros(0, np.int64), 10) == 0


@given(st.lists(st.integers(0, 30), min_size=1, max_size=20), st.integers(1, 30))
def test_a_single_right_item_measures_the_same_as_a_set_of_one(ranks: list[int], k: int) -> None:
    array = np.array(ranks)
    hits = array[:, None] == np.arange(31)
    ones = np.ones(len(ranks), np.int64)
    assert hit_rate_of_sets(hits, k) == pytest.approx(hit_rate(array, k))
    assert ndcg_of_sets(hits, ones, k) == pytest.approx(ndcg(array, k))
    assert mean_average_precision(hits, ones, k) == pytest.approx(reciprocal_rank(array, k))
