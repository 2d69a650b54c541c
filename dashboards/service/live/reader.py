"""Reads the topics in a thread and hands batches of changes to the event loop."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import Any, Final

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from connections.errors import DependencyUnavailable
from connections.kafka import committed_reader
from connections.registry import SchemaRegistry
from dashboards.service.live.arrivals import Arrival
from dashboards.service.live.records import Record, Records, event_ms
from dashboards.service.live.window import Change
from schemas.errors import ShopError
from schemas.offsets import Partition
from schemas.settings import Settings
from schemas.topics import EVENTS
from sinks.core.framing import FramedDecoder

log = logging.getLogger(__name__)

IDLE_SECONDS: Final = 1.0
"""How often the thread wakes up where nothing comes."""

GATHER_SECONDS: Final = 0.05
"""How long a batch waits for more once it has a record."""

BATCH_RECORDS: Final = 2_000
CALL_SECONDS: Final = 5.0
_AWAY: Final = frozenset({KafkaError._ALL_BROKERS_DOWN, KafkaError._TRANSPORT})
_BACK_SECONDS: Final = 1.0


class Reader:
    """One consumer of no group; it commits nothing.

    Args:
        settings: Where Kafka and the registry are.
        starts: Partition -> the first offset to read.
        on_changes: Called in the event loop with the changes of a batch and where the partitions are read to.
        on_caught_up: Called once all that was there at the start has been read.
        on_away: Called with True when Kafka is lost, with False when it is back.
        on_end: Called when the reader cannot go on; with the reason.
        on_arrivals: Called with the events of a batch.
    """

    def __init__(
        self,
        settings: Settings,
        starts: Mapping[Partition, int],
        on_changes: Callable[[list[Change], Mapping[str, int]], None],
        on_caught_up: Callable[[], None],
        on_away: Callable[[bool], None],
        on_end: Callable[[Exception], None],
        on_arrivals: Callable[[list[Arrival]], None],
    ) -> None:
        self._settings = settings
        self._starts = starts
        self._on_changes = on_changes
        self._on_caught_up = on_caught_up
        self._on_away = on_away
        self._on_end = on_end
        self._on_arrivals = on_arrivals
        self._loop = asyncio.get_running_loop()
        self._stopping = threading.Event()
        self._is_away = False
        self._behind = set(starts)
        self._next = dict(starts)
        self._thread = threading.Thread(target=self._run, name="live-reader", daemon=True)

    def start(self) -> None:
        """Begin to read."""
        self._thread.start()

    async def close(self) -> None:
        """Stop reading; returns when the thread has ended."""
        self._stopping.set()
        await self._loop.run_in_executor(None, self._thread.join)

    def _run(self) -> None:
        registry = SchemaRegistry.of(self._settings)
        consumer = Consumer(_configuration(self._settings, self._noticed), logger=log)
        records = Records(FramedDecoder(registry))
        try:
            self._assign(consumer)
            while not self._stopping.is_set():
                self._read(consumer, records)
        except (ShopError, KafkaException) as error:
            self._tell(self._on_end, error)
        except Exception as error:
            log.exception("The reader of live changes failed")
            self._tell(self._on_end, error)
        finally:
            consumer.close()
            registry.close()

    def _assign(self, consumer: Consumer) -> None:
        """Begin where the window ends; records that Kafka has deleted since are in ClickHouse."""
        for partition, start in self._starts.items():
            low, _ = consumer.get_watermark_offsets(TopicPartition(*partition), timeout=CALL_SECONDS)
            self._next[partition] = max(start, low)
        consumer.assign([TopicPartition(*partition, offset) for partition, offset in self._next.items()])

    def _read(self, consumer: Consumer, records: Records) -> None:
        first = consumer.poll(IDLE_SECONDS)
        if first is None:
            if self._is_away:
                self._look_whether_back(consumer)
            return
        more = consumer.consume(BATCH_RECORDS - 1, GATHER_SECONDS) if first.error() is None else []
        newest: dict[tuple[str, int, bytes | None], Record] = {}
        for record in filter(None, map(self._record, (first, *more))):
            # Of the rows with one key only the last is shown; events have the key of a user, and each counts.
            newest[record.topic, record.offset if record.topic == EVENTS else -1, record.key] = record
        changes = [change for record in newest.values() if (change := records.change(record)) is not None]
        if arrivals := [arrival for record in newest.values() if (arrival := _arrival(record)) is not None]:
            self._tell(self._on_arrivals, arrivals)
        if newest:
            self._tell(self._on_changes, changes, {str(partition): offset for partition, offset in self._next.items()})
        self._tell_once_caught_up()

    def _record(self, message: Message) -> Record | None:
        error = message.error()
        partition = Partition(message.topic() or "", message.partition() or 0)
        if error is not None:
            self._judge(error, partition)
            return None
        offset = message.offset() or 0
        if offset < self._next[partition]:
            return None  # read already
        self._next[partition] = offset + 1
        return Record(*partition, offset, message.key(), message.value(), message.timestamp()[1])

    def _judge(self, error: KafkaError, partition: Partition) -> None:
        if error.code() == KafkaError._PARTITION_EOF:
            self._behind.discard(partition)
        elif error.fatal() or error.code() == KafkaError._AUTO_OFFSET_RESET:
            raise DependencyUnavailable("Kafka", self._settings.kafka_bootstrap_servers, error.str())
        else:
            log.warning("Kafka: %s", error)

    def _tell_once_caught_up(self) -> None:
        if not self._behind and self._starts:
            self._starts = {}
            self._tell(self._on_caught_up)

    def _noticed(self, error: KafkaError) -> None:
        if error.code() in _AWAY and not self._is_away:
            self._is_away = True
            self._tell(self._on_away, True)
        log.debug("Kafka: %s", error)

    def _look_whether_back(self, consumer: Consumer) -> None:
        with suppress(KafkaException):
            consumer.list_topics(timeout=_BACK_SECONDS)
            self._is_away = False
            self._tell(self._on_away, False)

    def _tell(self, callback: Callable[..., None], *arguments: Any) -> None:
        with suppress(RuntimeError):  # the loop has ended, and nobody listens
            self._loop.call_soon_threadsafe(callback, *arguments)


def _arrival(record: Record) -> Arrival | None:
    """A record of ``events`` as it came; None for one of another topic."""
    if record.topic != EVENTS or record.value is None:
        return None
    return Arrival(record.at_ms, event_ms(record.value))


def _configuration(settings: Settings, on_error: Callable[[KafkaError], None]) -> dict[str, Any]:
    """Settings of librdkafka: committed records alone, little memory, and answers as soon as there is a record."""
    return {
        **committed_reader(settings, "shopstream-dashboard"),
        "auto.offset.reset": "error",
        "socket.timeout.ms": 5_000,
        "reconnect.backoff.max.ms": 1_000,
        "fetch.wait.max.ms": 1_000,
        "queued.max.messages.kbytes": 4 * 1024,
        "fetch.max.bytes": 2 * 1024 * 1024,
        "fetch.queue.backoff.ms": 20,
        "log_level": 2,
        "error_cb": on_error,
    }


def partitions_of(offsets: Iterable[tuple[str, int]]) -> dict[Partition, int]:
    """Partitions by their text."""
    return {Partition.parse(name): offset for name, offset in offsets}
