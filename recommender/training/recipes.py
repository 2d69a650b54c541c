"""Recipes for models: a single model as it comes, or a blend with members and weights chosen on older data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from recommender.evaluation.parts import share_of_time
from recommender.interactions import PURCHASE
from recommender.models.base import Model, Training
from recommender.models.blend import Blend
from recommender.models.blend_weights import Examples, learn_ensemble_weights
from recommender.models.content import Content
from recommender.models.ease import MOST_ITEMS, Ease
from recommender.models.former_names import current_model_name
from recommender.models.ials import Ials
from recommender.models.item_knn import ItemKnn
from recommender.models.popularity import Popularity
from recommender.models.registry import MODELS, make_model
from recommender.models.repeat_consumption import RepeatConsumption
from recommender.models.sentences import Sentences
from recommender.models.sequential_rules import SequentialRules
from recommender.training.dataset import where
from recommender.training.holdout import Holdout, interaction_matrix
from schemas.errors import ConfigurationError
from schemas.settings import Settings

MOST_EXAMPLES: Final = 5_000
"""Largest number of users that ensemble weights are learned from."""

NEEDS_SENTENCES: Final = "The model sentences needs sentence embeddings: set SHOP_TRAINING_SENTENCES=true as well."

RECENT_SHARE: Final = 0.1
"""Share of the data's time span that is the window of recent popularity."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """A model before it is fitted.

    Attributes:
        name: Its name in the registry.
        parameters: Its hyperparameters.
    """

    name: str
    parameters: Mapping[str, Any]

    def fitted(self, training: Training) -> Model:
        """A new model, fitted."""
        return make_model(self.name, self.parameters).fit(training)


def check_model(settings: Settings) -> None:
    """Refuse a model that no training could fit, before any event is read.

    Raises:
        ConfigurationError: There is no such model, or it needs sentence embeddings, which are not asked for.
    """
    known = (Blend.name, *MODELS)
    if current_model_name(settings.training_model) not in known:
        message = f"SHOP_TRAINING_MODEL names no model: {settings.training_model!r}; there are {', '.join(known)}."
        raise ConfigurationError(message)
    if settings.training_model == Sentences.name and not settings.training_sentences:
        raise ConfigurationError(NEEDS_SENTENCES)


def recipe_for(name: str, training: Training, holdout: Holdout) -> Recipe:
    """The recipe for a model of this name: with its defaults, or a blend of members that suit the data.

    Args:
        name: The model.
        training: The data before the hold-out's cut.
        holdout: Users from whom the weights of a blend are learned; it must not be evaluated on them afterwards.

    Raises:
        ConfigurationError: The model needs sentence embeddings, and there are none.
    """
    if name == Sentences.name and training.embeddings is None:
        raise ConfigurationError(NEEDS_SENTENCES)
    if name != Blend.name:
        return Recipe(name, {})
    models = [model.fit(training) for model in _members(training, holdout.excludes_bought)]
    blend = Blend(models, learn_ensemble_weights(models, _examples(holdout)))
    return Recipe(blend.name, blend.parameters)


def _members(training: Training, excludes_bought: bool) -> Iterator[Model]:
    """The members of a blend for this data; EASE where the catalogue is small enough, else iALS."""
    yield Popularity()
    yield Popularity(window_seconds=share_of_time(training, RECENT_SHARE))
    yield ItemKnn(norm_power=0.7, recency=0.5)
    yield SequentialRules()
    yield Ease() if training.n_items <= MOST_ITEMS else Ials()
    if training.features is not None:
        yield Content(recency=0.5)
    if training.embeddings is not None:
        yield Sentences()
    if not excludes_bought:
        yield RepeatConsumption(rate_power=0.5)


def _examples(holdout: Holdout) -> Examples:
    """A sample of the held-out users, with what they chose."""
    cases = holdout.cases
    rows = np.arange(0, len(cases), max(1, -(-len(cases) // MOST_EXAMPLES)))
    hidden = None
    if holdout.excludes_bought:
        bought = where(cases, cases.kinds == PURCHASE)
        hidden = interaction_matrix(bought, holdout.right.shape[1])[rows]
    return Examples(cases.histories.take(rows), holdout.right[rows], with_seen=True, hidden=hidden)
