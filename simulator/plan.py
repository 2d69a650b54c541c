"""What is to be simulated."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from random import Random
from typing import Any, Final
from zoneinfo import ZoneInfo

from schemas.errors import ConfigurationError

DEFAULT_START: Final = date(2026, 1, 5)
DEFAULT_DAYS: Final = 10


class Trouble(StrEnum):
    """What real traffic brings; each kind can be asked for by its name."""

    DUPLICATES = "duplicates"  # the same record again, seconds to days later
    DISORDER = "disorder"  # received up to ten minutes late
    LATENESS = "lateness"  # minutes to days late: up to the limit, exactly at it, and beyond it
    SKEW = "skew"  # a clock that is ahead: up to the limit, exactly at it, and beyond it
    OLD_VERSIONS = "old-versions"  # written with an older version of the schema
    FOREIGN_NAMES = "foreign-names"  # event types as other systems name them
    POISON = "poison"  # records that no job may count
    NULLS = "nulls"  # records without a value
    BURSTS = "bursts"  # minutes in which everybody comes
    BOTS = "bots"  # one visitor with thousands of views


ALL: Final = frozenset(Trouble)


def dice(*seed: object) -> Random:
    """A source of chance that is the same for the same seed, on any machine."""
    return Random(" ".join(map(str, seed)))  # noqa: S311 - nothing is kept secret by it


def troubles(names: str) -> frozenset[Trouble]:
    """The kinds of a list like ``lateness,poison``; ``all`` and ``none`` are lists as well.

    Raises:
        ConfigurationError: There is no such kind.
    """
    if names == "none":
        return frozenset()
    if names == "all":
        return ALL
    given = [name.strip() for name in names.split(",") if name.strip()]
    if unknown := sorted(set(given) - set(Trouble)):
        message = f"There is no trouble {', '.join(unknown)}. There are: {', '.join(Trouble)}; or all, or none."
        raise ConfigurationError(message)
    return frozenset(map(Trouble, given))


@dataclass(frozen=True, slots=True)
class Plan:
    """A simulation; the same plan gives the same records.

    Attributes:
        events: How many events the shop makes; repetitions and junk come on top.
        seed: Decides everything that is left to chance.
        trouble: What disturbs the shop.
        start: The first day, in the shop's time zone.
        days: How many days the events are spread over.
        time_zone: The shop's.
        lateness_ms: How late an event may be received, as ingest is set.
        skew_ms: How far a clock may be ahead, as ingest is set.
        is_live: Whether the events happen while they are sent.
        run: Tells the events of live runs apart; empty when they are not live.
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
        return ZoneInfo(self.time_zone)

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
        """Six characters that tell the events of this plan from those of another."""
        return hashlib.sha256(repr(sorted(self.arguments().items())).encode()).hexdigest()[:6]

    def arguments(self) -> dict[str, Any]:
        """The plan in plain values, for the ledger."""
        return {**asdict(self), "trouble": sorted(self.trouble), "start": self.start.isoformat()}

    def _midnight(self, day: date) -> int:
        moment = datetime(day.year, day.month, day.day, tzinfo=self.zone)
        return round(moment.timestamp()) * 1000
