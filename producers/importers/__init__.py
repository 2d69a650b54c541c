"""Real data sets as events: a registry of importers, and the one loop that publishes what they yield."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

from producers.importers.importer import Importer, RejectedRow
from producers.importers.online_retail import OnlineRetail
from producers.importers.rees46 import Rees46
from producers.importers.retailrocket import RetailRocket
from producers.publisher import Publisher
from schemas.errors import ConfigurationError
from schemas.event_types import PRODUCT_EVENTS

IMPORTERS: Final[Mapping[str, Callable[[Path | None], Importer]]] = {
    "online-retail": OnlineRetail,
    "rees46": Rees46,
    "retailrocket": RetailRocket,
}
"""Name of a data set -> what opens it; None opens the bundled copy, where there is one."""

SHOWN_REJECTIONS: Final = 5
"""Rejected rows that a summary names; the others are counted, and all are in Kafka."""

_PROGRESS_STEPS: Final = 1000
_UNKNOWN_TOTAL_STEP: Final = 1000

_Entry = TypeVar("_Entry")


@dataclass(frozen=True, slots=True)
class ImportSummary:
    """What an import sent, and how long it took until Kafka had acknowledged all of it.

    Attributes:
        events_by_type: How many events, by type.
        seconds: How long it took.
        rejected: How many rows of the file are no events; they were sent as they are.
        first_rejected: The first SHOWN_REJECTIONS of them.
    """

    events_by_type: Mapping[str, int]
    seconds: float
    rejected: int = 0
    first_rejected: tuple[RejectedRow, ...] = ()

    @property
    def events(self) -> int:
        """How many events in all."""
        return sum(self.events_by_type.values())


def open_importer(name: str, path: Path | None = None) -> Importer:
    """The importer of a data set.

    Args:
        name: One of IMPORTERS.
        path: The file, or None for the bundled one.

    Raises:
        ConfigurationError: Nobody knows that name, or the file is not that data set.
    """
    opener = IMPORTERS.get(name)
    if opener is None:
        message = f"There is no data set {name!r}. Known are: {', '.join(sorted(IMPORTERS))}."
        raise ConfigurationError(message)
    return opener(path)


def import_events(
    importer: Importer,
    publisher: Publisher,
    progress: Callable[[int], None],
    rate: float | None = None,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> ImportSummary:
    """Publish all events of a data set and wait until Kafka has them.

    A row that is no event is published as it stands: ingest keeps it in ``failed-events``, its key says what it is.

    Args:
        importer: The data set.
        publisher: Where the events go.
        progress: Told now and then, and at the end, how many events have been sent.
        rate: Events per second at the most; None for as fast as possible.
        clock: Monotonic seconds.
        sleep: Waits so many seconds.

    Raises:
        ConfigurationError: The file cannot be read to its end.
        InvalidEvent: The data set yields an event that breaks the contract.
        DeliveryError: Kafka did not take an event.
        DependencyUnavailable: Kafka did not acknowledge the last events in time.
    """
    started = clock()
    entries = importer.events() if rate is None else paced(importer.events(), rate, clock, sleep)
    step = _UNKNOWN_TOTAL_STEP if importer.total is None else max(1, importer.total // _PROGRESS_STEPS)
    counts: Counter[str] = Counter()
    first_rejected: list[RejectedRow] = []
    rejected = 0
    for number, entry in enumerate(entries, start=1):
        if isinstance(entry, RejectedRow):
            publisher.publish_raw(PRODUCT_EVENTS, str(entry), entry.raw)
            rejected += 1
            if rejected <= SHOWN_REJECTIONS:
                first_rejected.append(entry)
        else:
            publisher.publish(entry.event, entry.received_at_ms)
            counts[entry.event["event_type"]] += 1
        if number % step == 0:
            progress(number - rejected)
    publisher.flush()
    progress(counts.total())
    return ImportSummary(dict(sorted(counts.items())), clock() - started, rejected, tuple(first_rejected))


def paced(
    entries: Iterable[_Entry], rate: float, clock: Callable[[], float], sleep: Callable[[float], None]
) -> Iterator[_Entry]:
    """The same entries, no sooner than ``rate`` per second allows, counted from the first."""
    started = clock()
    for number, entry in enumerate(entries):
        early_seconds = started + number / rate - clock()
        if early_seconds > 0:
            sleep(early_seconds)
        yield entry
