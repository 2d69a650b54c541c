"""Which model is served: the one place that publishes, promotes and rolls back."""

from __future__ import annotations

import logging
from datetime import datetime

from recommender.errors import ModelError
from recommender.publishing.live import LiveModels
from recommender.publishing.records import ModelRecords
from recommender.store import ModelStore

logger = logging.getLogger(__name__)


class Promotions:
    """Makes versions the active one.

    Args:
        store: Where the models are.
        records: What is known of them; the truth of which is active.
        live: Where they are served.
    """

    def __init__(self, store: ModelStore, records: ModelRecords, live: LiveModels) -> None:
        self._store = store
        self._records = records
        self._live = live

    def promote(self, version: str, reason: str, now: datetime) -> None:
        """Serve a version from now on.

        Its lists are published first unless they are there; then it is recorded, then Redis is told. Whatever is
        interrupted, doing it again completes it.

        Raises:
            ModelError: There is no such version.
            DependencyUnavailable: ClickHouse or Redis does not answer.
        """
        self._store.manifest(version)
        if not self._live.is_published(version):
            self._live.publish(self._store.load(version))
        if self._records.active() != version:
            self._records.add_promotion(version, reason, now)
        self._live.activate(version, now)
        self._live.retire_due(now)
        logger.info("model %s is active: %s", version, reason)

    def roll_back(self, now: datetime) -> str:
        """Serve the version again that was active before; which that is.

        Raises:
            ModelError: No other version was ever active.
            DependencyUnavailable: ClickHouse or Redis does not answer.
        """
        previous = self._records.previous()
        if not previous:
            raise ModelError("There is no model to go back to: no other one was ever active.")
        self.promote(previous, "rolled back", now)
        return previous
