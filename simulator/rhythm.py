"""How busy the shop is: its hours of the day and days of the week, on its own clock."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random
from typing import Final

from simulator.plan import Plan, Trouble

HOUR_MS: Final = 3_600_000
HOURS_OF_DAY: Final = (3, 2, 1, 1, 1, 2, 4, 8, 12, 15, 17, 18, 19, 17, 16, 16, 17, 19, 23, 27, 29, 26, 18, 9)
DAYS_OF_WEEK: Final = (1.0, 0.95, 0.95, 1.0, 1.1, 1.3, 1.4)
BURST_FACTOR: Final = 5.0
DAYS_PER_BURST: Final = 2


@dataclass(frozen=True, slots=True)
class Hour:
    """One hour of the simulated period.

    Attributes:
        start_ms: When it begins.
        events_until_end: How many events of the whole simulation have been made when it ends.
        burst_ms: Start of the minute in which most of its visitors come; None when they come as they like.
    """

    start_ms: int
    events_until_end: int
    burst_ms: int | None


def hours(plan: Plan, rng: Random) -> Iterator[Hour]:
    """The hours of the period, with the events shared out among them."""
    starts = range(plan.start_ms, plan.end_ms, HOUR_MS)
    bursts = _bursts(plan, starts, rng)
    weights = [_weight(start, plan) * (BURST_FACTOR if start in bursts else 1.0) for start in starts]
    total, passed = sum(weights), 0.0
    for start, weight in zip(starts, weights, strict=True):
        passed += weight
        is_last = start == starts[-1]
        yield Hour(start, plan.events if is_last else int(plan.events * passed / total), bursts.get(start))


def _weight(start_ms: int, plan: Plan) -> float:
    local = datetime.fromtimestamp(start_ms / 1000, UTC).astimezone(plan.zone)
    return HOURS_OF_DAY[local.hour] * DAYS_OF_WEEK[local.weekday()]


def _bursts(plan: Plan, starts: range, rng: Random) -> dict[int, int]:
    """Start of an hour -> the minute of the burst in it."""
    if Trouble.BURSTS not in plan.trouble:
        return {}
    chosen = rng.sample(starts, max(1, plan.days // DAYS_PER_BURST))
    return {start: start + rng.randrange(60) * 60_000 for start in chosen}
