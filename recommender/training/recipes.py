"""What a model is made by: one model with its parameters, or a blend whose parts and says are found on old data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from recommender.interactions import PURCHASE
from recommender.models.base import Model, Training
from recommender.models.blend import Blend
from recommender.models.blend_weights import Examples, learn_says
from recommender.models.content import Content
from recommender.models.ease import MOST_ITEMS, Ease
from recommender.models.ials import Ials
from recommender.models.item_knn import ItemKnn
from recommender.models.popularity import Popularity
from recommender.models.registry import make_model
from recommender.models.repeat_consumption import OwnItems
from recommender.models.sentences import Sentences
from recommender.models.sequential_rules import SequentialRules
from recommender.training.dataset import where
from recommender.training.holdout import Holdout, interaction_matrix
from schemas.errors import ConfigurationError

MOST_EXAMPLES: Final = 5_000
"""Users from whom a blend learns what its parts count."""

RECENT_SHARE: Final = 0.1
"""Of the time that the data spans: what counts as lately popular."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """A model before it is fitted.

    Attributes:
        name: As the registry knows it.
        parameters: What it is made with.
    """

    name: str
    parameters: Mapping[str, Any]

    def fitted(self, training: Training) -> Model:
        """A new model, fitted."""
        return make_model(self.name, self.parameters).fit(training)


def recipe_for(name: str, training: Training, holdout: Holdout) -> Recipe:
    """How to make a model of a name: as it comes, or a blend of what suits the data.

    Args:
        name: The model.
        training: What happened before the hold-out's cut.
        holdout: Users from whom a blend learns; none of them may judge it afterwards.

    Raises:
        ConfigurationError: It is the model of what texts mean, and nobody asked what they mean.
    """
    if name == Sentences.name and training.meanings is None:
        raise ConfigurationError("The model sentences needs what texts mean: set SHOP_TRAINING_SENTENCES=true as well.")
    if name != Blend.name:
        return Recipe(name, {})
    models = [model.fit(training) for model in _parts(training, holdout.excludes_bought)]
    made = Blend(models, learn_says(models, _examples(holdout)))
    return Recipe(made.name, made.parameters)


def _parts(training: Training, excludes_bought: bool) -> Iterator[Model]:
    """One model of each kind of knowledge that there is; EASE where the catalogue is small enough, else factors."""
    yield Popularity()
    yield Popularity(window_seconds=float(f"{np.ptp(training.histories.times) * RECENT_SHARE:.3g}"))
    yield ItemKnn(norm_power=0.7, recency=0.5)
    yield SequentialRules()
    yield Ease() if training.n_items <= MOST_ITEMS else Ials()
    if training.features is not None:
        yield Content(recency=0.5)
    if training.meanings is not None:
        yield Sentences()
    if not excludes_bought:
        yield OwnItems(rate_power=0.5)


def _examples(holdout: Holdout) -> Examples:
    """Some of the judged users, with what they chose."""
    some = slice(None, None, max(1, -(-len(holdout.rows) // MOST_EXAMPLES)))
    cases = holdout.cases
    rows = np.arange(len(cases))[some]
    hidden = None
    if holdout.excludes_bought:
        bought = where(cases, cases.kinds == PURCHASE)
        hidden = interaction_matrix(bought, holdout.right.shape[1])[rows]
    return Examples(cases.histories.take(rows), holdout.right[rows], with_seen=True, hidden=hidden)
