"""Erases a person everywhere, in an order after which nothing brings them back.

1. The erasure is published; from REFRESH_SECONDS later on, ingest refuses the person's events.
2. What had come in before is waited for: every reader of ``events`` has read it. The same follows for the anonymous ids
   of the browsers and devices with which nobody but the person was ever signed in: they are erased as users are. Where
   others were, too, and the person still is, the person is signed out: the jobs remember who signed in last.
3. The rows that name the person are deleted from their topics by tombstones, and the sink applies those.
4. Each store gives up what it holds, the person's own rows the last: they say which the anonymous ids are. Then each is
   searched again.

Doing it again completes what was interrupted.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from connections.clickhouse import connected
from connections.erased_users import REFRESH_SECONDS
from flink.cluster import Cluster
from operations.erasure.topics import Remainder, delete_results, publish_erasure, remainders, rows_of, sign_out
from operations.lag import ends_with_open, wait_until_read
from operations.personal.clickhouse import USER_RESULTS, Visitors, visitors_of
from operations.personal.models import MODELS
from operations.running_jobs import running_jobs
from operations.stores import STORES
from schemas.settings import Settings
from schemas.topics import DOMAIN_TOPICS, EVENTS, INGEST, consumer_group
from sinks.registered import SINKS

PLACES: Final = (MODELS, *(store.personal for store in STORES))
"""Where a person's data lie, beside Kafka."""

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
        erased_visitors: Anonymous ids of the devices that the person alone used, which were erased as well.
        visitors: Those of the devices that others used, too, which were not.
    """

    holdings: tuple[Holding, ...]
    remainders: tuple[Remainder, ...]
    erased_visitors: tuple[str, ...]
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
    _refuse(settings, (user_id,), wait_seconds, progress)
    visitors = _visitors(settings, user_id)
    if visitors.alone or visitors.signed_in:
        progress("Publishing the erasure of devices that nobody else used, and sign-outs from the others ...")
        sign_out(settings, visitors.signed_in, datetime.now(UTC))
        _refuse(settings, visitors.alone, wait_seconds, progress)
    erased = (*visitors.alone, user_id)
    before, rows = _held(settings, erased), rows_of(settings, frozenset(erased))
    progress("Deleting ...")
    delete_results(settings, rows)
    wait_for_results(settings, wait_seconds)
    for each in erased:
        for place in PLACES:
            place.erase(settings, each)
    progress("Asking every store again ...")
    left = _held(settings, erased) | {_TOPICS: len(rows_of(settings, frozenset(erased)))}
    before |= {_TOPICS: len(rows)}
    holdings = tuple(Holding(store, count, left[store]) for store, count in before.items())
    remaining = tuple(remainders(settings, frozenset(erased)))
    return Report(holdings, remaining, visitors.alone, visitors.shared)


def _refuse(settings: Settings, user_ids: Sequence[str], wait_seconds: float, progress: Progress) -> None:
    """Let ingest refuse the events of users, and wait until what had come in before is everywhere."""
    for user_id in user_ids:
        publish_erasure(settings, user_id, datetime.now(UTC))
    progress("Waiting until what had come in before is everywhere ...")
    time.sleep(REFRESH_SECONDS)
    wait_for_readers(settings, wait_seconds)


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
    wait_for_results(settings, wait_seconds)


def wait_for_results(settings: Settings, wait_seconds: float) -> None:
    """Wait until every sink has brought over what the results that name people hold now.

    Raises:
        StillBehind: One has not after that time.
    """
    topics = [result.topic for result in USER_RESULTS]
    for sink in SINKS:
        if taken := [topic for topic in topics if topic in sink.topics]:
            wait_until_read(settings, sink.group, ends_with_open(settings, taken), wait_seconds)


def _held(settings: Settings, user_ids: Sequence[str]) -> dict[str, int]:
    """What of which store -> how much it has of some users."""
    held: Counter[str] = Counter()
    for user_id in user_ids:
        for place in PLACES:
            for what, count in place.held(settings, user_id).items():
                held[what] += count
    return dict(held)


def _visitors(settings: Settings, user_id: str) -> Visitors:
    with connected(settings, settings.clickhouse_database) as clickhouse:
        return visitors_of(clickhouse, user_id)
