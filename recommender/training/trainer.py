"""Training: fit on older data, evaluate on the newest days, compare with the active model, fit again on everything."""

from __future__ import annotations

import hashlib
import logging
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final

import orjson

from recommender.errors import ModelError
from recommender.models.base import Model, Training
from recommender.models.bought_together import BoughtTogether
from recommender.models.content import Content
from recommender.models.item_knn import ItemKnn
from recommender.models.sentences import Sentences
from recommender.neighbours import Neighbours, nearest_items
from recommender.ranking import Rules
from recommender.store import Manifest, ServedModel, encode_arrays, neighbour_arrays
from recommender.training.dataset import Dataset
from recommender.training.holdout import (
    Comparison,
    Holdout,
    HoldoutResult,
    IndexedModel,
    compare,
    cut_at,
    evaluate,
    split,
)
from recommender.training.recipes import Recipe, recipe_for
from schemas.recommendations import utc_text

logger = logging.getLogger(__name__)

NEIGHBOURS: Final = 50
"""Similar products kept for each product: more than a list shows, as some may be unavailable."""

SEED: Final = 1

UNJUDGED: Final = "nobody could be judged: no user has events before the held-out part and a choice in it"
"""Why a candidate has no metrics, in a young shop or one whose users do not return."""

_HASH_DIGITS: Final = 8


@dataclass(frozen=True, slots=True)
class PromotionDecision:
    """The candidate's result on the hold-out, compared with the active model's, and whether to promote it.

    Attributes:
        cut: Where the data was cut, in seconds since the epoch.
        result: The candidate's result.
        active: The active version, "" when there is none.
        active_result: The active model's result; None when there is none.
        comparison: The candidate compared with the active model; None when they could not be compared.
        active_as_it_is: Whether the active model was evaluated as it is served. One that was trained on the held-out
            days is fitted again on the days before.
        obstacle: Why the active model could not be evaluated, "" when nothing was in the way.
    """

    cut: float
    result: HoldoutResult
    active: str = ""
    active_result: HoldoutResult | None = None
    comparison: Comparison | None = None
    active_as_it_is: bool = False
    obstacle: str = ""

    @property
    def promotes(self) -> bool:
        """Whether to serve the candidate: it was compared with no active model, or is not significantly worse."""
        return self.comparison is None or not self.comparison.is_worse

    @property
    def reason(self) -> str:
        """The decision in a sentence."""
        if self.comparison is None:
            first = "" if self.active else "the first model"
            nobody = "" if self.result.users else UNJUDGED
            unfit = f"{self.active} could not be evaluated on this data: {self.obstacle}" if self.obstacle else ""
            return "; ".join(filter(None, (first, nobody, unfit)))
        by = self.comparison
        interval = f"NDCG@10 {by.difference:+.4f} [{by.low:+.4f}, {by.high:+.4f}] against {self.active}"
        return f"{'not worse' if self.promotes else 'worse'}: {interval}"

    def as_json(self) -> dict[str, Any]:
        """As it is stored in the manifest."""
        return {
            "cut": utc_text(datetime.fromtimestamp(self.cut, UTC)),
            "users": self.result.users,
            "active": self.active,
            "active_as_it_is": self.active_as_it_is,
            "active_metrics": self.active_result.metrics if self.active_result else {},
            "difference": asdict(self.comparison) if self.comparison else {},
            "promotes": self.promotes,
            "reason": self.reason,
        }


@dataclass(frozen=True, slots=True)
class Trainer:
    """Trains models on one data set.

    Attributes:
        dataset: The data.
        rules: Rules for the lists that are evaluated.
        holdout_days: Number of newest days that are held out.
    """

    dataset: Dataset
    rules: Rules
    holdout_days: int

    def recipe(self, name: str) -> Recipe:
        """The recipe for a model of this name, chosen on data older than the held-out days."""
        known = replace(self.dataset, interactions=self._holdout().known)
        earlier = split(known, cut_at(known, self.holdout_days), self.rules)
        return recipe_for(name, known.training(earlier.known.histories), earlier)

    def decide(self, recipe: Recipe, active: ServedModel | None) -> PromotionDecision:
        """Evaluate a recipe on the held-out days, and compare it with the active model if there is one."""
        holdout = self._holdout()
        result = self._evaluated(recipe, holdout)
        if active is None:
            return PromotionDecision(holdout.cut, result)
        if not result.users:
            return PromotionDecision(holdout.cut, result, active.version)
        is_older = active.manifest.data_to.timestamp() < holdout.cut
        try:
            of_active = (
                self._evaluated_as_it_is(active, holdout) if is_older else self._evaluated(recipe_of(active), holdout)
            )
        except ModelError as error:  # such as a catalogue that has grown too large for EASE
            return PromotionDecision(holdout.cut, result, active.version, obstacle=str(error))
        comparison = compare(result, of_active, SEED)
        return PromotionDecision(holdout.cut, result, active.version, of_active, comparison, is_older)

    def served(
        self, recipe: Recipe, decision: PromotionDecision, code_version: str, created_at: datetime
    ) -> ServedModel:
        """The model fitted on everything, with similar products and the users' histories."""
        data = self.dataset
        training = data.training(data.interactions.histories)
        model = recipe.fitted(training)
        similar = similar_items(model, training)
        baskets = BoughtTogether(neighbours=NEIGHBOURS).fit(data.training(data.baskets))
        together = nearest_items(baskets.similar, data.n_items, NEIGHBOURS)
        manifest = Manifest(
            version=version_of(data, model, similar, together),
            name=recipe.name,
            parameters=dict(model.parameters),
            code_version=code_version,
            created_at=created_at,
            data_from=data.data_from,
            data_to=data.data_to,
            counts=data.counts,
            metrics=decision.result.metrics,
            evaluation=decision.as_json(),
        )
        return ServedModel(manifest, model, data.catalogue, similar, together, data.known_users())

    def _holdout(self) -> Holdout:
        return split(self.dataset, cut_at(self.dataset, self.holdout_days), self.rules)

    def _evaluated(self, recipe: Recipe, holdout: Holdout) -> HoldoutResult:
        model = recipe.fitted(self.dataset.training(holdout.known.histories))
        return evaluate(IndexedModel.of_same_items(model, self.dataset.n_items), holdout, self.rules)

    def _evaluated_as_it_is(self, served: ServedModel, holdout: Holdout) -> HoldoutResult:
        item_ids = self.dataset.catalogue.item_ids
        return evaluate(IndexedModel.of_other_items(served.model, served.item_indices, item_ids), holdout, self.rules)


def recipe_of(served: ServedModel) -> Recipe:
    """The recipe of a stored model."""
    return Recipe(served.manifest.name, served.manifest.parameters)


def similar_items(model: Model, training: Training) -> Neighbours:
    """Similar items of each item, by the model itself, or by item-kNN where the model has no item similarity.

    Items without interactions get theirs from the members of a blend that know attributes or texts.
    """
    similarity = getattr(model, "similar", None) or ItemKnn(neighbours=NEIGHBOURS).fit(training).similar
    nearest = nearest_items(similarity, training.n_items, NEIGHBOURS)
    for member in getattr(model, "models", ()):
        if isinstance(member, (Content, Sentences)):
            nearest = nearest.or_else(member.similar)
    return nearest


def version_of(data: Dataset, model: Model, similar: Neighbours, together: Neighbours) -> str:
    """``<newest event>-<hash of the state>``: the same data and settings give the same version."""
    digest = hashlib.sha256(encode_arrays(model.arrays()))
    digest.update(encode_arrays(neighbour_arrays(similar, together)))
    digest.update(
        orjson.dumps([model.name, dict(model.parameters), *data.catalogue.item_ids], option=orjson.OPT_SORT_KEYS)
    )
    return f"{data.data_to:%Y%m%dT%H%M%S}-{digest.hexdigest()[:_HASH_DIGITS]}"
