"""Sees that Java's time zone is the one that the rest of the system counts days by, before a job is planned."""

from __future__ import annotations

from bisect import bisect_right
from datetime import UTC, datetime
from functools import cache
from typing import Any, Final

from py4j.protocol import Py4JJavaError
from pyflink.java_gateway import get_gateway

from schemas.errors import ConfigurationError
from schemas.time_zones import COMPARED_AHEAD, COMPARED_FROM, Offsets, check_offsets

REMEDY: Final = (
    "Prepare the bundled Java with ./shop; for a Java of your own, replace its lib/tzdb.dat with the file that "
    "'python -m local.java_zones FILE' writes, on every machine of the Flink cluster."
)


@cache
def check_java_zone(name: str) -> None:
    """Refuse the Java that plans jobs where it differs about the shop's time zone.

    Raises:
        ConfigurationError: It has no such zone.
        TimeZonesDiffer: It has another one.
    """
    now = datetime.now(UTC)
    check_offsets(name, java_offsets(name, now + COMPARED_AHEAD), "Flink's Java", REMEDY, now)


def java_offsets(name: str, until: datetime) -> Offsets:
    """The offsets of a zone by Java, from COMPARED_FROM on.

    Raises:
        ConfigurationError: Java has no such zone.
    """
    java: Any = get_gateway().jvm.java.time
    try:
        rules = java.ZoneId.of(name).getRules()
    except Py4JJavaError as error:
        message = f"Flink's Java has no time zone {name!r} (SHOP_TIME_ZONE). {REMEDY}"
        raise ConfigurationError(message) from error
    before = java.Instant.ofEpochSecond(int(COMPARED_FROM.timestamp()) - 1)
    changes, offsets = [], [rules.getOffset(before).getTotalSeconds()]
    change = rules.nextTransition(before)
    while change is not None and change.toEpochSecond() <= until.timestamp():
        changes.append(change.toEpochSecond())
        offsets.append(change.getOffsetAfter().getTotalSeconds())
        change = rules.nextTransition(change.getInstant())
    return lambda instants: [offsets[bisect_right(changes, instant)] for instant in instants]
