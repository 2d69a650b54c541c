"""Publishes events of the past again: from the lake, and from Kafka what the lake does not have yet.

A replayed event is the event that was accepted, under its key: its id, its time and every field are the same. Headers
mark it (``shop-replayed``: when the replay began) and say when the shop received it (``shop-received-at``), so that
ingest judges its age as it did the first time. Published to the domain topics it counts once, because ingest remembers
event ids: for ``Settings.deduplication_seconds`` after it accepted one. A replay that goes back beyond that is refused
there, as it would count events again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from lake.columns import TIMESTAMP, to_events
from lake.reader import TimeRange
from operations.history.events import History
from producers.publisher import Publisher
from schemas.errors import ConfigurationError
from schemas.event_types import EVENT_TYPES
from schemas.settings import Settings
from schemas.topics import DOMAIN_TOPICS, EVENTS, HEADER_RECEIVED_AT, HEADER_REPLAYED

SAY_EVERY: Final = 1_000
MEMORY_MARGIN_MS: Final = 60 * 60 * 1000
"""Ingest may forget an event id this long before its time: checkpoints, and the clocks of two machines."""


@dataclass(frozen=True, slots=True)
class Replay:
    """What is published again.

    Attributes:
        times: Which events, by the time they happened.
        topic: Only those of this domain topic; ``events`` for all.
        to_topic: Where they go; "" for the domain topic of each.
    """

    times: TimeRange
    topic: str = EVENTS
    to_topic: str = ""

    def check(self) -> None:
        """Check the names.

        Raises:
            ConfigurationError: A topic is not one of those that can be replayed, or replayed to.
        """
        if self.topic not in (EVENTS, *DOMAIN_TOPICS):
            message = f"{self.topic!r} cannot be replayed. These can: {', '.join((EVENTS, *DOMAIN_TOPICS))}."
            raise ConfigurationError(message)
        if self.to_topic == EVENTS:
            message = (
                f"{EVENTS} holds what ingest accepted, each event once, and only ingest writes it. "
                "Leave --to-topic out, or give a topic of your own."
            )
            raise ConfigurationError(message)

    @property
    def is_counted(self) -> bool:
        """Whether ingest sees it."""
        return not self.to_topic or self.to_topic in DOMAIN_TOPICS


def check_memory(settings: Settings, history: History, replay: Replay, now_ms: int) -> None:
    """Check that ingest still remembers every event of a replay that it will see.

    Raises:
        ConfigurationError: It has forgotten some, and would count them again.
    """
    forgotten_ms = now_ms - settings.deduplication_seconds * 1000 + MEMORY_MARGIN_MS
    for day, table in history.days(replay.times) if replay.is_counted else ():
        accepted_ms = pc.min(chosen(table, replay).column(TIMESTAMP).cast(pa.int64())).as_py()
        if accepted_ms is not None and accepted_ms < forgotten_ms:
            message = (
                f"Ingest no longer remembers the events of {day} (SHOP_DEDUPLICATION_SECONDS is "
                f"{settings.deduplication_seconds}) and would count them again. Replay them --to-topic one of your "
                "own; './shop backfill' and './shop rebuild' bring results and stores back without a replay."
            )
            raise ConfigurationError(message)


def chosen(table: pa.Table, replay: Replay) -> pa.Table:
    """The events of a table that are of the replay's topic."""
    if replay.topic == EVENTS:
        return table
    types = [kind.name for kind in EVENT_TYPES.values() if kind.topic == replay.topic]
    return table.filter(pc.is_in(table.column("event_type"), pa.array(types)))


def received_at_ms(event_time_ms: int, accepted_at_ms: int, settings: Settings) -> int:
    """When the shop received an event, as ingest may judge it again: what is kept is when it was accepted.

    That is later than it was received, so it is brought within the bounds that ingest accepted it in.
    """
    earliest = event_time_ms - settings.clock_skew_seconds * 1000
    latest = event_time_ms + settings.allowed_lateness_seconds * 1000
    return min(max(accepted_at_ms, earliest), latest)


class Pace:
    """Lets events pass as far apart as they happened, or so many times as fast.

    Args:
        speed: How many times; None for no waiting.
        clock: Seconds that only grow.
        sleep: Waits so many seconds.
    """

    def __init__(
        self,
        speed: float | None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._speed = speed
        self._clock = clock
        self._sleep = sleep
        self._began: tuple[float, int] | None = None

    def wait(self, event_time_ms: int) -> None:
        """Wait until an event is due; the first is at once."""
        if self._speed is None:
            return
        if self._began is None:
            self._began = self._clock(), event_time_ms
        at, first_ms = self._began
        due = at + (event_time_ms - first_ms) / 1000 / self._speed
        if (left := due - self._clock()) > 0:
            self._sleep(left)


def replay_events(
    settings: Settings, publisher: Publisher, history: History, replay: Replay, began_at_ms: int, pace: Pace
) -> Iterator[int]:
    """Publish the events of a replay in the order of their times, and say now and then how many are sent.

    Args:
        settings: How late and how early an event may be.
        publisher: Sends them; its caller flushes it.
        history: All events there are.
        replay: Which of them go where.
        began_at_ms: When the replay began, epoch milliseconds: the mark of its records.
        pace: Lets them pass.

    Raises:
        DeliveryError: Kafka did not take an event.
    """
    sent = 0
    for _, table in history.days(replay.times):
        events = chosen(table, replay)
        accepted = events.column(TIMESTAMP).cast(pa.int64()).to_pylist()
        for event, accepted_at_ms in zip(to_events(events), accepted, strict=True):
            pace.wait(event["event_time"])
            received = received_at_ms(event["event_time"], accepted_at_ms, settings)
            headers: dict[str, str | bytes | None] = {
                HEADER_RECEIVED_AT: str(received),
                HEADER_REPLAYED: str(began_at_ms),
            }
            publisher.publish_again(replay.to_topic, event, headers)
            sent += 1
            if sent % SAY_EVERY == 0:
                yield sent
    yield sent
