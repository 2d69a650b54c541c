"""A chosen model, fitted to all of the training part and measured on the test part, beside others."""

from __future__ import annotations

from collections.abc import Sequence

from recommender.evaluation.cases import Split
from recommender.evaluation.metrics import Metrics, rank_metrics
from recommender.evaluation.report import Result
from recommender.evaluation.request import Progress
from recommender.models.base import Model
from recommender.models.blend import Blend


def compared(
    chosen: Model, baselines: Sequence[Model], test: Split, names: Sequence[str], progress: Progress
) -> Result:
    """The measures of a model and of the baselines, all fitted here; of a blend also those of each member alone.

    A member has its name and its place in the blend in the report, as in ``ials (1)``: it is the very model that the
    blend holds.

    Args:
        chosen: The model, its parameters chosen before.
        baselines: What it is compared with.
        test: The whole training part, and the cases of the test.
        names: Measures, such as ``HR@10``.
        progress: Told what is being done.
    """

    def measured(model: Model) -> Metrics:
        progress(f"measuring {model.name} on the test part")
        return rank_metrics(test.ranks(model), names)

    progress(f"fitting {chosen.name} to the whole training part")
    metrics = measured(chosen.fit(test.training))
    beside = {model.name: measured(model.fit(test.training)) for model in baselines}
    members = chosen.models if isinstance(chosen, Blend) else ()
    alone = {f"{model.name} ({place})": measured(model) for place, model in enumerate(members, 1)}
    return Result(chosen.name, chosen.parameters, metrics, beside | alone)
