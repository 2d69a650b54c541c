"""Submit with ``./shop submit training``: from all events to a model that is evaluated, stored and promoted.

Its only argument is the file that says which events it reads, once they are gathered. It ends by itself. Flink reads
the events, once; the rest happens in this program.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from pyflink.table import TableEnvironment

from connections.clickhouse import connected
from connections.erased_users import ErasedUsers
from flink.argument import wait_for_argument
from jobs.environment import batch_environment
from jobs.history.bounded import BoundedEvents
from jobs.history.tables import register_events
from jobs.training.counting import counted_interactions
from jobs.training.interactions import (
    EVENT_FIELDS,
    forget_outputs,
    read_output,
    register_views,
    without_erased,
    write_outputs,
)
from recommender.publishing.live import LiveModels, connect
from recommender.publishing.promotion import Promotions
from recommender.publishing.records import ModelRecords
from recommender.ranking import Rules
from recommender.store import ModelStore, ServedModel
from recommender.training.dataset import Dataset, dataset_of
from recommender.training.embeddings import SentenceModel, texts_of
from recommender.training.recipes import check_model
from recommender.training.trainer import Trainer
from schemas.settings import Settings
from schemas.version import VERSION

logger = logging.getLogger(__name__)

NAME: Final = "training"


def read_dataset(tables: TableEnvironment, settings: Settings, history: BoundedEvents, started_at: datetime) -> Dataset:
    """The data of a training, by SQL over a bounded table of events, without erased users, whom Kafka may have."""
    folder = f"{settings.model_store_url}/work-{started_at:%Y%m%dT%H%M%S%f}"
    register_events(tables, settings, NAME, EVENT_FIELDS, history)
    register_views(tables)
    try:
        write_outputs(tables, folder)
        history.check_held(settings, NAME)
        events = without_erased(read_output(folder, "interaction_events"), ErasedUsers(settings))
        return dataset_of(counted_interactions(events), read_output(folder, "product_attributes"))
    finally:
        forget_outputs(folder)


def sentence_model(settings: Settings) -> SentenceModel | None:
    """The model of sentence embeddings; None unless the settings ask for it.

    Raises:
        ConfigurationError: Its file or its packages are missing.
    """
    return SentenceModel.read(Path(settings.training_sentences_file)) if settings.training_sentences else None


def with_embeddings(dataset: Dataset, model: SentenceModel) -> Dataset:
    """A data set with embeddings of its products' texts."""

    def progress(embedded: int, texts: int) -> None:
        logger.info("%d of %d texts embedded", embedded, texts)

    return replace(dataset, embeddings=model.vectors(texts_of(dataset.catalogue), progress))


def train(dataset: Dataset, settings: Settings, clock: Callable[[], datetime]) -> ServedModel:
    """Train a model, evaluate, store and record it, and promote it unless it is worse than the active one."""
    rules = Rules.of(settings)
    store = ModelStore(settings.model_store_url)
    trainer = Trainer(dataset, rules, settings.training_holdout_days)
    recipe = trainer.recipe(settings.training_model)
    logger.info("%s: %s", recipe.name, dict(recipe.parameters))
    with connected(settings, settings.clickhouse_database) as client, closing(connect(settings)) as redis:
        records = ModelRecords(client)
        active = records.active()
        decision = trainer.decide(recipe, store.load(active) if active else None)
        served = trainer.served(recipe, decision, VERSION, clock())
        store.write(served)
        records.add(served.manifest)
        logger.info("model %s: %s %s", served.version, served.manifest.metrics, decision.reason)
        if decision.promotes:
            live = LiveModels(redis, rules, settings.recommendation_ttl_seconds)
            live.publish(served, clock())
            Promotions(store, records, live).promote(served.version, decision.reason, clock())
    return served


def main() -> None:
    """Read the settings and run the job."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    settings = Settings()
    check_model(settings)  # first, with the file of the sentence model, so that what is missing fails at once
    sentences = sentence_model(settings)
    tables = batch_environment(settings, NAME)
    history = BoundedEvents.from_json(wait_for_argument(Path(sys.argv[1])))
    dataset = read_dataset(tables, settings, history, _now())
    train(with_embeddings(dataset, sentences) if sentences else dataset, settings, _now)


def _now() -> datetime:
    return datetime.now(UTC)


if __name__ == "__main__":
    main()
