"""Erases a person everywhere, in an order after which nothing brings them back.

1. The erasure is published; from REFRESH_SECONDS later on, ingest refuses the person's events.
2. What had come in before is waited for: every reader of ``events`` has read it.
3. The rows that name the person are deleted from their topics by tombstones, and the sink applies those.
4. Each store gives up what it holds; then each is asked again.

Doing it again completes what was interrupted.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from connections.clickhouse import connected
from connections.erased_users import REFRESH_SECONDS
from coordination.files import locked
from flink.submission import Cluster
from lake.erasure import count_user, erase_user
from lake.storage import lake_storage
from operations.erasure.clickhouse import TABLES, USER_RESULTS, count_rows, delete_rows, visitors_of
from operations.erasure.redis import delete_keys, keys_of
from operations.erasure.topics import Remainder, delete_results, publish_erasure, remainders, rows_of
from operations.lag import ends_with_open, wait_until_read
from operations.running_jobs import running_jobs
from recommender.store import ModelStore
from schemas.settings import Settings
from schemas.topics import DOMAIN_TOPICS, EVENTS, INGEST, consumer_group
from sinks.clickhouse.description import CLICKHOUSE
from sinks.registered import SINKS

COMPACTION_LOCK: Final = "lake-compact.lock"

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Holding:
    """What a store held of the person, and what it holds now.

    Attributes:
        store: The store, and what of it.
        before: Rows, keys, events or models that had something of the person.
        left: The same now.
    """

    store: str
    before: int
    left: int


@dataclass(frozen=True, slots=True)
class Report:
    """What an erasure did.

    Attributes:
        holdings: Of each store.
        remainders: What Kafka holds until its retention has passed.
        visitors: Anonymous ids of the person's devices, which were not erased.
    """

    holdings: tuple[Holding, ...]
    remainders: tuple[Remainder, ...]
    visitors: tuple[str, ...]

    @property
    def is_complete(self) -> bool:
        """Whether no store holds anything any more."""
        return not any(holding.left for holding in self.holdings)


def erase(settings: Settings, user_id: str, wait_seconds: float, progress: Progress) -> Report:
    """Erase a user.

    Args:
        settings: Where everything is.
        user_id: Whom.
        wait_seconds: How long readers may take to catch up.
        progress: Told what is being done.

    Raises:
        DeliveryError: Kafka did not take the erasure.
        DependencyUnavailable: A server does not answer; do it again.
        StillBehind: A reader has not caught up in time; do it again.
    """
    progress("Publishing the erasure ...")
    publish_erasure(settings, user_id, datetime.now(UTC))
    progress("Waiting until what had come in before is everywhere ...")
    time.sleep(REFRESH_SECONDS)
    wait_for_readers(settings, wait_seconds)
    before, rows, visitors = _held(settings, user_id), rows_of(settings, user_id), _visitors(settings, user_id)
    progress("Deleting ...")
    delete_results(settings, rows)
    wait_until_read(
        settings, CLICKHOUSE.group, ends_with_open(settings, [each.topic for each in USER_RESULTS]), wait_seconds
    )
    _delete(settings, user_id)
    progress("Asking every store again ...")
    left = _held(settings, user_id) | {_TOPICS: len(rows_of(settings, user_id))}
    before |= {_TOPICS: len(rows)}
    holdings = tuple(Holding(store, count, left[store]) for store, count in before.items())
    return Report(holdings, tuple(remainders(settings, user_id)), visitors)


_TOPICS: Final = "Kafka: rows of results"


def wait_for_readers(settings: Settings, wait_seconds: float) -> None:
    """Wait until ingest has judged all that came in, and every reader of events has read what it accepted.

    Raises:
        StillBehind: One has not after that time.
    """
    with closing(Cluster(settings)) as cluster:
        running = running_jobs(cluster)
    if INGEST in running:
        wait_until_read(settings, consumer_group(INGEST), ends_with_open(settings, DOMAIN_TOPICS), wait_seconds)
    ends = ends_with_open(settings, (EVENTS,))
    jobs = [consumer_group(job) for job in running if job != INGEST]
    sinks = [sink.group for sink in SINKS if EVENTS in sink.topics]
    for group in (*jobs, *sinks):
        wait_until_read(settings, group, ends, wait_seconds)
    results = ends_with_open(settings, [result.topic for result in USER_RESULTS])
    wait_until_read(settings, CLICKHOUSE.group, results, wait_seconds)


def _held(settings: Settings, user_id: str) -> dict[str, int]:
    """Store -> how much it has of a user."""
    models = ModelStore(settings.model_store_url)
    with connected(settings, settings.clickhouse_database) as clickhouse:
        rows = {f"ClickHouse: {table}": count_rows(clickhouse, table, user_id) for table in TABLES}
    return rows | {
        "Redis: keys": len(keys_of(settings, user_id)),
        "lake: events": count_user(lake_storage(settings), user_id),
        "models with a history": sum(models.knows(version, user_id) for version in models.versions()),
    }


def _visitors(settings: Settings, user_id: str) -> tuple[str, ...]:
    with connected(settings, settings.clickhouse_database) as clickhouse:
        return visitors_of(clickhouse, user_id)


def _delete(settings: Settings, user_id: str) -> None:
    with connected(settings, settings.clickhouse_database) as clickhouse:
        for table in TABLES:
            delete_rows(clickhouse, table, user_id)
    with locked(settings.data_dir / COMPACTION_LOCK):
        erase_user(lake_storage(settings), user_id)
    models = ModelStore(settings.model_store_url)
    for version in models.versions():
        models.forget(version, user_id)
    delete_keys(settings, keys_of(settings, user_id))
