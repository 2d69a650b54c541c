"""A simulated shop with every kind of trouble, which trades while something breaks."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import Final

from local.errors import PlatformError
from local.faults.fault import Arrivals
from schemas.settings import Settings
from simulator.ledger.file import write_ledger
from simulator.ledger.ledger import Ledger
from simulator.plan import ALL, Plan
from simulator.run import paced, registered_encoders, wires
from simulator.sender import Sender, Wire
from simulator.simulation import Record, Simulation

EVENTS_A_DAY: Final = 4_000
DAYS: Final = 250
"""More than all faults together will see."""

SENT_SECONDS: Final = 600.0
POLL_SECONDS: Final = 0.1
ARRIVAL_SECONDS: Final = 2.0
"""More than a record is on its way to a Kafka that is well."""


class TroubledShop:
    """One shop that goes on from fault to fault, and its ledger of all that it ever sent.

    Args:
        settings: Where it sends.
        rate: Records per second.
        seed: Decides what happens in it.

    Attributes:
        ledger: What is true of all records so far.
        repeated: Records of accepted events that others than this shop sent again.
        log_is_cut: Whether a fault has deleted records in Kafka.
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
        self.ledger = Ledger(self._plan.time_zone, self._plan.lateness_ms, self._plan.skew_ms)
        self.repeated = 0
        self.log_is_cut = False
        self._memory: list[Wire] | None = None
        self._is_open = Event()
        self._is_open.set()

    @contextmanager
    def trading(self, arrivals: Arrivals) -> Iterator[Trade]:
        """Trade while the block runs, and until Kafka has acknowledged all of it."""
        stop = Event()
        with ThreadPoolExecutor(1, "shop") as pool:
            trade = Trade(self.ledger, pool.submit(self._trade, arrivals, stop))
            try:
                yield trade
            finally:
                stop.set()
        trade.work.result()

    @contextmanager
    def closed(self) -> Iterator[None]:
        """Send nothing while the block runs; what was sent has arrived when it begins."""
        self._is_open.clear()
        time.sleep(ARRIVAL_SECONDS)
        try:
            yield
        finally:
            self._is_open.set()

    @contextmanager
    def remembering(self) -> Iterator[list[Wire]]:
        """What is sent while the block runs, to be sent again."""
        memory: list[Wire] = []
        self._memory = memory
        try:
            yield memory
        finally:
            self._memory = None

    def send(self, again: list[Wire]) -> None:
        """Send records of which none has arrived."""
        with Sender(self._settings) as sender:
            for wire in again:
                sender.send(wire)

    def write_ledger(self, path: Path) -> None:
        """Write the ledger as ``./shop simulate --ledger`` does."""
        write_ledger(path, self.ledger, self._plan.arguments())

    def _trade(self, arrivals: Arrivals, stop: Event) -> None:
        arriving = wires(arrivals(self._until(stop)), self._encoders, self.ledger)
        with Sender(self._settings) as sender:
            for wire in paced(arriving, self._rate, time.monotonic, time.sleep):
                sender.send(wire)
                if (memory := self._memory) is not None:
                    memory.append(wire)

    def _until(self, stop: Event) -> Iterator[Record]:
        """The next records of the shop, until it is told to stop."""
        while not stop.is_set():
            if self._is_open.wait(POLL_SECONDS):
                yield next(self._records)


class Trade:
    """What the shop sends during one fault.

    Args:
        ledger: Grows with it.
        work: Ends when it ends.
    """

    def __init__(self, ledger: Ledger, work: Future[None]) -> None:
        self._ledger = ledger
        self._before = ledger.produced
        self.work = work

    @property
    def records(self) -> int:
        """Records sent so far."""
        return self._ledger.produced - self._before

    def wait_for(self, records: int) -> None:
        """Wait until so many records were sent.

        Raises:
            ShopError: The shop could not send them.
            PlatformError: They were not sent in time.
        """
        deadline = time.monotonic() + SENT_SECONDS
        while self.records < records:
            if self.work.done():
                self.work.result()
            if time.monotonic() > deadline:
                message = f"The shop has sent {self.records:,} of {records:,} records after {SENT_SECONDS:.0f} s."
                raise PlatformError(message)
            time.sleep(POLL_SECONDS)
