"""Choosing the best variant of each part of a blend, and blending the parts, on a validation part."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from recommender.evaluation.blending import Blending, ValidationMetric
from recommender.evaluation.request import Progress
from recommender.evaluation.search import Parameters
from recommender.models.base import Model, Training
from recommender.models.blend import Blend
from recommender.models.former_names import current_model_name
from recommender.models.registry import make_model
from schemas.errors import ConfigurationError

Variant = tuple[str, Parameters]
"""A model's name and parameters."""

NO_CASES: Final = "no cases to choose parameters on: each model keeps its defaults, and all weigh the same"
"""Said of data with a test part, but with nothing before it that is a case."""

Part = Sequence[Variant]
"""The variants of one part of a blend: the same model with different parameters."""


@dataclass(frozen=True, slots=True)
class Validation:
    """Chooses parameters on a validation part.

    Attributes:
        training: The data that variants are fitted to.
        metric: Metric of a fitted model on validation cases, by which the variants of a part are compared.
        blending: How parts become a blend, by other validation cases.
    """

    training: Training
    metric: ValidationMetric
    blending: Blending

    def choose(self, name: str, parts: Sequence[Part], progress: Progress) -> Model:
        """A blend of the parts, or the best variant of the model ``name``; both are fitted to ``training``.

        Raises:
            ConfigurationError: No part is such a model.
        """
        name = current_model_name(name)
        chosen = [part for part in parts if name in (Blend.name, part[0][0])]
        if not chosen:
            known = ", ".join([Blend.name, *dict.fromkeys(part[0][0] for part in parts)])
            message = f"This protocol has no model {name!r} for this data; it has {known}."
            raise ConfigurationError(message)
        parts_in_turn = (self._tried(part, progress) for part in chosen)
        if name == Blend.name:
            return self.blending.blend(parts_in_turn, progress)
        models = [variants[0] for variants in parts_in_turn]
        return models[0] if len(models) == 1 else max(models, key=self.metric)

    def _tried(self, part: Part, progress: Progress) -> list[Model]:
        """The fitted variants, the best one first."""
        if len(part) == 1:
            return [self._fitted(part[0])]
        tried = []
        for name, parameters in part:
            model = self._fitted((name, parameters))
            tried.append((self.metric(model), model))
            progress(f"{name} {parameters}: {tried[-1][0]:.4f} on the validation part")
        return [model for _, model in sorted(tried, key=lambda pair: pair[0], reverse=True)]

    def _fitted(self, variant: Variant) -> Model:
        return make_model(*variant).fit(self.training)


def share_of_time(training: Training, share: float) -> float:
    """A share of the time span of the training data in seconds, to three digits; 1 where it has no span to share."""
    span = float(np.ptp(training.histories.times)) if len(training.histories.items) else 0.0
    return float(f"{span * share:.3g}") or 1.0
