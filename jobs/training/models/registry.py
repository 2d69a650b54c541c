"""Models by name: what a stored version, a request or a search names becomes an unfitted model."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from jobs.training.models.base import Model
from jobs.training.models.item_knn import ItemKnn
from jobs.training.models.popularity import Popularity
from jobs.training.models.session_knn import SessionKnn
from schemas.errors import ModelError

MODELS: Final[Mapping[str, Callable[..., Model]]] = {kind.name: kind for kind in (Popularity, ItemKnn, SessionKnn)}
"""Single models by their names."""


def make_model(name: str, parameters: Mapping[str, Any]) -> Model:
    """An unfitted model, as its ``name`` and ``parameters`` tell.

    Raises:
        ModelError: There is no such model, or it has no such parameter.
    """
    if name not in MODELS:
        message = f"There is no model {name!r}; there are {', '.join(MODELS)}."
        raise ModelError(message)
    try:
        return MODELS[name](**parameters)
    except TypeError as error:
        message = f"The model {name} cannot be made with {dict(parameters)}: {error}."
        raise ModelError(message) from error
