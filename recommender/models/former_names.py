"""Names that earlier releases stored models under, and the names of today: their files stay readable."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from numpy.typing import NDArray

FORMER_MODEL_NAMES: Final[Mapping[str, str]] = {"own_items": "repeat_consumption"}
"""Models in manifests and in the parameters of blends, by their former name."""

FORMER_ARRAY_NAMES: Final[Mapping[str, str]] = {
    "likeness_data": "similarity_data",
    "likeness_indices": "similarity_indices",
    "likeness_indptr": "similarity_indptr",
    "likeness_shape": "similarity_shape",
    "places": "positions",
    "worth": "session_weights",
}
"""Arrays of ``model.npz``, by their former name."""


def current_model_name(name: str) -> str:
    """What a model is called today."""
    return FORMER_MODEL_NAMES.get(name, name)


def with_current_names(arrays: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """The same arrays under the names of today; a blend puts the index of a member and a dot in front of a name."""
    renamed = {}
    for name, array in arrays.items():
        member, dot, array_name = name.rpartition(".")
        renamed[f"{member}{dot}{FORMER_ARRAY_NAMES.get(array_name, array_name)}"] = array
    return renamed
