"""The protocol ``next-item``."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from recommender.evaluation.metrics import rank_metrics
from recommender.evaluation.next_item import evaluate, features_of, last_items, read_lists
from recommender.evaluation.protocols import run
from recommender.evaluation.request import Request
from recommender.models.popularity import Popularity
from recommender.models.sequential_rules import SequentialRules
from schemas.errors import ConfigurationError
from tests.support.data_sets import data_set

LINES = "u1 a b c\nu2 a b d\nu3 b c\nu4 d\n"


def quiet(doing: str) -> None:
    """Nobody reads the progress of a test."""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "hats.txt"
    path.write_text(LINES)
    return path


def shop(folder: Path, users: int = 60, items: int = 20) -> Path:
    """Users who go through the catalogue in its order, each from another item on."""
    path = folder / "shop.txt"
    lists = (" ".join(str((user + step) % items) for step in range(6)) for user in range(users))
    path.write_text("\n".join(f"{user} {line}" for user, line in enumerate(lists)))
    return path


def test_the_last_item_is_the_case_and_a_user_of_one_item_has_none(file: Path) -> None:
    lists = read_lists(file, None)
    split = last_items(lists, lists.histories)
    assert [items.tolist() for items in split.training.histories] == [[0, 1], [0, 1], [1]]
    assert split.cases.targets.tolist() == [2, 3, 2]


def test_all_unseen_items_are_ranked_and_ties_count_against_the_model(file: Path) -> None:
    lists = read_lists(file, None)
    split = last_items(lists, lists.histories)
    ranks = split.ranks(Popularity().fit(split.training))
    assert ranks.tolist() == [1, 1, 2], "c and d are sold to none: u1 and u2 tie, u3 has not seen a, which is sold"
    assert rank_metrics(ranks, ["HR@2", "NDCG@2"]) == {
        "HR@2": 0.666667,
        "NDCG@2": round(2 / 3 / np.log2(3), 6),
    }


def test_attributes_become_columns_and_those_of_other_items_are_left_out() -> None:
    features = features_of(["a", "b", "c"], {"a": ["red", "red", "wool"], "c": ["wool"], "z": ["blue"]})
    assert features.toarray().tolist() == [[1, 1], [0, 0], [0, 1]]


def test_a_rule_that_always_holds_is_found_on_the_test_part(tmp_path: Path) -> None:
    result = evaluate(Request(shop(tmp_path), model="sequential_rules"), quiet)
    assert result.model == "sequential_rules"
    assert result.metrics["HR@5"] == 1.0
    assert set(result.baselines) == {"popularity", "item_knn"}


def test_the_blend_is_reported_with_its_members_and_the_same_again(tmp_path: Path) -> None:
    path = shop(tmp_path)
    first, again = (run("next-item", Request(path), quiet) for _ in range(2))
    assert first == again
    report = first.as_json()
    assert list(report) == ["protocol", "model", "parameters", "metrics", "baselines", "seconds", "cpu_seconds"]
    assert report["metrics"]["HR@5"] == 1.0
    assert {"popularity", "item_knn", "sequential_rules (1)"} <= set(report["baselines"])


def test_a_model_that_the_protocol_does_not_have_is_refused(file: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"no model 'magic'.*sequential_rules"):
        evaluate(Request(file, model="magic"), quiet)


def test_users_with_a_single_item_cannot_be_measured(tmp_path: Path) -> None:
    path = tmp_path / "x.txt"
    path.write_text("u1 a\nu2 b\n")
    with pytest.raises(ConfigurationError, match="nothing to leave out"):
        evaluate(Request(path), quiet)


def test_sequential_rules_pass_the_published_best_on_amazon_beauty() -> None:
    lists = read_lists(data_set("amazon_beauty_sports", "Beauty.txt.gz"), None)
    split = last_items(lists, lists.histories)
    metrics = rank_metrics(split.ranks(SequentialRules().fit(split.training)), ["HR@10", "NDCG@10"])
    assert len(split.cases) == 22_363
    assert metrics["NDCG@10"] > 0.0403
    assert metrics["HR@10"] > 0.0744
