"""Real data sets as events: a registry of importers, and the one loop that publishes what they yield."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from producers.importers.importer import ImportedEvent, Importer
from producers.importers.online_retail import OnlineRetail
from producers.publisher import Publisher
from schemas.errors import ConfigurationError

IMPORTERS: Final[Mapping[str, Callable[[Path | None], Importer]]] = {
    "online-retail": OnlineRetail,
}
"""Name of a data set -> what opens it; None opens the bundled copy."""

_PROGRESS_STEPS: Final = 1000


@dataclass(frozen=True, slots=True)
class ImportSummary:
    """What an import sent, by event type, and how long it took until Kafka had acknowledged all of it."""

    events_by_type: Mapping[str, int]
    seconds: float

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

    Args:
        importer: The data set.
        publisher: Where the events go.
        progress: Told now and then, and at the end, how many events have been sent.
        rate: Events per second at the most; None for as fast as possible.
        clock: Monotonic seconds.
        sleep: Waits so many seconds.

    Raises:
        InvalidEvent: The data set yields an event that breaks the contract.
        DeliveryError: Kafka did not take an event.
        DependencyUnavailable: Kafka did not acknowledge the last events in time.
    """
    started = clock()
    events = importer.events() if rate is None else paced(importer.events(), rate, clock, sleep)
    step = max(1, importer.total // _PROGRESS_STEPS)
    counts: Counter[str] = Counter()
    for number, (event, received_at_ms) in enumerate(events, start=1):
        publisher.publish(event, received_at_ms)
        counts[event["event_type"]] += 1
        if number % step == 0:
            progress(number)
    publisher.flush()
    progress(counts.total())
    return ImportSummary(dict(sorted(counts.items())), clock() - started)


def paced(
    events: Iterable[ImportedEvent], rate: float, clock: Callable[[], float], sleep: Callable[[float], None]
) -> Iterator[ImportedEvent]:
    """The same events, no sooner than ``rate`` per second allows, counted from the first."""
    started = clock()
    for number, event in enumerate(events):
        early_seconds = started + number / rate - clock()
        if early_seconds > 0:
            sleep(early_seconds)
        yield event
