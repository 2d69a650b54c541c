"""The protocol ``sampled``."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from recommender.evaluation.metrics import rank_metrics
from recommender.evaluation.request import Request
from recommender.evaluation.sampled import (
    CUTOFF,
    METRICS,
    NEGATIVES,
    RATINGS,
    evaluate,
    expected_ndcg,
    hold_out,
    read_sampled,
)
from recommender.models.base import Histories
from recommender.models.popularity import Popularity
from schemas.errors import ConfigurationError
from tests.support.data_sets import data_set

RATED = [(0, 0), (0, 1), (0, 2), (1, 0), (1, 3), (2, 0), (2, 1), (2, 4)]
CASES = [[0, 2, 3, 4], [1, 3, 1, 2], [2, 4, 2, 0]]
"""User, held-out item, others; user 2 has had item 0."""


def quiet(doing: str) -> None:
    """Nobody reads the progress of a test."""


def folder_of(folder: Path, rated: list[tuple[int, int]], cases: list[list[int]]) -> Path:
    pd.DataFrame(rated, columns=["ncf_user", "ncf_item"]).to_parquet(folder / RATINGS)
    np.savez(folder / NEGATIVES, neg=np.array(cases))
    return folder


def test_held_out_items_are_no_part_of_the_training(tmp_path: Path) -> None:
    data = read_sampled(folder_of(tmp_path, RATED, CASES), quiet)
    assert [items.tolist() for items in data.training.histories] == [[0, 1], [0], [0, 1]]
    assert data.training.n_items == 5


def test_only_the_given_items_are_ranked_even_one_that_the_user_has_had(tmp_path: Path) -> None:
    data = read_sampled(folder_of(tmp_path, RATED, CASES), quiet)
    ranks = data.test.ranks(Popularity().fit(data.training))
    assert ranks.tolist() == [2, 2, 2], "ties count against: none of 2, 3, 4 is left in the training part"


def test_an_item_a_round_of_each_user_who_has_two_is_held_out() -> None:
    histories = Histories.of([[1, 2, 3], [4], [], [5, 6]])
    known, cases = hold_out(histories, 2, np.random.default_rng(1))
    assert known.lengths.tolist() == [1, 1, 0, 1]
    of_first, of_last, of_first_again = cases.targets.tolist()
    assert sorted([known.items[0], of_first, of_first_again]) == [1, 2, 3]
    assert sorted([known.items[2], of_last]) == [5, 6]
    assert [items.tolist() for items in cases.histories] == [[known.items[position]] for position in (0, 2, 0)]


def test_the_expected_measure_is_the_mean_over_draws() -> None:
    rng = np.random.default_rng(3)
    rank, unseen = 40, 500
    before = (rng.integers(0, unseen - 1, size=(20_000, 99)) < rank).sum(axis=1)
    drawn = np.where(before < CUTOFF, 1 / np.log2(before + 2), 0).mean()
    assert expected_ndcg(np.array([rank]), np.array([unseen])) == pytest.approx(drawn, abs=0.005)


def test_the_two_tastes_of_a_small_shop_are_found(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    rated, cases = [], []
    for user in range(40):
        taste = 10 * (user % 2)
        items = taste + rng.permutation(10)[:7]
        rated += [(user, int(item)) for item in items]
        cases.append([user, int(items[0]), *((items[1:5] + 10) % 20).tolist()])
    result = evaluate(Request(folder_of(tmp_path, rated, cases), model="ease"), quiet)
    assert result.metrics == {"HR@10": 1.0, "NDCG@10": 1.0}


def test_a_file_is_no_folder_and_a_folder_may_lack_a_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"needs one with ratings\.parquet"):
        read_sampled(tmp_path / "nothing", quiet)
    with pytest.raises(ConfigurationError, match=r"ratings\.parquet must be Parquet"):
        read_sampled(tmp_path, quiet)


def test_popularity_on_movielens_is_what_others_published() -> None:
    data = read_sampled(data_set("movielens_1m", RATINGS).parent, quiet)
    metrics = rank_metrics(data.test.ranks(Popularity().fit(data.training)), METRICS)
    assert len(data.training.histories.items) == 994_169
    assert metrics["HR@10"] == pytest.approx(0.4535, abs=0.003)
    assert metrics["NDCG@10"] == pytest.approx(0.2543, abs=0.003)
