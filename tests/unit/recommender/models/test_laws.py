"""What holds for every model, whatever it has learnt."""

from __future__ import annotations

import json
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from recommender.errors import ModelError
from recommender.models.base import Histories, Model, Training
from recommender.models.blend import Blend, EnsembleWeight
from recommender.models.ials import Ials
from recommender.models.item_knn import ItemKnn
from recommender.models.popularity import Popularity
from recommender.models.registry import MODELS, make_model

N_ITEMS = 12
FEATURES = sparse.csr_matrix(np.random.default_rng(1).integers(0, 2, (N_ITEMS, 5)).astype(np.float32))
EMBEDDINGS = np.linalg.qr(np.random.default_rng(2).standard_normal((N_ITEMS, N_ITEMS)))[0][:, :4].astype(np.float32)
KINDS: dict[str, Callable[[], Model]] = {
    **MODELS,
    "ials": lambda: Ials(factors=4, iterations=3),
    "ials of several starts": lambda: Ials(factors=4, dropout=0.3, iterations=3, starts=3),
    "blend": lambda: Blend([ItemKnn(), Popularity()], [EnsembleWeight(1.0, 0.5), EnsembleWeight(0.1, -0.2)]),
}

some_histories = st.lists(st.lists(st.integers(0, N_ITEMS - 1), max_size=8), min_size=2, max_size=8)
every_model = pytest.mark.parametrize("kind", KINDS)


def training() -> Training:
    rng = np.random.default_rng(7)
    lists = [rng.integers(0, N_ITEMS, rng.integers(1, 9)).tolist() for _ in range(30)]
    return Training(Histories.of(lists), N_ITEMS, FEATURES.copy(), EMBEDDINGS.copy())


def fitted(kind: str) -> Model:
    return KINDS[kind]().fit(training())


@every_model
def test_the_same_data_gives_the_same_model_bit_by_bit(kind: str) -> None:
    first, again = fitted(kind).arrays(), fitted(kind).arrays()
    assert {name: array.tobytes() for name, array in first.items()} == {
        name: array.tobytes() for name, array in again.items()
    }


@every_model
def test_a_model_is_made_again_from_its_name_its_parameters_and_its_arrays(kind: str) -> None:
    model = fitted(kind)
    stored = json.loads(json.dumps({"name": model.name, "parameters": dict(model.parameters)}))
    again = make_model(stored["name"], stored["parameters"]).restore(model.arrays())
    histories = Histories.of([[1, 2], [], [3, 3, 5]])
    assert np.array_equal(again.score(histories), model.score(histories))
    assert again.parameters == model.parameters


@every_model
def test_an_empty_history_has_no_opinion_unless_it_is_what_all_like(kind: str) -> None:
    scores = fitted(kind).score(Histories.of([[]]))
    assert scores.shape == (1, N_ITEMS)
    assert scores.any() == (kind == "popularity")


@every_model
def test_a_model_of_nobody_prefers_nothing_but_what_its_user_has_had(kind: str) -> None:
    model = KINDS[kind]().fit(Training(Histories.of([]), N_ITEMS, FEATURES.copy()))
    scores = model.score(Histories.of([[1, 2], []]))
    assert scores.shape == (2, N_ITEMS)
    assert np.isfinite(scores).all()
    assert np.ptp(scores, axis=1).any() == (kind == "repeat_consumption")


@every_model
@settings(max_examples=20, deadline=None)
@given(histories=some_histories)
def test_a_history_is_scored_the_same_by_itself_and_among_others(kind: str, histories: list[list[int]]) -> None:
    model = fitted(kind)
    together = model.score(Histories.of(histories))
    assert together.dtype == np.float32
    one_by_one = np.concatenate([model.score(Histories.of([history])) for history in histories])
    np.testing.assert_allclose(together, one_by_one, rtol=1e-4, atol=1e-5)


@every_model
def test_neither_fitting_nor_scoring_changes_what_a_model_is_given(kind: str) -> None:
    given_data, histories = training(), Histories.of([[5, 1, 5], [2]])
    KINDS[kind]().fit(given_data).score(histories)
    fresh = training()
    assert given_data.histories.items.tolist() == fresh.histories.items.tolist()
    assert given_data.histories.weights.tolist() == fresh.histories.weights.tolist()
    assert given_data.features is not None
    assert (given_data.features != FEATURES).nnz == 0
    assert np.array_equal(given_data.embeddings, EMBEDDINGS)
    assert histories.items.tolist() == [5, 1, 5, 2]


def test_an_unknown_model_is_refused_with_those_there_are() -> None:
    with pytest.raises(ModelError, match=r"no model 'magic'; there are .*ials"):
        make_model("magic", {})


def test_an_unknown_parameter_is_refused() -> None:
    with pytest.raises(ModelError, match="ials cannot be made with"):
        make_model("ials", {"colour": "red"})
