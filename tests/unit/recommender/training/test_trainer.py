from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from recommender.errors import ModelError
from recommender.ranking import Rules
from recommender.store import ModelStore
from recommender.training.dataset import Dataset, dataset_of
from recommender.training.features import features_of, price_bands
from recommender.training.holdout import HoldoutResult, compare, cut_at, split
from recommender.training.recipes import Recipe
from recommender.training.trainer import Trainer

DAY_MS = 24 * 60 * 60 * 1000
START_MS = 1_790_000_000_000
RULES = Rules(10, True)
KNN = Recipe("item_knn", {"neighbours": 20})
POPULARITY = Recipe("popularity", {})
ATTRIBUTES = pa.table(
    {"product_id": ["a0", "a0", "cold"], "attribute": ["title", "price", "title"], "value": ["Red lamp", "9.5", "Lamp"]}
)


def rows(interactions: Sequence[dict[str, Any]]) -> pa.Table:
    blank = {"is_visitor": False, "kind": "purchase", "basket": ""}
    return pa.Table.from_pylist([blank | row for row in interactions])


def two_tastes(days: int = 40) -> list[dict[str, Any]]:
    """Users each of one of two tastes, who go on to buy what is of theirs: neighbours know it, popularity does not."""
    rng = np.random.default_rng(7)
    return [
        {
            "user_id": f"u{user:03}",
            "product_id": f"{'ab'[user % 2]}{item}",
            "event_time": START_MS + int((position + rng.random()) * days / 12 * DAY_MS),
            "basket": f"o{user}-{position // 3}",
        }
        for user in range(120)
        for position, item in enumerate(rng.permutation(20)[:12])
    ]


@pytest.fixture(scope="module")
def dataset() -> Dataset:
    return dataset_of(rows(two_tastes()), ATTRIBUTES)


def trainer(dataset: Dataset) -> Trainer:
    return Trainer(dataset, RULES, holdout_days=7)


def test_products_of_the_catalogue_are_numbered_whether_they_sold_or_not(dataset: Dataset) -> None:
    assert list(dataset.catalogue.item_ids) == sorted(
        [f"{taste}{item}" for taste in "ab" for item in range(20)] + ["cold"]
    )
    assert dataset.catalogue.attributes["title"][dataset.catalogue.item_ids.index("cold")] == "Lamp"
    assert dataset.counts == {"users": 120, "visitors": 0, "items": 41, "interactions": 1440, "orders": 480}


def test_the_order_of_the_rows_does_not_matter(dataset: Dataset) -> None:
    other = dataset_of(rows(two_tastes()[::-1]), ATTRIBUTES)
    np.testing.assert_array_equal(other.interactions.histories.items, dataset.interactions.histories.items)
    np.testing.assert_array_equal(other.baskets.items, dataset.baskets.items)


def test_lists_are_published_for_users_and_not_for_visitors() -> None:
    interactions = [
        *two_tastes(),
        {"user_id": "visitor", "product_id": "a1", "event_time": START_MS, "is_visitor": True},
    ]
    assert "visitor" not in dataset_of(rows(interactions), ATTRIBUTES).known_users().ids


def test_without_interactions_there_is_nothing_to_train_on() -> None:
    with pytest.raises(ModelError, match="no interactions to train on"):
        dataset_of(rows(two_tastes()).slice(0, 0), ATTRIBUTES)


def test_the_newest_days_are_held_out_unless_nearly_all_events_are_of_them(dataset: Dataset) -> None:
    newest = dataset.data_to.timestamp()
    assert cut_at(dataset, 7) == pytest.approx(newest - 7 * DAY_MS / 1000)
    assert cut_at(dataset, 365) == pytest.approx(float(np.quantile(dataset.interactions.histories.times, 0.8)))


def test_what_a_case_had_bought_before_does_not_count_as_right(dataset: Dataset) -> None:
    again = [*two_tastes(), {"user_id": "u000", "product_id": "b1", "event_time": START_MS}]
    again += [{"user_id": "u000", "product_id": "b1", "event_time": START_MS + 39 * DAY_MS}]
    mixed = dataset_of(rows(again), ATTRIBUTES)
    index = mixed.catalogue.item_ids.index("b1")
    cut = cut_at(mixed, 7)
    for rules, expected in ((Rules(10, True), 0), (Rules(10, False), 1)):
        held = split(mixed, cut, rules)
        row = held.rows.tolist().index(mixed.user_ids.index("u000"))
        assert held.right[row, index] == expected


def test_a_model_that_knows_tastes_is_worth_more_than_one_that_does_not(dataset: Dataset) -> None:
    knn, popularity = (trainer(dataset).decide(recipe, None).result for recipe in (KNN, POPULARITY))
    assert knn.metrics["NDCG@10"] > popularity.metrics["NDCG@10"] + 0.1
    assert compare(knn, popularity, seed=1).low > 0


def test_a_worse_model_is_not_promoted_and_an_equal_one_is(dataset: Dataset) -> None:
    active = trained(dataset, KNN)
    worse = trainer(dataset).decide(POPULARITY, active)
    same = trainer(dataset).decide(KNN, active)
    assert (worse.promotes, worse.active) == (False, active.version)
    assert worse.reason.startswith("worse: NDCG@10 -0.")
    assert same.promotes
    assert same.comparison is not None
    assert same.comparison.difference == 0


def test_an_active_model_older_than_the_hold_out_is_evaluated_as_it_is(dataset: Dataset) -> None:
    old = dataset_of(rows([row for row in two_tastes() if row["event_time"] < START_MS + 20 * DAY_MS]), ATTRIBUTES)
    decision = trainer(dataset).decide(KNN, trained(old, KNN))
    anew = trainer(dataset).decide(KNN, trained(dataset, KNN))
    assert (decision.active_as_it_is, anew.active_as_it_is) == (True, False)
    assert decision.as_json()["active_metrics"] != anew.as_json()["active_metrics"]


def test_a_model_of_other_products_is_compared_by_their_ids(dataset: Dataset) -> None:
    early = [row | {"product_id": row["product_id"].replace("a", "A")} for row in two_tastes()]
    old = dataset_of(rows([row for row in early if row["event_time"] < START_MS + 20 * DAY_MS]), ATTRIBUTES)
    decision = trainer(dataset).decide(KNN, trained(old, KNN))
    assert decision.active_result is not None
    gains = decision.active_result.gains
    users = split(dataset, decision.cut, RULES).rows % 2
    assert gains[users == 0].sum() == 0  # it knows none of their products
    assert gains[users == 1].sum() > 0


def test_a_blend_is_learned_from_data_older_than_the_held_out_days(dataset: Dataset) -> None:
    recipe = trainer(dataset).recipe("blend")
    parts = [part["name"] for part in recipe.parameters["members"]]
    assert parts == ["popularity", "popularity", "item_knn", "sequential_rules", "ease", "content"]
    blend, popularity = (trainer(dataset).decide(each, None).result for each in (recipe, POPULARITY))
    assert compare(blend, popularity, seed=1).low > 0
    assert trainer(dataset).recipe("blend") == recipe


def test_of_no_users_nothing_is_said(dataset: Dataset) -> None:
    nobody = HoldoutResult(np.zeros(0), 0.0, 0.0)
    assert not compare(nobody, nobody, seed=1).is_worse
    assert nobody.metrics == {}


def test_the_same_data_gives_the_same_version_and_the_same_bytes(dataset: Dataset, tmp_path: Path) -> None:
    shuffled = dataset_of(rows(two_tastes()[::-1]), ATTRIBUTES)
    one, other = trained(dataset, KNN), trained(shuffled, KNN)
    assert one.version == other.version
    for name, made in (("one", one), ("other", other)):
        ModelStore((tmp_path / name).as_uri()).write(made)
    files = [
        [path.read_bytes() for path in sorted((tmp_path / name / one.version).iterdir())] for name in ("one", "other")
    ]
    assert files[0] == files[1]


def test_other_parameters_give_another_version(dataset: Dataset) -> None:
    assert trained(dataset, KNN).version != trained(dataset, Recipe("item_knn", {"neighbours": 2})).version


def test_products_of_one_order_are_bought_together(dataset: Dataset) -> None:
    together = trained(dataset, KNN).together
    taste = np.array([item_id[0] for item_id in dataset.catalogue.item_ids])
    partners = together.items[taste == "a"]
    assert set(taste[partners[partners >= 0]]) == {"a"}


def test_attributes_become_features() -> None:
    catalogue = dataset_of(rows(two_tastes()), ATTRIBUTES).catalogue
    features = features_of(catalogue)
    assert features is not None
    assert features.shape == (41, 3)
    assert features[catalogue.item_ids.index("a0")].sum() == 3
    assert features[catalogue.item_ids.index("cold")].sum() == 1


def test_equal_prices_are_in_one_band() -> None:
    bands = price_bands(["", *["1.00"] * 5, *["2.0000"] * 5, "900"])
    assert bands[0] == []
    assert len({band for (band,) in bands[1:6]}) == 1
    assert bands[1] != bands[6] != bands[11]


def trained(dataset: Dataset, recipe: Recipe) -> Any:
    decision = trainer(dataset).decide(recipe, None)
    return trainer(dataset).served(recipe, decision, "0.1.0", datetime(2026, 11, 21, tzinfo=UTC))
