"""How long after an event the lists of its user were written: counts by minute and bucket, in one hash of Redis.

The job personalise counts and the dashboard reads. A field is ``minute:bucket``: the minute since 1970 in which lists
were written, and the bucket that holds the seconds since the newest event that made them be written. Bounds of buckets
grow by GROWTH, so that a percentile is at most that much too large. Lists of events older than MOST_SECONDS are
counted beside them: who reads history again says nothing of how fast the stream is.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

MINUTES: Final = 10
"""How far back the summary looks."""

GROWTH: Final = 1.05
FIRST_SECONDS: Final = 0.001
"""The bound of the first bucket."""

MOST_SECONDS: Final = 3600.0
OLDER: Final = "older"


@dataclass(frozen=True, slots=True)
class ListFreshness:
    """The lists of the last MINUTES.

    Attributes:
        lists: How many were written, but for those of older events.
        older: How many were written for events older than MOST_SECONDS.
        p50_seconds: Half of the lists were written within so many seconds of their event; None without a list.
        p99_seconds: The same of 99 in 100.
    """

    lists: int
    older: int
    p50_seconds: float | None
    p99_seconds: float | None


def field_of(minute: int, seconds: float) -> str:
    """The field that counts a list which was written in a minute, so many seconds after its event."""
    if seconds > MOST_SECONDS:
        return f"{minute}:{OLDER}"
    steps = math.log(max(seconds, FIRST_SECONDS) / FIRST_SECONDS, GROWTH)
    return f"{minute}:{math.ceil(round(steps, 6))}"


def minute_of(field: str) -> int:
    """The minute that a field counts."""
    return int(field.partition(":")[0])


def freshness_of(counts: Mapping[str, int], minute: int) -> ListFreshness:
    """The summary of the MINUTES that end with this one."""
    buckets: Counter[int] = Counter()
    older = 0
    for field, count in counts.items():
        bucket = field.partition(":")[2]
        if not minute - MINUTES < minute_of(field) <= minute:
            continue
        if bucket == OLDER:
            older += count
        else:
            buckets[int(bucket)] += count
    return ListFreshness(buckets.total(), older, _percentile(buckets, 0.5), _percentile(buckets, 0.99))


def _percentile(buckets: Counter[int], share: float) -> float | None:
    """The bound of the bucket that holds this share of all; None where there is none."""
    left = math.ceil(share * buckets.total())
    for bucket in sorted(buckets):
        left -= buckets[bucket]
        if left <= 0:
            return FIRST_SECONDS * GROWTH**bucket
    return None
