"""Ranks products for a user by the model itself: the only module here that knows the recommender (ADR 0025).

A version is read from the model store in a thread, once products are to be ranked for the first time; from then on
every version that becomes a served one is. A process that never ranks holds no model, and loads none of the packages
that models need. A version that cannot be read is tried again and again, while products are ranked by stored lists.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from schemas.recommendations import RecommendationList, Source
from serving.metrics import Metrics
from serving.store import Interaction
from web.background import BackgroundTask

if TYPE_CHECKING:
    from recommender.store import RankingModel

FOLLOW_SECONDS: Final = 0.25
"""Between two looks at which versions are served."""

WAIT_SECONDS: Final = 10.0
"""How long a request waits for a version that is being read."""


class Scoring:
    """The models that products are ranked by, kept in memory.

    Args:
        model_store_url: Where they are.
        served: The versions that are needed: the active one, and those of an experiment's arms.
        metrics: What to count.

    Attributes:
        task: What reads them.
    """

    def __init__(self, model_store_url: str, served: Callable[[], frozenset[str]], metrics: Metrics) -> None:
        self._model_store_url = model_store_url
        self._served = served
        self._metrics = metrics
        self.task = BackgroundTask("scoring", self._follow, metrics.background_failed)
        self._thread = ThreadPoolExecutor(1, "scoring")
        self._is_used = asyncio.Event()
        self._changed = asyncio.Condition()
        self._models: Mapping[str, RankingModel] = {}
        self._failed: frozenset[str] = frozenset()

    def start(self) -> None:
        """Begin to follow the served versions, as soon as something is to be ranked."""
        self.task.start()

    async def close(self) -> None:
        """Stop following."""
        await self.task.close()
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def ranked(
        self, version: str, interactions: Sequence[Interaction], item_ids: Sequence[str]
    ) -> RecommendationList | None:
        """Every product that a model knows, the best for a user first.

        Args:
            version: The model.
            interactions: The user's history.
            item_ids: The products.

        Returns:
            None where the model knows nothing of the history, or cannot be read.
        """
        if not version or not interactions or (model := await self._model(version)) is None:
            return None
        history = [(f"{each.kind}:{each.item_id}", each.at.timestamp() * 1000) for each in interactions]
        loop = asyncio.get_running_loop()
        items = await loop.run_in_executor(self._thread, model.ranked, history, item_ids)
        if not items:
            return None
        newest = max(each.at for each in interactions)
        return RecommendationList(Source.PERSONAL, version, datetime.now(UTC), newest, items)

    async def _model(self, version: str) -> RankingModel | None:
        """A model; where it is being read it is waited for."""
        self._is_used.set()
        try:
            async with asyncio.timeout(WAIT_SECONDS), self._changed:
                await self._changed.wait_for(lambda: self._is_decided(version))
        except TimeoutError:
            return None
        return self._models.get(version)

    def _is_decided(self, version: str) -> bool:
        return version in self._models or version in self._failed or version not in self._served()

    async def _follow(self) -> None:
        await self._is_used.wait()
        try:
            await self._read_served()
        finally:
            self._metrics.unread_models.set(len(self._failed))
            async with self._changed:
                self._changed.notify_all()
        await asyncio.sleep(FOLLOW_SECONDS)

    async def _read_served(self) -> None:
        """Read the served versions that are not here yet, and drop all others."""
        served = self._served()
        self._models = {version: model for version, model in self._models.items() if version in served}
        errors: dict[str, Exception] = {}
        for version in sorted(served - self._models.keys()):
            try:
                self._models = {**self._models, version: await asyncio.to_thread(self._read, version)}
            except Exception as error:  # raised below: a version that cannot be read must not keep others away
                errors[version] = error
        self._failed = frozenset(errors)
        if errors:
            raise next(iter(errors.values()))

    def _read(self, version: str) -> RankingModel:
        from recommender.store import ModelStore  # half a second and some 100 MB that only ranking needs

        return ModelStore(self._model_store_url).load_for_ranking(version)
