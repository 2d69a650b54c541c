"""State that every request needs and no request waits for: refreshed in the background.

The active model, the products that must not be recommended, and the lists at the end of the fallback chain. A copy of
the unavailable products is never older than REFRESH_SECONDS as long as Redis answers: their revision is read each
time, and the set again only when it has changed.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Final

import orjson

from schemas import redis_keys
from serving.background import BackgroundTask
from serving.metrics import Metrics
from serving.redis_client import RedisUnavailable
from serving.rules import RulesFile
from serving.store import Store

log = logging.getLogger(__name__)

REFRESH_SECONDS: Final = 0.25
"""Between two refreshes."""

LAST_STEPS: Final = (redis_keys.TRENDING, redis_keys.POPULAR, redis_keys.NEWEST)
"""The lists at the end of the fallback chain."""


class Snapshot:
    """The newest known state.

    Args:
        store: Where it comes from.
        rules: The rules file, which is reloaded as well.
        metrics: What to count.

    Attributes:
        active_version: The model that is served; "" before the first was published.
        unavailable: Products that must not be recommended.
        unavailable_json: The same, as they stand between the quotes of JSON.
        task: What refreshes it.
    """

    def __init__(self, store: Store, rules: RulesFile, metrics: Metrics) -> None:
        self._store = store
        self._rules = rules
        self._metrics = metrics
        self._revision: bytes | None = None
        self.task = BackgroundTask("snapshot", self._refresh_later, metrics.background_failed)
        self.active_version = ""
        self.unavailable: frozenset[str] = frozenset()
        self.unavailable_json: frozenset[bytes] = frozenset()

    @property
    def served_versions(self) -> frozenset[str]:
        """The models that answers may be made with: the active one, and those of an experiment's arms."""
        experiment = self._rules.rules.experiment
        arms = experiment.arms if experiment is not None else ()
        return frozenset({self.active_version, *(arm.model_version for arm in arms)} - {""})

    async def start(self) -> None:
        """Refresh once, then again and again."""
        await self.refresh()
        self.task.start()

    async def close(self) -> None:
        """Stop refreshing."""
        await self.task.close()

    async def refresh(self) -> None:
        """Refresh once; what Redis does not answer stays as it was."""
        if not self._rules.reload():
            self._metrics.rules_refused.inc()
        try:
            await self._refresh_model()
            await self._refresh_unavailable()
        except RedisUnavailable as error:
            log.debug("%s", error)
        await self._store.lists(LAST_STEPS)
        self._metrics.lists_in_memory.set(len(self._store.memory))
        self._metrics.flush()

    async def _refresh_later(self) -> None:
        await asyncio.sleep(REFRESH_SECONDS)
        await self.refresh()

    async def _refresh_model(self) -> None:
        version = await self._store.redis.get(redis_keys.ACTIVE_MODEL.encode())
        if version is not None and version.decode() != self.active_version:
            log.info("Serving the model %s", version.decode())
            self.active_version = version.decode()

    async def _refresh_unavailable(self) -> None:
        redis = self._store.redis
        revision = await redis.get(redis_keys.UNAVAILABLE_REVISION.encode())
        if revision is None or revision == self._revision:
            return
        members: list[bytes] = await redis.call(b"SMEMBERS", redis_keys.UNAVAILABLE.encode())
        self.unavailable = frozenset(member.decode() for member in members)
        self.unavailable_json = frozenset(orjson.dumps(item_id)[1:-1] for item_id in self.unavailable)
        self._revision = revision
        self._metrics.unavailable_products.set(len(members))
