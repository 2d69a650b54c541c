"""Two ways from fitted models to a blend: by says that are learnt, and by the same say for those that add something.

Says are learnt where a protocol has cases of the very kind that it tests. Where what it can hold out is of another kind
than what it asks for, learnt says follow that difference and are worse than none: there each member of the blend counts
the same, and cases tell no more than who is one (Caruana et al. 2004, ensemble selection from libraries of models).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from recommender.evaluation.request import Progress
from recommender.models.base import Model
from recommender.models.blend import Blend, Say
from recommender.models.blend_weights import Examples, learn_says

Worth = Callable[[Model], float]
"""What a fitted model is worth on some cases: the higher the better."""

LEAST_WORTH: Final = 0.9
"""Of the best model's worth: what is worth less is not tried as a member, the same say would be too much for it."""

SAME_SAY: Final = Say(share=1.0, log_share=0.0)


class Blending(Protocol):
    """A way to make a blend."""

    def blend(self, parts: Iterable[Sequence[Model]], progress: Progress) -> Blend:
        """A blend of fitted models.

        Args:
            parts: The variants of each part, the best first.
            progress: Told what is being done.
        """
        ...


@dataclass(frozen=True, slots=True)
class LearntSays:
    """The best variant of each part, each with a say that is learnt.

    Attributes:
        examples: Cases like those of the test.
    """

    examples: Examples

    def blend(self, parts: Iterable[Sequence[Model]], progress: Progress) -> Blend:
        """One member of each part."""
        models = [variants[0] for variants in parts]
        progress("learning what each part of the blend counts")
        return Blend(models, learn_says(models, self.examples))


@dataclass(frozen=True, slots=True)
class SameSays:
    """The variants that make a blend better, each with the same say.

    Attributes:
        worth: Judges the blend, on other cases than the variants of a part are compared on.
    """

    worth: Worth

    def blend(self, parts: Iterable[Sequence[Model]], progress: Progress) -> Blend:
        """The best model, and of the others, the better first, each that the blend is worth more with."""
        alone = [(self.worth(model), model) for variants in parts for model in variants]
        alone.sort(key=lambda pair: pair[0], reverse=True)
        best, first = alone[0]
        chosen = _alike([first])
        others = [model for own, model in alone[1:] if own >= LEAST_WORTH * best]
        for model in others:
            tried = _alike([*chosen.models, model])
            worth = self.worth(tried)
            progress(f"{worth:.4f} with {model.name} {dict(model.parameters)} in the blend, {best:.4f} without")
            if worth > best:
                chosen, best = tried, worth
        return chosen


def _alike(models: Sequence[Model]) -> Blend:
    return Blend(models, [SAME_SAY] * len(models))
