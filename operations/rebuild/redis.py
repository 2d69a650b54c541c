"""Fills Redis anew: what its sink keeps comes from the topics by itself, people's histories and lists from here.

Histories are written by the very function that personalise writes them with, from the lake and what Kafka has beyond
it. Then the model that is active by ``recommendation_models`` is published as a promotion publishes it: it ranks those
histories. Both are functions of the set of events, so a Redis that was emptied holds the same keys again.

The keys as they were at a moment are made in another, empty Redis: histories from the events that had been accepted by
then, products and lists of the stream from what their topics still hold from before then, and the lists of the model
that was active.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from connections.clickhouse import connected
from connections.errors import DependencyUnavailable
from connections.kafka import CommittedRecords
from connections.redis import connect, redis_errors
from connections.registry import SchemaRegistry
from coordination.waiting import wait_until
from lake.columns import EVENT_TIME, TIMESTAMP
from operations.history.events import history
from operations.rebuild.request import Progress, Rebuild, RebuildReport, RebuildRequest
from recommender.publishing.batches import EventChanges, Row, changes_of
from recommender.publishing.live import LiveModels
from recommender.publishing.people import Limits
from recommender.publishing.personaliser import Personaliser
from recommender.publishing.promotion import Promotions
from recommender.publishing.records import ModelRecords
from recommender.ranking import Rules
from recommender.store import ModelStore
from schemas.errors import ConfigurationError
from schemas.interactions import OF_HISTORIES, OF_ORDERS, ORDER_CANCELLED, PURCHASE, REFUND
from schemas.results import SERVED
from schemas.settings import Settings
from schemas.visitors import OF_VISITORS
from sinks.core.framing import FramedDecoder
from sinks.redis.changes import CHANGE_OF_TOPIC, Changes
from sinks.redis.store import RedisStore

BATCH_ROWS: Final = 10_000
POLL_SECONDS: Final = 0.5
UNDOING_ORDERS: Final = (REFUND, ORDER_CANCELLED)


@dataclass(frozen=True, slots=True)
class Refilled:
    """What was written.

    Attributes:
        interactions: Events with products that histories were made from.
        lists: Lists that followed from them.
        model: The model that is served, "" for none.
        seconds: How long it took.
    """

    interactions: int
    lists: int
    model: str
    seconds: float


def rebuild_redis(settings: Settings, wait_seconds: float, progress: Progress) -> Refilled:
    """Bring back what Redis must hold; what it holds already stays.

    Raises:
        ContractError: Events are in neither the lake nor Kafka.
        DependencyUnavailable: A server does not answer, or the sink did not fill Redis within ``wait_seconds``.
        ModelError: The active model is not in the store.
    """
    started = time.monotonic()
    wait_for_sink(settings, wait_seconds, progress)
    interactions, lists = _write_histories(settings, progress)
    progress("Publishing the active model ...")
    with connected(settings, settings.clickhouse_database) as clickhouse, _live_models(settings) as live:
        records = ModelRecords(clickhouse)
        model = records.active()
        if model:
            Promotions(ModelStore(settings.model_store_url), records, live).promote(model, "rebuilt", datetime.now(UTC))
    return Refilled(interactions, lists, model, time.monotonic() - started)


def rebuild_as_of(settings: Settings, moment: datetime, target_url: str, progress: Progress) -> Refilled:
    """Fill an empty Redis with the keys as they were at a moment.

    Args:
        settings: Where everything is.
        moment: The moment, aware.
        target_url: The other Redis: ``redis://host:port/database``.
        progress: Told what is being done.

    Raises:
        ConfigurationError: The other Redis is not empty, or is the one that is served from.
        ContractError: Events are in neither the lake nor Kafka.
        DependencyUnavailable: A server does not answer.
        ModelError: The model that was active is no longer in the store.
    """
    started = time.monotonic()
    target = settings.model_copy(update={"redis_url": target_url})
    check_target(settings, target)
    moment_ms = round(moment.timestamp() * 1000)
    _write_served_topics(target, moment_ms, progress)
    interactions, lists = _write_histories(target, progress, moment_ms)
    progress("Publishing the model that was active ...")
    with connected(settings, settings.clickhouse_database) as clickhouse, _live_models(target) as live:
        model = ModelRecords(clickhouse).active_at(moment)
        if model:
            lists += live.publish(ModelStore(settings.model_store_url).load(model), datetime.now(UTC))
            live.activate(model, moment)
    return Refilled(interactions, lists, model, time.monotonic() - started)


def check_target(settings: Settings, target: Settings) -> None:
    """Check that nothing is written over.

    Raises:
        ConfigurationError: The target is the Redis that is served from, or holds keys.
        DependencyUnavailable: It does not answer.
    """
    if target.redis_url == settings.redis_url:
        raise ConfigurationError("The keys of the past would be served now: give another Redis, or another database.")
    with closing(connect(target.redis_url, target.http_timeout_seconds)) as client, redis_errors(target.redis_url):
        held: Any = client.dbsize()
    if held:
        message = f"{target.redis_url} holds {held:,} keys: give one that is empty."
        raise ConfigurationError(message)


def wait_for_sink(settings: Settings, wait_seconds: float, progress: Progress) -> None:
    """Wait until the sink has written all that the served topics hold now.

    Raises:
        DependencyUnavailable: It has not after that time.
    """
    with CommittedRecords(settings) as records:
        ends = {
            f"{result.topic}-{partition}": records.bounds(result.topic, partition)[1]
            for result in SERVED
            for partition in records.partitions(result.topic)
        }
    behind = 0

    def has_written_all() -> bool:
        nonlocal behind
        behind = _behind(store.positions(), ends)
        if behind:
            progress(f"Waiting for the sink of Redis: {behind:,} records ...")
        return not behind

    def too_late() -> DependencyUnavailable:
        return DependencyUnavailable("The sink of Redis", settings.redis_url, f"{behind:,} records are left")

    with closing(RedisStore(settings)) as store:
        wait_until(has_written_all, wait_seconds, too_late, poll_seconds=POLL_SECONDS)


def changes_in(table: pa.Table) -> EventChanges:
    """What a table of events changes in histories, as the job personalise has it."""
    return changes_of(rows_of(table))


def rows_of(table: pa.Table) -> Iterator[Row]:
    """The rows of jobs/personalise/interactions.sql that its function is given, by a table of events."""
    kinds = pa.array((*OF_HISTORIES, *OF_VISITORS))
    kept = table.filter(pc.and_(pc.is_in(table.column("event_type"), kinds), pc.not_equal(table.column("user_id"), "")))
    names = ("event_type", "product_id", "order_id", "value", "event_id", "items")
    for user_id, time_ms, visitor_id, session_id, *event in zip(
        kept.column("user_id").to_pylist(),
        kept.column(EVENT_TIME).cast(pa.int64()).to_pylist(),
        kept.column("anonymous_id").to_pylist(),
        kept.column("session_id").to_pylist(),
        *(kept.column(name).to_pylist() for name in names),
        strict=True,
    ):
        kind, product_id, order_id, value, event_id, items = event
        is_of_visitor = visitor_id == user_id or kind in (*OF_VISITORS, PURCHASE)
        visitor = (visitor_id or "", session_id or "") if is_of_visitor and visitor_id else ("", "")
        amount = "" if value is None else str(value)
        for number, (product, units) in enumerate(_lines(kind, product_id or "", items), 1):
            if product or kind in UNDOING_ORDERS or (kind in OF_VISITORS and visitor_id):
                yield user_id, kind, product, time_ms, order_id or "", units, amount, event_id, number, *visitor


def _lines(kind: str, product_id: str, items: list[dict[str, Any]]) -> list[tuple[str, int]]:
    """Products and units of an event; one line for an event without lines."""
    if kind in OF_ORDERS and items:
        return [(item["product_id"], item["quantity"]) for item in items]
    return [("" if kind in UNDOING_ORDERS else product_id, 1)]


def accepted_until(table: pa.Table, moment_ms: int) -> pa.Table:
    """The events that had been accepted at a moment."""
    return table.filter(pc.less_equal(table.column(TIMESTAMP).cast(pa.int64()), moment_ms))


def _write_served_topics(target: Settings, moment_ms: int, progress: Progress) -> None:
    """Write products and lists of the stream as the sink does, from records that are not newer than the moment."""
    with (
        CommittedRecords(target) as records,
        closing(SchemaRegistry.of(target)) as registry,
        closing(RedisStore(target)) as store,
    ):
        decoder = FramedDecoder(registry)
        for topic, take_in in CHANGE_OF_TOPIC.items():
            progress(f"Reading {topic} ...")
            for partition in records.partitions(topic):
                changes, behind = Changes(), 0
                for message in records.read(topic, partition, *records.bounds(topic, partition)):
                    written_ms = message.timestamp()[1]
                    if written_ms <= moment_ms:
                        value, behind = message.value(), (message.offset() or 0) + 1
                        row = None if value is None else decoder.decode(value)
                        written_at = datetime.fromtimestamp(written_ms / 1000, UTC)
                        take_in(changes, decoder.decode(message.key() or b""), row, written_at)
                store.apply(f"{topic}-{partition}", None, behind, changes)


def _write_histories(settings: Settings, progress: Progress, until_ms: int | None = None) -> tuple[int, int]:
    limits = Limits(
        settings.recommendation_history_items,
        settings.recommendation_history_seconds,
    )
    written = lists = 0
    with (
        history(settings, progress) as past,
        closing(connect(settings.redis_url, settings.http_timeout_seconds)) as client,
    ):
        personaliser = Personaliser(client, ModelStore(settings.model_store_url), Rules.of(settings), limits, _now)
        for day, table in past.days():
            events = table if until_ms is None else accepted_until(table, until_ms)
            for changes in _in_batches(rows_of(events)):
                lists += personaliser.update(*changes)
                written += len(changes.user_ids)
            progress(f"Histories up to {day}: {written:,} events ...")
    return written, lists


@contextmanager
def _live_models(settings: Settings) -> Iterator[LiveModels]:
    with closing(connect(settings.redis_url, settings.http_timeout_seconds)) as client:
        yield LiveModels(client, Rules.of(settings), settings.recommendation_ttl_seconds)


def _now() -> datetime:
    return datetime.now(UTC)


def _in_batches(rows: Iterator[Row]) -> Iterator[EventChanges]:
    while batch := list(itertools.islice(rows, BATCH_ROWS)):
        yield changes_of(batch)


def _behind(positions: dict[str, int], ends: dict[str, int]) -> int:
    return sum(max(0, end - positions.get(partition, 0)) for partition, end in ends.items())


def _run(settings: Settings, request: RebuildRequest, progress: Progress) -> RebuildReport:
    if (request.as_of is None) != (not request.to_url):
        raise ConfigurationError("--as-of and --to-url go together: the past is never written into the Redis of today.")
    if request.as_of is None:
        refilled = rebuild_redis(settings, request.wait_seconds, progress)
    else:
        refilled = rebuild_as_of(settings, request.as_of, request.to_url, progress)
    model = f"of the model {refilled.model}" if refilled.model else "of no model: none was ever promoted"
    return RebuildReport(
        summary=f"{refilled.interactions:,} events in histories, lists {model}, after {refilled.seconds:.1f} s."
    )


REDIS_REBUILD: Final = Rebuild(_run, frozenset({"as_of", "to_url", "wait_seconds"}))
