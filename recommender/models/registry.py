"""Models by name: from the name and parameters of a stored version or a search to an unfitted model."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from recommender.errors import ModelError
from recommender.models.base import Model
from recommender.models.blend import Blend, EnsembleWeight
from recommender.models.bought_together import BoughtTogether
from recommender.models.content import Content
from recommender.models.ease import Ease
from recommender.models.former_names import current_model_name
from recommender.models.ials import Ials
from recommender.models.item_knn import ItemKnn
from recommender.models.item_walk import ItemWalk
from recommender.models.popularity import Popularity
from recommender.models.repeat_consumption import RepeatConsumption
from recommender.models.sentences import Sentences
from recommender.models.sequential_rules import SequentialRules
from recommender.models.session_knn import SessionKnn

MODELS: Final[Mapping[str, Callable[..., Model]]] = {
    kind.name: kind
    for kind in (
        Popularity,
        RepeatConsumption,
        ItemKnn,
        ItemWalk,
        SequentialRules,
        SessionKnn,
        Ials,
        Ease,
        Content,
        Sentences,
        BoughtTogether,
    )
}
"""Single models by their names; a blend is made of them."""


def make_model(name: str, parameters: Mapping[str, Any]) -> Model:
    """An unfitted model.

    Args:
        name: Its name, of today or of an earlier release.
        parameters: Its hyperparameters.

    Raises:
        ModelError: There is no such model, or it has no such parameter.
    """
    constructors: dict[str, Callable[..., Model]] = {Blend.name: _blend, **MODELS}
    name = current_model_name(name)
    if name not in constructors:
        message = f"There is no model {name!r}; there are {', '.join(constructors)}."
        raise ModelError(message)
    try:
        return constructors[name](**parameters)
    except (TypeError, KeyError) as error:
        message = f"The model {name} cannot be made with {dict(parameters)}: {error}."
        raise ModelError(message) from error


def _blend(members: Sequence[Mapping[str, Any]]) -> Blend:
    models = [make_model(member["name"], member["parameters"]) for member in members]
    return Blend(models, [EnsembleWeight(member["share"], member["log_share"]) for member in members])
