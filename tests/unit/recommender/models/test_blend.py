"""The blend, what its parts count, and the parts that were made for it."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from recommender.models import blend as blending
from recommender.models.base import Histories, Model, Training
from recommender.models.blend import LEAST_SHARE, Blend, EnsembleWeight, log_shares, shares
from recommender.models.blend_weights import Examples, learn_ensemble_weights
from recommender.models.ials import Ials
from recommender.models.item_knn import ItemKnn
from recommender.models.item_walk import ItemWalk, sum_of_gaps
from recommender.models.popularity import Popularity
from recommender.models.registry import make_model
from recommender.models.repeat_consumption import RepeatConsumption
from recommender.models.sequential_rules import SequentialRules

TRAINING = Training(Histories.of([[0, 1, 2], [0, 1], [0, 3], [2, 2]]), 5)


def test_a_share_is_of_the_best_of_the_row() -> None:
    given = shares(np.array([[2, 4, -1], [0, 0, 0], [-4, 2, 0]], np.float32))
    assert given.tolist() == [[0.5, 1, -0.25], [0, 0, 0], [-1, 0.5, 0]]


def test_the_logarithm_of_a_share_is_0_for_none_and_1_for_the_best() -> None:
    logs = log_shares(np.array([[1, LEAST_SHARE, 0, -1]], np.float32))[0]
    assert logs == pytest.approx([1, np.log(2) / -np.log(LEAST_SHARE), 0, 0], abs=1e-4)


def test_a_blend_of_shares_ranks_by_their_sum() -> None:
    blend = Blend([Popularity(), RepeatConsumption()], [EnsembleWeight(1, 0), EnsembleWeight(2, 0)]).fit(TRAINING)
    scores = blend.score(Histories.of([[4, 4, 3], []]))
    odds = np.array([1, 2 / 3, 1, 1 / 3 + 1, 2])
    assert scores[0] == pytest.approx(np.exp(odds - 2))
    assert scores[1].tolist() == [0, 0, 0, 0, 0]


def test_a_blend_is_made_again_by_its_name_parameters_and_state() -> None:
    blend = Blend(
        [Popularity(), ItemWalk(), RepeatConsumption()],
        [EnsembleWeight(-1, 0.5), EnsembleWeight(2, 3), EnsembleWeight(0, 1)],
    ).fit(TRAINING)
    again = make_model("blend", blend.parameters).restore(blend.arrays())
    assert again.parameters == blend.parameters
    np.testing.assert_array_equal(again.score(TRAINING.histories), blend.score(TRAINING.histories))


def dense_scores(blend: Blend, histories: Histories) -> np.ndarray:
    """The same by the scores of every item, member by member."""
    odds = np.zeros((len(histories), TRAINING.n_items), np.float32)
    for model, weight in zip(blend.models, blend.weights, strict=True):
        row_shares = shares(model.score(histories))
        logs = log_shares(row_shares) * np.float32(weight.log_share)
        odds = row_shares * np.float32(weight.share) + logs + odds
    odds = np.exp(odds - odds.max(axis=1, keepdims=True))
    odds[histories.lengths == 0] = 0
    return odds


@pytest.mark.parametrize("most_density", [0.0, 0.4, 1.0])
@pytest.mark.parametrize(
    "members",
    [
        [Popularity(), Popularity(logarithmic=True)],
        [ItemKnn(recency=0.5), SequentialRules(), Ials(factors=2, iterations=2)],
        [Popularity(), ItemKnn(recency=0.5), Popularity(logarithmic=True), SequentialRules(), RepeatConsumption()],
        [Ials(factors=2, iterations=2), SequentialRules(), ItemKnn()],
    ],
    ids=["the same to all", "sparse first", "mixed", "dense first"],
)
def test_members_that_give_few_scores_or_the_same_to_all_count_as_any_other_to_the_last_bit(
    members: list[Model], most_density: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(blending, "MOST_DENSITY", most_density)
    weights = [EnsembleWeight(0.7 - index, 0.3 + index / 3) for index in range(len(members))]
    blend = Blend(members, weights).fit(TRAINING)
    for histories in (Histories.of([[4, 4, 3], [], [0], [2, 1, 0]]), Histories.of([[1, 3]]), Histories.of([[]])):
        np.testing.assert_array_equal(blend.score(histories), dense_scores(blend, histories))


def test_a_blend_that_is_fitted_again_forgets_what_it_knew() -> None:
    blend = Blend([Popularity(), RepeatConsumption()], [EnsembleWeight(1, 1), EnsembleWeight(0, 0)]).fit(TRAINING)
    histories = Histories.of([[0]])
    before = blend.score(histories)
    other = Training(Histories.of([[4, 4, 4, 3]]), 5)

    assert blend.fit(other).score(histories).argmax() == 4
    assert blend.fit(TRAINING).score(histories).tolist() == before.tolist()


def examples(right: list[int], with_seen: bool = True) -> Examples:
    rows, histories = np.arange(len(right)), Histories.of([[item] for item in right])
    matrix = sparse.csr_matrix((np.ones(len(right)), (rows, right)), shape=(len(right), 5))
    return Examples(histories, matrix, with_seen)


def test_the_part_that_knows_is_learnt_to_count() -> None:
    popularity, own = Popularity().fit(TRAINING), RepeatConsumption().fit(TRAINING)
    of_popularity, of_own = learn_ensemble_weights([popularity, own], examples([1, 2, 3, 4] * 5))
    assert of_own.share + of_own.log_share > 2
    assert of_own.share + of_own.log_share > 2 * (of_popularity.share + of_popularity.log_share)


def test_what_is_hidden_is_no_candidate_unless_it_is_right() -> None:
    hidden = sparse.csr_matrix(np.array([[1, 1, 0, 0, 0]]))
    example = Examples(Histories.of([[0, 4]]), sparse.csr_matrix(np.array([[0, 1, 0, 0, 0]])), False, hidden)
    assert example.allowed().tolist() == [[False, True, True, True, False]]


def test_links_are_by_distance_and_none_leads_to_itself() -> None:
    training = Training(Histories.of([[0, 1, 2], [1], [], [2, 2, 0]]), 3)
    assert sum_of_gaps(training, 2, training.histories.weights).toarray().tolist() == [
        [0, 1, 0.5],
        [0, 0, 1],
        [1.5, 0, 0],
    ]


def test_a_second_step_reaches_what_no_history_has_together() -> None:
    training = Training(Histories.of([[0, 1], [1, 2]]), 3)
    one = ItemWalk(steps=1, start_power=0, end_power=0).fit(training).score(Histories.of([[0]]))
    two = ItemWalk(steps=2, start_power=0, end_power=0).fit(training).score(Histories.of([[0]]))
    assert one.tolist() == [[0, 1, 0]]
    assert two.tolist() == [[1, 0, 1]]


def test_repeat_consumption_counts_by_the_repeat_rate_of_an_item() -> None:
    training = Training(Histories.of([[0, 0], [0, 1], [1]]), 3)
    model = RepeatConsumption(rate_power=1, rate_prior=0).fit(training)
    assert model.score(Histories.of([[0, 1], [0, 0, 2]])).tolist() == [[0.5, 0, 0], [1, 0, 0]]
