"""From fitted models to a blend: with learned ensemble weights, or with equal weights for the members that help.

Weights are learned where a protocol has validation cases of the same kind as its test cases. Where the two differ in
kind, learned weights fit the difference and are worse than equal ones. There all members count the same, and validation
cases only decide which models are members (Caruana et al. 2004, ensemble selection from libraries of models).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from recommender.evaluation.request import Progress
from recommender.models.base import Model
from recommender.models.blend import Blend, EnsembleWeight
from recommender.models.blend_weights import Examples, learn_ensemble_weights

ValidationMetric = Callable[[Model], float]
"""A metric of a fitted model on validation cases: the higher the better."""

LEAST_SHARE_OF_BEST: Final = 0.9
"""A model with less than this share of the best model's metric is not tried: an equal weight would be too much."""

EQUAL_WEIGHT: Final = EnsembleWeight(share=1.0, log_share=0.0)


class Blending(Protocol):
    """Makes a blend of fitted models."""

    def blend(self, parts: Iterable[Sequence[Model]], progress: Progress) -> Blend:
        """A blend of fitted models.

        Args:
            parts: The variants of each part, the best first.
            progress: Called with what is being done.
        """
        ...


@dataclass(frozen=True, slots=True)
class LearnedWeights:
    """The best variant of each part, with learned weights.

    Attributes:
        examples: Cases of the same kind as those of the test.
    """

    examples: Examples

    def blend(self, parts: Iterable[Sequence[Model]], progress: Progress) -> Blend:
        """One member of each part."""
        models = [variants[0] for variants in parts]
        progress("learning the weights of the blend")
        return Blend(models, learn_ensemble_weights(models, self.examples))


@dataclass(frozen=True, slots=True)
class EqualWeights:
    """The variants that improve a blend, with equal weights.

    Attributes:
        metric: Metric of a blend, on other cases than the variants of a part are compared on.
    """

    metric: ValidationMetric

    def blend(self, parts: Iterable[Sequence[Model]], progress: Progress) -> Blend:
        """The best model, and of the others, the better first, each that improves the blend."""
        by_metric = [(self.metric(model), model) for variants in parts for model in variants]
        by_metric.sort(key=lambda pair: pair[0], reverse=True)
        best, first = by_metric[0]
        chosen = _with_equal_weights([first])
        others = [model for metric, model in by_metric[1:] if metric >= LEAST_SHARE_OF_BEST * best]
        for model in others:
            tried = _with_equal_weights([*chosen.models, model])
            metric = self.metric(tried)
            progress(f"{metric:.4f} with {model.name} {dict(model.parameters)} in the blend, {best:.4f} without")
            if metric > best:
                chosen, best = tried, metric
        return chosen


def _with_equal_weights(models: Sequence[Model]) -> Blend:
    return Blend(models, [EQUAL_WEIGHT] * len(models))
