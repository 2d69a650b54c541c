"""From fitted models to a blend, and from variants to parts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from recommender.evaluation.blending import LEAST_SHARE_OF_BEST, EqualWeights, LearnedWeights
from recommender.evaluation.cases import Cases
from recommender.evaluation.metrics import reciprocal_rank
from recommender.evaluation.parts import Part, Validation
from recommender.models.base import Arrays, Histories, Model, Training
from recommender.models.blend import Blend, EnsembleWeight
from recommender.models.popularity import Popularity
from recommender.models.repeat_consumption import RepeatConsumption
from schemas.errors import ConfigurationError

N_ITEMS = 3
TRAINING = Training(Histories.of([[0, 1], [0, 1], [0, 2]]), N_ITEMS)
ASKED = Cases(Histories.of([[0], [0], [0], [0]]), np.array([0, 1, 2, 0]), with_seen=True)


@dataclass(frozen=True, slots=True)
class Opinion:
    """A model with given scores for every item in each of the four cases."""

    given_scores: list[list[float]]

    name: ClassVar[str] = "opinion"

    @property
    def parameters(self) -> Mapping[str, Any]:
        return {"given_scores": self.given_scores}

    def fit(self, training: Training) -> Self:
        return self

    def score(self, histories: Histories) -> NDArray[np.float32]:
        return np.array(self.given_scores, np.float32)

    def arrays(self) -> Arrays:
        return {}

    def restore(self, arrays: Arrays) -> Self:
        return self


ERRS_LAST = Opinion([[1, 0, 0], [0, 1, 0], [0, 0, 1], [0.8, 1, 0]])
ERRS_FIRST = Opinion([[0.8, 0, 1], [0, 1, 0], [0, 0, 1], [1, 0, 0]])
ERRS_OFTEN = Opinion([[0.8, 1, 0.9], [1, 0.9, 0.8], [0.8, 1, 0.9], [1, 0.5, 0.5]])


def quiet(doing: str) -> None:
    """Nobody reads the progress of a test."""


def worth(model: Model) -> float:
    return reciprocal_rank(ASKED.ranks(model, N_ITEMS), N_ITEMS)


def blended(*models: Model) -> Blend:
    return EqualWeights(worth).blend([[model] for model in models], quiet)


def test_models_that_err_in_different_cases_are_blended_with_equal_weights() -> None:
    blend = blended(ERRS_LAST, ERRS_FIRST)
    assert blend.models == [ERRS_LAST, ERRS_FIRST]
    assert blend.weights == [EnsembleWeight(1, 0), EnsembleWeight(1, 0)]
    assert (worth(ERRS_LAST), worth(ERRS_FIRST), worth(blend)) == (7 / 8, 7 / 8, 1)


def test_all_variants_of_a_part_may_be_members() -> None:
    assert EqualWeights(worth).blend([[ERRS_LAST, ERRS_FIRST]], quiet).models == [ERRS_LAST, ERRS_FIRST]


def test_a_model_that_adds_nothing_is_no_member() -> None:
    assert blended(ERRS_LAST, ERRS_LAST).models == [ERRS_LAST]


def test_a_model_far_worse_than_the_best_is_no_member_though_it_would_add_something() -> None:
    assert worth(ERRS_OFTEN) < LEAST_SHARE_OF_BEST * worth(ERRS_LAST)
    assert worth(Blend([ERRS_LAST, ERRS_OFTEN], [EnsembleWeight(1, 0)] * 2)) > worth(ERRS_LAST)
    assert blended(ERRS_OFTEN, ERRS_LAST).models == [ERRS_LAST]


scores = st.lists(st.sampled_from([0.0, 0.25, 0.5, 1.0]), min_size=N_ITEMS, max_size=N_ITEMS)
opinions = st.builds(Opinion, st.lists(scores, min_size=len(ASKED), max_size=len(ASKED)))


@given(st.lists(opinions, min_size=1, max_size=5))
def test_a_blend_with_equal_weights_is_not_worse_than_its_best_member(models: list[Opinion]) -> None:
    assert worth(blended(*models)) >= max(map(worth, models))


def test_weights_are_learned_for_the_best_variant_of_each_part() -> None:
    examples = Cases(Histories.of([[0], [1], [2]]), np.array([0, 1, 2]), with_seen=True).examples(TRAINING)
    popularity, own, other = (
        Popularity().fit(TRAINING),
        RepeatConsumption().fit(TRAINING),
        RepeatConsumption(recency=1).fit(TRAINING),
    )
    blend = LearnedWeights(examples).blend([[popularity], [own, other]], quiet)
    of_popularity, of_own = blend.weights
    assert blend.models == [popularity, own]
    assert of_own.share + of_own.log_share > of_popularity.share + of_popularity.log_share


PARTS: list[Part] = [
    [("popularity", {}), ("popularity", {"window_seconds": 0.5})],
    [("repeat_consumption", {})],
]
"""All that is known of the last half second is that users had items 1 and 2."""


def validation(target: int) -> Validation:
    cases = Cases(Histories.of([[0]]), np.array([target]), with_seen=True)

    def of_target(model: Model) -> float:
        return reciprocal_rank(cases.ranks(model, N_ITEMS), N_ITEMS)

    return Validation(TRAINING, of_target, EqualWeights(of_target))


def test_the_variant_that_is_worth_most_is_chosen() -> None:
    assert validation(0).choose("popularity", PARTS, quiet).parameters["window_seconds"] is None
    assert validation(1).choose("popularity", PARTS, quiet).parameters["window_seconds"] == 0.5


def test_a_blend_is_chosen_among_the_variants_of_all_parts() -> None:
    blend = validation(1).choose("blend", PARTS, quiet)
    assert [member["parameters"]["window_seconds"] for member in blend.parameters["members"]] == [0.5]


def test_a_model_that_is_no_part_is_refused_by_name() -> None:
    with pytest.raises(
        ConfigurationError, match="no model 'ease' for this data; it has blend, popularity, repeat_consumption"
    ):
        validation(0).choose("ease", PARTS, quiet)
