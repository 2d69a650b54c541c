"""Models that earlier releases stored under other names stay readable."""

from __future__ import annotations

import numpy as np
import pytest

from recommender.models.base import Histories, Model, Training
from recommender.models.blend import Blend, EnsembleWeight
from recommender.models.content import Content
from recommender.models.former_names import FORMER_ARRAY_NAMES, FORMER_MODEL_NAMES, with_current_names
from recommender.models.item_knn import ItemKnn
from recommender.models.registry import MODELS, make_model
from recommender.models.repeat_consumption import RepeatConsumption
from recommender.models.session_knn import SessionKnn

HISTORIES = Histories.of([[0, 1, 2], [1, 2, 0, 1], [2, 3]])
FORMER_OF_CURRENT = {current: former for former, current in FORMER_ARRAY_NAMES.items()}


def as_formerly_stored(model: Model) -> dict[str, np.ndarray]:
    """The arrays of a model under the names of earlier releases."""
    renamed = {}
    for name, array in model.arrays().items():
        member, dot, array_name = name.rpartition(".")
        renamed[f"{member}{dot}{FORMER_OF_CURRENT.get(array_name, array_name)}"] = array
    return renamed


@pytest.mark.parametrize("model", [ItemKnn(), Content(), SessionKnn(), RepeatConsumption()], ids=lambda each: each.name)
def test_arrays_under_former_names_restore_the_same_model(model: Model) -> None:
    model.fit(Training(HISTORIES, 4))
    restored = make_model(model.name, model.parameters).restore(with_current_names(as_formerly_stored(model)))
    np.testing.assert_array_equal(restored.score(HISTORIES), model.score(HISTORIES))


def test_a_blend_with_former_names_restores_the_same_model() -> None:
    weights = [EnsembleWeight(1, 0.5), EnsembleWeight(0.5, 0)]
    blend = Blend([ItemKnn(), RepeatConsumption()], weights).fit(Training(HISTORIES, 4))
    former = {
        "members": [
            {"name": "item_knn", "parameters": {}, "share": 1, "log_share": 0.5},
            {"name": "own_items", "parameters": {}, "share": 0.5, "log_share": 0},
        ]
    }
    arrays = as_formerly_stored(blend)
    assert "0.likeness_data" in arrays
    restored = make_model("blend", former).restore(with_current_names(arrays))
    np.testing.assert_array_equal(restored.score(HISTORIES), blend.score(HISTORIES))


def test_former_model_names_make_the_models_of_today() -> None:
    assert isinstance(make_model("own_items", {"rate_power": 0.5}), RepeatConsumption)
    assert set(FORMER_MODEL_NAMES.values()) <= MODELS.keys()
    assert not FORMER_MODEL_NAMES.keys() & MODELS.keys()
