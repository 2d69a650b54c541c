"""What to simulate."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from random import Random
from typing import Any, Final
from zoneinfo import ZoneInfo

from schemas.errors import ConfigurationError
from schemas.time_zones import zone_of

DEFAULT_START: Final = date(2026, 1, 5)
DEFAULT_DAYS: Final = 10


class Trouble(StrEnum):
    """The kinds of trouble in real traffic, by their names on the command line."""

    DUPLICATES = "duplicates"  # the same record again, seconds to days later
    DISORDER = "disorder"  # received up to ten minutes late
    LATENESS = "lateness"  # received minutes to days late: below the limit, exactly at it, and beyond it
    SKEW = "skew"  # from a clock that is ahead: by less than the limit, exactly by it, and by more
    OLD_VERSIONS = "old-versions"  # written with an older version of the schema
    FOREIGN_NAMES = "foreign-names"  # event types as other systems name them
    POISON = "poison"  # invalid records
    NULLS = "nulls"  # records without a value
    BURSTS = "bursts"  # minutes with very many visits
    BOTS = "bots"  # one visitor with thousands of views


ALL: Final = frozenset(Trouble)


def seeded_rng(*seed: object) -> Random:
    """A random generator that gives the same numbers for the same seed, on any machine."""
    return Random(" ".join(map(str, seed)))  # noqa: S311 - not for secrets


def troubles(names: str) -> frozenset[Trouble]:
    """The kinds of a list like ``lateness,poison``, or of ``all`` or ``none``.

    Raises:
        ConfigurationError: There is no such kind.
    """
    if names == "none":
        return frozenset()
    if names == "all":
        return ALL
    kinds = [name.strip() for name in names.split(",") if name.strip()]
    if unknown := sorted(set(kinds) - set(Trouble)):
        message = f"There is no trouble {', '.join(unknown)}. There are: {', '.join(Trouble)}; or all, or none."
        raise ConfigurationError(message)
    return frozenset(map(Trouble, kinds))


@dataclass(frozen=True, slots=True)
class Plan:
    """A simulation; the same plan gives the same records.

    Attributes:
        events: How many events the shop makes; duplicates and invalid records come on top.
        seed: Of everything that is random.
        trouble: Which kinds of trouble there are.
        start: The first day, in the shop's time zone.
        days: How many days the events are spread over.
        time_zone: The shop's.
        lateness_ms: How late an event may be received, as ingest is set.
        skew_ms: How far a clock may be ahead, as ingest is set.
        is_live: Whether events get the time at which they are sent.
        run: Distinguishes live runs; empty for other plans.
    """

    events: int
    seed: int = 1
    trouble: frozenset[Trouble] = frozenset()
    start: date = DEFAULT_START
    days: int = DEFAULT_DAYS
    time_zone: str = "UTC"
    lateness_ms: int = 7 * 86_400_000
    skew_ms: int = 600_000
    is_live: bool = False
    run: str = ""

    @property
    def zone(self) -> ZoneInfo:
        """The shop's time zone."""
        return zone_of(self.time_zone)

    @property
    def start_ms(self) -> int:
        """Midnight of the first day, epoch milliseconds."""
        return self._midnight(self.start)

    @property
    def end_ms(self) -> int:
        """Midnight after the last day, epoch milliseconds."""
        return self._midnight(self.start + timedelta(days=self.days))

    @property
    def mark(self) -> str:
        """Six characters in the ids of this plan's events, different for each plan."""
        return hashlib.sha256(repr(sorted(self.arguments().items())).encode()).hexdigest()[:6]

    def arguments(self) -> dict[str, Any]:
        """The plan in plain values, for the ledger."""
        return {**asdict(self), "trouble": sorted(self.trouble), "start": self.start.isoformat()}

    def _midnight(self, day: date) -> int:
        moment = datetime(day.year, day.month, day.day, tzinfo=self.zone)
        return round(moment.timestamp()) * 1000
