"""The load: a simulated shop with every kind of trouble, which sends records while something breaks."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import Final

from coordination.waiting import wait_until
from local.errors import PlatformError
from schemas.settings import Settings
from simulator.ledger.file import write_ledger
from simulator.ledger.ledger import Ledger, ledger_of
from simulator.plan import ALL, Plan
from simulator.run import kafka_records, paced, registered_encoders
from simulator.sender import KafkaRecord, Sender
from simulator.simulation import Record, Simulation

EVENTS_A_DAY: Final = 4_000
DAYS: Final = 250
"""More than all faults together need."""

SENT_SECONDS: Final = 600.0
POLL_SECONDS: Final = 0.1
ARRIVAL_SECONDS: Final = 2.0
"""A record reaches a healthy Kafka sooner."""

RecordTransform = Callable[[Iterator[Record]], Iterator[Record]]
"""Turns the shop's records into those that are sent."""


class LoadGenerator:
    """One shop that goes on from fault to fault, and the ledger of all that it ever sent.

    Args:
        settings: Where it sends.
        rate: Records per second.
        seed: Of the simulation.

    Attributes:
        ledger: What is true of all records so far.
        republished: Records of accepted events that were sent again by others than this shop.
        is_log_truncated: Whether a fault has deleted records in Kafka.
    """

    def __init__(self, settings: Settings, rate: float, seed: int) -> None:
        self._settings = settings
        self._rate = rate
        self._plan = Plan(
            EVENTS_A_DAY * DAYS,
            seed,
            ALL,
            days=DAYS,
            time_zone=settings.time_zone,
            lateness_ms=settings.allowed_lateness_seconds * 1000,
            skew_ms=settings.clock_skew_seconds * 1000,
        )
        self._records = Simulation(self._plan).records()
        self._encoders = registered_encoders(settings)
        self.ledger = ledger_of(settings, self._plan)
        self.republished = 0
        self.is_log_truncated = False
        self._recorded: list[KafkaRecord] | None = None
        self._is_sending = Event()
        self._is_sending.set()

    @contextmanager
    def running(self, transform: RecordTransform) -> Iterator[Load]:
        """Send while the block runs, and until Kafka has acknowledged all of it."""
        stop = Event()
        with ThreadPoolExecutor(1, "load") as pool:
            load = Load(self.ledger, pool.submit(self._send_until, stop, transform))
            try:
                yield load
            finally:
                stop.set()
        load.work.result()

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Send nothing while the block runs; what was sent before has reached Kafka when it begins."""
        self._is_sending.clear()
        time.sleep(ARRIVAL_SECONDS)
        try:
            yield
        finally:
            self._is_sending.set()

    @contextmanager
    def recording(self) -> Iterator[list[KafkaRecord]]:
        """Keep what is sent while the block runs, to be sent again."""
        recorded: list[KafkaRecord] = []
        self._recorded = recorded
        try:
            yield recorded
        finally:
            self._recorded = None

    def send_again(self, records: list[KafkaRecord]) -> None:
        """Send records that no job has read."""
        with Sender(self._settings) as sender:
            for record in records:
                sender.send(record)

    def write_ledger(self, path: Path) -> None:
        """Write the ledger as ``./shop simulate --ledger`` does."""
        write_ledger(path, self.ledger, self._plan.arguments())

    def _send_until(self, stop: Event, transform: RecordTransform) -> None:
        records = kafka_records(transform(self._next_records(stop)), self._encoders, self.ledger)
        with Sender(self._settings) as sender:
            for record in paced(records, self._rate, time.monotonic, time.sleep):
                sender.send(record)
                if (recorded := self._recorded) is not None:
                    recorded.append(record)

    def _next_records(self, stop: Event) -> Iterator[Record]:
        """The next records of the shop, until ``stop`` is set."""
        while not stop.is_set():
            if self._is_sending.wait(POLL_SECONDS):
                yield next(self._records)


class Load:
    """What the shop sends during one fault.

    Args:
        ledger: Grows with it.
        work: Ends when it ends.
    """

    def __init__(self, ledger: Ledger, work: Future[None]) -> None:
        self._ledger = ledger
        self._records_before = ledger.produced
        self.work = work

    @property
    def records(self) -> int:
        """Records sent so far."""
        return self._ledger.produced - self._records_before

    def wait_for(self, records: int) -> None:
        """Wait until so many records were sent.

        Raises:
            ShopError: The shop could not send them.
            PlatformError: They were not sent in time.
        """
        wait_until(
            lambda: self._has_sent(records),
            SENT_SECONDS,
            lambda: PlatformError(
                f"The shop has sent {self.records:,} of {records:,} records after {SENT_SECONDS:.0f} s."
            ),
            poll_seconds=POLL_SECONDS,
        )

    def _has_sent(self, records: int) -> bool:
        if self.records >= records:
            return True
        if self.work.done():
            self.work.result()
        return False
