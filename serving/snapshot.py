"""State that every request needs and no request waits for: refreshed in the background.

The active model and its age, which models of experiments are gone, the products that must not be recommended, and the
lists at the end of the fallback chain. A copy of
the unavailable products is never older than REFRESH_SECONDS as long as Redis answers: their revision is read each
time, and the set again only when it has changed.
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

import orjson

from schemas import redis_keys
from schemas.errors import ConfigurationError
from schemas.model_age import age_warning, time_made
from serving.metrics import Metrics
from serving.redis_client import RedisUnavailable
from serving.rules import Arm, Rules, RulesFile
from serving.store import Store
from web.background import BackgroundTask

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
        max_age_seconds: Age of the active model from which it is worth a warning.
        clock: The time, aware.

    Attributes:
        active_version: The model that is served; "" before the first was published.
        absent_models: Models of the experiment whose lists Redis does not have.
        unavailable: Products that must not be recommended.
        unavailable_json: The same, as they stand between the quotes of JSON.
        task: What refreshes it.
    """

    def __init__(
        self, store: Store, rules: RulesFile, metrics: Metrics, max_age_seconds: float, clock: Callable[[], datetime]
    ) -> None:
        self._store = store
        self._rules = rules
        self._metrics = metrics
        self._max_age_seconds = max_age_seconds
        self._clock = clock
        self._revision: bytes | None = None
        self._made_at: datetime | None = None
        self._rules_problem = ""
        self.task = BackgroundTask("snapshot", self._refresh_later, metrics.background_failed)
        self.active_version = ""
        self.absent_models: frozenset[str] = frozenset()
        self.unavailable: frozenset[str] = frozenset()
        self.unavailable_json: frozenset[bytes] = frozenset()

    @property
    def served_versions(self) -> frozenset[str]:
        """The models that answers may be made with: the active one, and those of an experiment's arms."""
        return (self._rules.rules.model_versions | {self.active_version}) - self.absent_models - {""}

    async def start(self) -> None:
        """Refresh once, then again and again."""
        await self.refresh()
        self.task.start()

    async def close(self) -> None:
        """Stop refreshing."""
        await self.task.close()

    async def refresh(self) -> None:
        """Refresh once; what Redis does not answer stays as it was."""
        await self._refresh_rules()
        try:
            await self._refresh_model()
            await self._refresh_models_of_arms()
            await self._refresh_unavailable()
        except RedisUnavailable as error:
            log.debug("%s", error)
        await self._store.lists(LAST_STEPS)
        age = self._age()
        self._metrics.active_model_age_seconds.set(math.nan if age is None else age.total_seconds())
        self._metrics.lists_in_memory.set(len(self._store.memory))
        self._metrics.flush()

    def version_for(self, arm: Arm | None) -> str:
        """The model that users of an arm are shown: the active one, unless the arm names one whose lists are there."""
        named = "" if arm is None else arm.model_version
        return named if named and named not in self.absent_models else self.active_version

    def warnings(self) -> list[str]:
        """What somebody should look at, though requests are answered."""
        absent = [_absent(version) + " Its users are shown the active one." for version in sorted(self.absent_models)]
        warnings = (self._age_warning(), self._rules_problem, *absent)
        return [warning for warning in warnings if warning]

    def _age_warning(self) -> str:
        return age_warning(self.active_version, self._made_at, self._clock(), self._max_age_seconds)

    def _age(self) -> timedelta | None:
        return None if self._made_at is None else self._clock() - self._made_at

    async def _refresh_later(self) -> None:
        await asyncio.sleep(REFRESH_SECONDS)
        await self.refresh()

    async def _refresh_rules(self) -> None:
        """Take up changed rules; a change that cannot be used is refused once, and the rules before stay in force."""
        try:
            if (changed := self._rules.changed()) is None:
                return
            await self._check_models(changed)
        except ConfigurationError as error:
            self._rules_problem = f"{error} The rules before stay in force."
            self._metrics.rules_refused.inc()
            log.error("%s", self._rules_problem)
            return
        self._rules.take(changed)
        self._rules_problem = ""
        log.info("Took up the changed rules")

    async def _check_models(self, rules: Rules) -> None:
        """Check that Redis has the lists of the models that arms name; it is not checked while Redis does not answer.

        Raises:
            ConfigurationError: It does not have those of a model.
        """
        try:
            absent = await self._absent_of(rules.model_versions)
        except RedisUnavailable:
            return
        if absent:
            message = f"The rules file is wrong: {' '.join(map(_absent, sorted(absent)))}"
            raise ConfigurationError(message)

    async def _refresh_model(self) -> None:
        version = await self._store.redis.get(redis_keys.ACTIVE_MODEL.encode())
        if version is None:
            return
        if version.decode() != self.active_version:
            log.info("Serving the model %s", version.decode())
            self.active_version = version.decode()
        self._made_at = time_made(await self._store.redis.get(redis_keys.published(self.active_version).encode()))

    async def _refresh_models_of_arms(self) -> None:
        absent = await self._absent_of(self._rules.rules.model_versions)
        for version in absent - self.absent_models:
            log.error("%s Its users are shown the active one.", _absent(version))
        self.absent_models = absent
        self._metrics.arms_models_absent.set(len(absent))

    async def _absent_of(self, versions: frozenset[str]) -> frozenset[str]:
        ordered = sorted(versions)
        marks = await asyncio.gather(*[self._store.redis.get(redis_keys.published(each).encode()) for each in ordered])
        return frozenset(version for version, mark in zip(ordered, marks, strict=True) if mark is None)

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


def _absent(version: str) -> str:
    return (
        f"An arm of the experiment names the model {version}, of which Redis has no lists: './shop models list' shows "
        "the models, and lists of one that was replaced are there for SHOP_RECOMMENDATION_TTL_SECONDS more."
    )
