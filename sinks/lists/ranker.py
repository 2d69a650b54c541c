"""The loop: read, take in, rank, write; and wait where a server is away."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Mapping, Set
from threading import Event
from typing import Any, Final, Protocol

from connections.errors import DependencyUnavailable
from schemas.results import PRODUCT_DEMAND, PRODUCTS
from sinks.core.framing import FramedDecoder
from sinks.core.reader import Record
from sinks.lists.ranking import ListKey, RankedList, Ranking

logger = logging.getLogger(__name__)

READ_AT_ONCE: Final = 10_000
READ_SECONDS: Final = 0.5
WAIT_SECONDS: Final = 1.0
PAUSE_SECONDS: Final = 1.0
"""Between two rankings, so that a person sees a change within a second or two."""

PAUSES: Final = 5
"""A pause is at least so many times as long as the ranking before it took: ranking takes a sixth of a core at most."""

ROWS_AT_ONCE: Final = 200_000
"""Rows of demand that are gathered before they are put into the arrays."""

Fields = Mapping[str, Any]


class Source(Protocol):
    """Where records come from. See ``sinks.core.reader.TopicReader``."""

    def seek(self, positions: dict[str, int]) -> dict[str, int]:
        """Read from these offsets on; returns the real ones."""
        ...

    def read(self, most: int, seconds: float) -> list[Record]:
        """The next records."""
        ...

    @property
    def has_read_all_once(self) -> bool:
        """Whether it was at the end of every partition since ``seek``."""
        ...

    def commit(self, topic: str, partition: str, offset: int) -> None:
        """Commit how far it is."""
        ...


class Target(Protocol):
    """Where lists go. See ``topic.ListsTopic``."""

    def read(self) -> Set[ListKey]:
        """The lists that there are."""
        ...

    def write(self, lists: Iterable[RankedList]) -> int:
        """Write those that differ."""
        ...


class Ranker:
    """Makes lists of the topics of demand and of products until ``stopping`` is set.

    Args:
        source: Kafka.
        target: The topic of lists.
        decoder: Knows the schemas of keys and values; times are epoch milliseconds.
        stopping: Set from outside to end ``run``.
        topics: Topic as it is called here -> as ``schemas.results`` calls it.
        clock: Seconds that only grow.
    """

    def __init__(
        self,
        source: Source,
        target: Target,
        decoder: FramedDecoder,
        stopping: Event,
        topics: Mapping[str, str] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._source = source
        self._target = target
        self._decoder = decoder
        self._stopping = stopping
        self._topics = topics or {each: each for each in (PRODUCT_DEMAND.topic, PRODUCTS.topic)}
        self._clock = clock
        self._ranking = Ranking()
        self._rows: dict[tuple[int, int], tuple[int, int]] = {}
        self._positions: dict[str, tuple[str, int]] = {}
        self._due = clock()
        self._is_ranked = False

    def run(self) -> None:
        """Make lists until ``stopping`` is set; a server that is away is waited for, and all is read again."""
        while not self._stopping.is_set():
            try:
                self.start()
                while not self._stopping.is_set():
                    self.step()
            except DependencyUnavailable as error:
                logger.warning("Waits, and then reads everything again: %s", error)
                self._stopping.wait(WAIT_SECONDS)

    def start(self) -> None:
        """Begin anew with what the topics hold.

        Raises:
            DependencyUnavailable: A server does not answer.
        """
        self._ranking = Ranking(self._target.read())
        self._rows, self._positions, self._is_ranked = {}, {}, False
        starts = self._source.seek({})
        logger.info("Reads from %s", ", ".join(f"{partition}@{offset}" for partition, offset in starts.items()))

    def step(self) -> None:
        """Read once, and rank where that is due.

        Raises:
            DependencyUnavailable: A server does not answer.
        """
        for record in self._source.read(READ_AT_ONCE, READ_SECONDS):
            self._take_in(record)
        if self._source.has_read_all_once and self._positions and self._clock() >= self._due:
            self.rank()

    def rank(self) -> None:
        """Rank what was taken in, write what changed, and commit how far that is.

        Raises:
            DependencyUnavailable: A server does not answer.
        """
        began = self._clock()
        self._put()
        written = self._target.write(self._ranking.changed_lists())
        for partition, (topic, behind) in self._positions.items():
            self._source.commit(topic, partition, behind)
        self._positions.clear()
        ended = self._clock()
        self._due = ended + max(PAUSE_SECONDS, PAUSES * (ended - began))
        if not self._is_ranked:
            self._is_ranked = True
            products, rows = len(self._ranking.catalogue), len(self._ranking.demand)
            logger.info("Ranked %d products by %d rows of demand: %d lists were new", products, rows, written)

    def _take_in(self, record: Record) -> None:
        row = None if record.value is None else self._decoder.decode(record.value)
        take = self._demand if self._topics[record.topic] == PRODUCT_DEMAND.topic else self._product
        take(self._decoder.decode(record.key) if row is None else row, row is None)
        self._positions[record.partition] = record.topic, record.offset + 1

    def _demand(self, row: Fields, is_deleted: bool) -> None:
        product_id, hour = row["product_id"], row["hour"]
        if not is_deleted:
            self._ranking.demand.advance(hour)
        if product_id:
            number = self._ranking.catalogue.number_of(product_id)
            self._rows[number, hour] = (0, 0) if is_deleted else (row["interest"], row["orders"])
            if len(self._rows) >= ROWS_AT_ONCE:
                self._put()
                self._ranking.demand.expire()

    def _product(self, row: Fields, is_deleted: bool) -> None:
        catalogue = self._ranking.catalogue
        if is_deleted:
            catalogue.put(row["product_id"], False, "", 0)
        else:
            catalogue.put(row["product_id"], row["available"], row["category"] or "", row["first_seen"] // 1000)

    def _put(self) -> None:
        self._ranking.demand.put(self._rows)
        self._rows = {}
