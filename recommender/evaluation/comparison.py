"""A chosen model and baselines, fitted to the whole training part and measured on the test part."""

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
    """The metrics of a model and of the baselines, all fitted here; of a blend also those of each single member.

    In the report a member has its name and its number in the blend, as in ``ials (1)``.

    Args:
        chosen: The model, its parameters chosen before.
        baselines: The models it is compared with.
        test: The whole training part, and the cases of the test.
        names: Metrics, such as ``HR@10``.
        progress: Called with what is being done.
    """

    def measured(model: Model) -> Metrics:
        progress(f"measuring {model.name} on the test part")
        return rank_metrics(test.ranks(model), names)

    progress(f"fitting {chosen.name} to the whole training part")
    metrics = measured(chosen.fit(test.training))
    of_baselines = {model.name: measured(model.fit(test.training)) for model in baselines}
    members = chosen.models if isinstance(chosen, Blend) else ()
    of_members = {f"{model.name} ({number})": measured(model) for number, model in enumerate(members, 1)}
    return Result(chosen.name, chosen.parameters, metrics, of_baselines | of_members)
