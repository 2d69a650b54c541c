"""Promotion and rollback of models: the one place that changes which version is active."""

from __future__ import annotations

import logging
from datetime import datetime

from recommender.errors import ModelError
from recommender.publishing.live import LiveModels
from recommender.publishing.records import ModelRecords
from recommender.store import ModelStore

logger = logging.getLogger(__name__)


class Promotions:
    """Promotes versions and rolls them back.

    Args:
        store: The model store.
        records: The records in ClickHouse, which decide which version is active.
        live: The models in Redis.
    """

    def __init__(self, store: ModelStore, records: ModelRecords, live: LiveModels) -> None:
        self._store = store
        self._records = records
        self._live = live

    def promote(self, version: str, reason: str, now: datetime) -> None:
        """Make a version the active one.

        Its lists are published first unless they are in Redis; then the promotion is recorded, then Redis serves it.
        After an interruption, calling it again completes it.

        Raises:
            ModelError: There is no such version.
            DependencyUnavailable: ClickHouse or Redis does not answer.
        """
        self._store.manifest(version)
        if not self._live.is_published(version):
            self._live.publish(self._store.load(version), now)
        if self._records.active() != version:
            self._records.add_promotion(version, reason, now)
        self._live.activate(version, now)
        self._live.retire_due(now)
        logger.info("model %s is active: %s", version, reason)

    def roll_back(self, now: datetime) -> str:
        """Promote the version that was active before, and return it.

        Raises:
            ModelError: No other version was ever active.
            DependencyUnavailable: ClickHouse or Redis does not answer.
        """
        previous = self._records.previous()
        if not previous:
            raise ModelError("There is no model to go back to: no other one was ever active.")
        self.promote(previous, "rolled back", now)
        return previous
