"""Models by name: what a stored version, a request or a search names becomes an unfitted model."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from jobs.training.models.base import Model
from jobs.training.models.blend import Blend, Say
from jobs.training.models.bought_together import BoughtTogether
from jobs.training.models.content import Content
from jobs.training.models.ease import Ease
from jobs.training.models.ials import Ials
from jobs.training.models.item_knn import ItemKnn
from jobs.training.models.item_walk import ItemWalk
from jobs.training.models.own_items import OwnItems
from jobs.training.models.popularity import Popularity
from jobs.training.models.sentences import Sentences
from jobs.training.models.sequential_rules import SequentialRules
from jobs.training.models.session_knn import SessionKnn
from schemas.errors import ModelError

MODELS: Final[Mapping[str, Callable[..., Model]]] = {
    kind.name: kind
    for kind in (
        Popularity,
        OwnItems,
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
"""Single models by their names."""


def make_model(name: str, parameters: Mapping[str, Any]) -> Model:
    """An unfitted model, as its ``name`` and ``parameters`` tell.

    Raises:
        ModelError: There is no such model, or it has no such parameter.
    """
    makers: dict[str, Callable[..., Model]] = {Blend.name: _blend, **MODELS}
    if name not in makers:
        message = f"There is no model {name!r}; there are {', '.join(makers)}."
        raise ModelError(message)
    try:
        return makers[name](**parameters)
    except (TypeError, KeyError) as error:
        message = f"The model {name} cannot be made with {dict(parameters)}: {error}."
        raise ModelError(message) from error


def _blend(members: Sequence[Mapping[str, Any]]) -> Blend:
    models = [make_model(member["name"], member["parameters"]) for member in members]
    return Blend(models, [Say(member["share"], member["log_share"]) for member in members])
