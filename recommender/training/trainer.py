"""Training: fitted on what is old, judged on what is new, fitted once more on all of it, and stored under a version."""

from __future__ import annotations

import hashlib
import logging
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final

import orjson

from recommender.models.base import Model, Training
from recommender.models.bought_together import BoughtTogether
from recommender.models.content import Content
from recommender.models.item_knn import ItemKnn
from recommender.models.sentences import Sentences
from recommender.neighbours import Neighbours, strongest_of_all
from recommender.ranking import Rules
from recommender.store import Manifest, ServedModel, encode_arrays, neighbour_arrays
from recommender.training.dataset import Dataset
from recommender.training.holdout import Comparison, Contender, Holdout, Judgement, compare, cut_at, judge, split
from recommender.training.recipes import Recipe, recipe_for
from schemas.recommendations import utc_text

logger = logging.getLogger(__name__)

NEIGHBOURS: Final = 50
"""Kept of each product: more than a list shows, as some may be unavailable."""

SEED: Final = 1
_HASH_DIGITS: Final = 8


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found of a candidate on the hold-out.

    Attributes:
        cut: Where the data was cut, in seconds since the epoch.
        judgement: What the candidate reached.
        active: The version it was compared with, "" when there was none.
        active_judgement: What that one reached; None when there was none.
        comparison: The difference; None when there was none.
        active_as_it_is: Whether the active model was judged as it is served. One that knows the days that judge is
            fitted anew on the days before.
    """

    cut: float
    judgement: Judgement
    active: str = ""
    active_judgement: Judgement | None = None
    comparison: Comparison | None = None
    active_as_it_is: bool = False

    @property
    def promotes(self) -> bool:
        """Whether the candidate may be served: nothing is, or it is not worse by more than chance explains."""
        return self.comparison is None or not self.comparison.is_worse

    @property
    def reason(self) -> str:
        """The decision, in words."""
        if self.comparison is None:
            return "the first model"
        found = self.comparison
        told = f"NDCG@10 {found.difference:+.4f} [{found.low:+.4f}, {found.high:+.4f}] against {self.active}"
        return f"{'not worse' if self.promotes else 'worse'}: {told}"

    def as_json(self) -> dict[str, Any]:
        """For the manifest."""
        return {
            "cut": utc_text(datetime.fromtimestamp(self.cut, UTC)),
            "users": len(self.judgement.gains),
            "active": self.active,
            "active_as_it_is": self.active_as_it_is,
            "active_metrics": self.active_judgement.metrics if self.active_judgement else {},
            "difference": asdict(self.comparison) if self.comparison else {},
            "promotes": self.promotes,
            "reason": self.reason,
        }


@dataclass(frozen=True, slots=True)
class Trainer:
    """Trains on one data set.

    Attributes:
        dataset: What users did.
        rules: What a list must be like.
        holdout_days: Newest days that judge.
    """

    dataset: Dataset
    rules: Rules
    holdout_days: int

    def recipe(self, name: str) -> Recipe:
        """How to make a model of a name, found on what is older than the days that judge."""
        known = replace(self.dataset, done=self._holdout().known)
        earlier = split(known, cut_at(known, self.holdout_days), self.rules)
        return recipe_for(name, known.training(earlier.known.histories), earlier)

    def verdict(self, recipe: Recipe, active: ServedModel | None) -> Verdict:
        """Judge a recipe on the newest days, and against the active model if there is one."""
        holdout = self._holdout()
        judgement = self._judged(recipe, holdout)
        if active is None:
            return Verdict(holdout.cut, judgement)
        is_older = active.manifest.data_to.timestamp() < holdout.cut
        of_active = self._judged_as_it_is(active, holdout) if is_older else self._judged(recipe_of(active), holdout)
        comparison = compare(judgement, of_active, SEED)
        return Verdict(holdout.cut, judgement, active.version, of_active, comparison, is_older)

    def served(self, recipe: Recipe, verdict: Verdict, code_version: str, created_at: datetime) -> ServedModel:
        """The model fitted on everything, with what is published beside it."""
        data = self.dataset
        training = data.training(data.done.histories)
        model = recipe.fitted(training)
        similar = similar_items(model, training)
        baskets = BoughtTogether(neighbours=NEIGHBOURS).fit(data.training(data.baskets))
        together = strongest_of_all(baskets.similar, data.n_items, NEIGHBOURS)
        manifest = Manifest(
            version=version_of(data, model, similar, together),
            name=recipe.name,
            parameters=dict(model.parameters),
            code_version=code_version,
            created_at=created_at,
            data_from=data.data_from,
            data_to=data.data_to,
            counts=data.counts,
            metrics=verdict.judgement.metrics,
            evaluation=verdict.as_json(),
        )
        return ServedModel(manifest, model, data.catalogue, similar, together, data.known_users())

    def _holdout(self) -> Holdout:
        return split(self.dataset, cut_at(self.dataset, self.holdout_days), self.rules)

    def _judged(self, recipe: Recipe, holdout: Holdout) -> Judgement:
        model = recipe.fitted(self.dataset.training(holdout.known.histories))
        return judge(Contender.of_same_items(model, self.dataset.n_items), holdout, self.rules)

    def _judged_as_it_is(self, served: ServedModel, holdout: Holdout) -> Judgement:
        item_ids = self.dataset.catalogue.item_ids
        return judge(Contender.of_other_items(served.model, served.item_numbers, item_ids), holdout, self.rules)


def recipe_of(served: ServedModel) -> Recipe:
    """What a model was made by."""
    return Recipe(served.manifest.name, served.manifest.parameters)


def similar_items(model: Model, training: Training) -> Neighbours:
    """Items like each item, by the model itself, or by item-kNN where it has no opinion on that.

    An item that nobody had yet has those that a part of the model finds by what is known of it.
    """
    likeness = getattr(model, "similar", None) or ItemKnn(neighbours=NEIGHBOURS).fit(training).similar
    found = strongest_of_all(likeness, training.n_items, NEIGHBOURS)
    for part in getattr(model, "models", ()):
        if isinstance(part, (Content, Sentences)):
            found = found.or_else(part.similar)
    return found


def version_of(data: Dataset, model: Model, similar: Neighbours, together: Neighbours) -> str:
    """``<newest event>-<hash of the state>``: the same data gives the same version."""
    digest = hashlib.sha256(encode_arrays(model.arrays()))
    digest.update(encode_arrays(neighbour_arrays(similar, together)))
    digest.update(
        orjson.dumps([model.name, dict(model.parameters), *data.catalogue.item_ids], option=orjson.OPT_SORT_KEYS)
    )
    return f"{data.data_to:%Y%m%dT%H%M%S}-{digest.hexdigest()[:_HASH_DIGITS]}"
