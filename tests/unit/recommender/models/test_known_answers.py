"""Models on data so small that the answer can be worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import sparse

from recommender.errors import ModelError
from recommender.models.base import Histories, Model, Training
from recommender.models.bought_together import BoughtTogether
from recommender.models.content import Content
from recommender.models.ease import MOST_ITEMS, Ease
from recommender.models.ials import Ials
from recommender.models.item_knn import ItemKnn
from recommender.models.popularity import Popularity
from recommender.models.sequential_rules import SequentialRules

THREE = Training(Histories.of([[0, 1], [0, 1, 2], [0]]), 3)
"""Item 0 has three users, item 1 two of them, item 2 one."""

TASTES = Training(Histories.of([[0, 1, 2], [0, 1], [1, 2], [3, 4, 5], [3, 4], [4, 5]]), 6)
"""Some users like items 0 to 2, the others 3 to 5."""


def scores(model: Model, history: list[int]) -> NDArray[np.float32]:
    return model.score(Histories.of([history]))[0]


def test_popularity_counts_the_events_whoever_asks() -> None:
    model = Popularity().fit(THREE)
    assert model.score(Histories.of([[2], []])).tolist() == [[3, 2, 1], [3, 2, 1]]


def test_popularity_in_a_window_counts_what_is_no_older() -> None:
    model = Popularity(window_seconds=1).fit(THREE)
    assert scores(model, []).tolist() == [0, 2, 1], "positions are times here: 2 is the newest, 0 too old"


def test_popularity_with_a_half_life_counts_an_older_event_less() -> None:
    model = Popularity(half_life_seconds=1).fit(THREE)
    assert scores(model, []).tolist() == [0.75, 1, 1]


def test_item_knn_is_the_cosine_of_the_users() -> None:
    model = ItemKnn().fit(THREE)
    assert scores(model, [0]) == pytest.approx([0, 2 / np.sqrt(6), 1 / np.sqrt(3)])
    assert model.similar(np.array([1], np.int32))[0] == pytest.approx([2 / np.sqrt(6), 0, 1 / np.sqrt(2)])


def test_item_knn_lets_the_newer_item_say_more() -> None:
    model = ItemKnn(recency=1).fit(THREE)
    assert scores(model, [1, 0])[2] == pytest.approx(1 / np.sqrt(3) + 0.5 / np.sqrt(2))


def test_item_knn_keeps_only_the_strongest_neighbours() -> None:
    model = ItemKnn(neighbours=1).fit(THREE)
    assert scores(model, [0]) == pytest.approx([0, 2 / np.sqrt(6), 0])


def test_bm25_gives_nothing_to_an_item_that_all_users_have() -> None:
    model = ItemKnn(weighting="bm25").fit(THREE)
    assert scores(model, [0]).tolist() == [0, 0, 0]


def test_rules_count_what_came_after_by_distance() -> None:
    model = SequentialRules(from_power=0, to_power=0).fit(THREE)
    assert scores(model, [0]).tolist() == [0, 2, 0.5]
    assert scores(model, [1]).tolist() == [0, 0, 1]


def test_rules_can_go_backward_as_well() -> None:
    model = SequentialRules(from_power=0, to_power=0, backward=0.5).fit(THREE)
    assert scores(model, [1]).tolist() == [1, 0, 1]


def test_rules_are_divided_by_the_counts_of_both_items() -> None:
    model = SequentialRules(from_power=1, to_power=0.5).fit(THREE)
    assert scores(model, [0]) == pytest.approx([0, 2 / 3 / np.sqrt(2), 0.5 / 3])


def test_a_rule_never_crosses_from_one_history_to_the_next() -> None:
    model = SequentialRules(from_power=0, to_power=0).fit(Training(Histories.of([[0], [1]]), 2))
    assert scores(model, [0]).tolist() == [0, 0]


def test_ials_folds_a_history_in_by_the_loss_of_the_paper() -> None:
    items = np.array([[1], [2]], np.float32)
    model = Ials(factors=1, unobserved=0.5, regularization=0.1).restore({"items": items})
    factor = 2 / (4 + 0.5 * (1 + 4) + 0.1 * (1 + 0.5 * 2))
    assert scores(model, [1]) == pytest.approx([factor, 2 * factor])


@pytest.mark.parametrize("events", [2, 30], ids=["fewer events than factors", "more events than factors"])
def test_ials_folds_in_where_the_gradient_of_its_loss_is_zero(events: int) -> None:
    rng = np.random.default_rng(5)
    items = rng.standard_normal((40, 8)).astype(np.float32)
    history = rng.permutation(40)[:events].tolist()
    model = Ials(factors=8, unobserved=0.2, regularization=0.05).restore({"items": items})
    factors = model.fold_in(Histories.of([history]))[0]
    penalty = 0.05 * (events + 0.2 * 40)
    errors = items[history] @ factors - 1
    gradient = items[history].T @ errors + 0.2 * items.T @ (items @ factors) + penalty * factors
    assert gradient == pytest.approx(np.zeros(8), abs=1e-3)


@pytest.mark.parametrize("power", [0.0, 1.0])
def test_ials_is_fitted_where_neither_users_nor_items_would_move(power: float) -> None:
    rng = np.random.default_rng(4)
    histories = Histories.of([rng.permutation(12)[: 2 + user % 5].tolist() for user in range(30)])
    observed = histories.matrix(12).toarray()
    model = Ials(factors=3, unobserved=0.2, regularization=0.05, frequency_power=power, iterations=200)
    items = model.fit(Training(histories, 12)).arrays()["items"]
    users = model.fold_in(histories)
    penalties = 0.05 * (observed.sum(axis=0) + 0.2 * 30) ** power
    systems = np.einsum("ui,uf,ug->ifg", observed, users, users) + 0.2 * users.T @ users
    systems += penalties[:, None, None] * np.eye(3)
    best = np.linalg.solve(systems, (observed.T @ users)[:, :, None])[:, :, 0]
    assert items == pytest.approx(best, abs=0.1 * float(np.abs(best).max())), "penalties are rounded to 10 % in a fit"


def test_ials_of_several_starts_is_the_mean_of_its_fits() -> None:
    both = Ials(factors=2, iterations=3, starts=2).fit(TASTES)
    first, second = (
        scores(Ials(factors=2, iterations=3).restore({"items": items}), [0])
        for items in np.split(both.arrays()["items"], 2, axis=1)
    )
    assert scores(Ials(factors=2, iterations=3).fit(TASTES), [0]) == pytest.approx(first, abs=1e-5)
    assert np.abs(first - second).max() > 0.001
    assert scores(both, [0]) == pytest.approx((first + second) / 2, abs=1e-5)


def test_ials_learns_from_what_does_not_drop_out() -> None:
    largest = [np.abs(Ials(factors=2, dropout=share).fit(TASTES).arrays()["items"]).max() for share in (0.0, 0.3, 1.0)]
    assert largest[0] != pytest.approx(largest[1], rel=0.01)
    assert largest[2] < 0.1 * largest[1], "nothing to learn from"


def test_an_error_advises_regularization_where_ials_has_none() -> None:
    with pytest.raises(ModelError, match="increase its regularization"):
        Ials(factors=8, regularization=0.0).fit(THREE)


def test_ials_finds_the_two_tastes_that_there_are() -> None:
    model = Ials(factors=2, unobserved=0.1, regularization=0.01, iterations=20).fit(TASTES)
    of_items = scores(model, [0])
    assert of_items[:3].min() > 0.5
    assert of_items[3:].max() < 0.1


def test_ease_is_its_closed_form() -> None:
    model = Ease(regularization=1).fit(Training(Histories.of([[0, 1], [0, 1], [0]]), 2))
    assert model.similar(np.array([0, 1], np.int32)) == pytest.approx(np.array([[0, 0.5], [2 / 3, 0]]))
    assert scores(model, [0, 1]) == pytest.approx([2 / 3, 0.5])


def test_ease_refuses_a_catalogue_that_is_too_large() -> None:
    with pytest.raises(ModelError, match=r"up to 6,000 items; this one has 6,001"):
        Ease().fit(Training(Histories.of([[0]]), MOST_ITEMS + 1))


def test_content_is_the_cosine_of_tf_idf_and_knows_items_that_nobody_had() -> None:
    features = sparse.csr_matrix(np.array([[1, 1, 0], [1, 0, 0], [0, 0, 1], [0, 0, 0]], np.float32))
    model = Content(most_share=1).fit(Training(Histories.of([[0]]), 4, features))
    assert scores(model, [0]) == pytest.approx([0, 1 / np.sqrt(5), 0, 0])


def test_content_passes_over_an_attribute_that_many_items_have() -> None:
    features = sparse.csr_matrix(np.array([[1, 1], [1, 1], [1, 0], [1, 0]], np.float32))
    model = Content(most_share=0.5).fit(Training(Histories.of([[0]]), 4, features))
    assert scores(model, [0]) == pytest.approx([0, 1, 0, 0])
    assert features.nnz == 6, "what the model was given is left as it was"


def test_without_attributes_content_has_no_opinion() -> None:
    assert scores(Content().fit(THREE), [0]).tolist() == [0, 0, 0]


def test_bought_together_is_the_lift_of_pairs_that_enough_baskets_hold() -> None:
    model = BoughtTogether(shrinkage=0).fit(Training(Histories.of([[0, 1], [0, 1], [0, 2], [3]]), 4))
    assert scores(model, [0]) == pytest.approx([0, 2 * 4 / (3 * 2), 0, 0])


def test_bought_together_trusts_a_pair_of_few_baskets_less() -> None:
    model = BoughtTogether(shrinkage=3).fit(Training(Histories.of([[0, 1], [0, 1], [0, 2], [3]]), 4))
    assert scores(model, [0])[1] == pytest.approx(4 / 3 * 2 / 5)
