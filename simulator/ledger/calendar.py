"""Days in the shop's time zone, minutes in UTC."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Final

from schemas.time_zones import zone_of

MINUTE_MS: Final = 60_000
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Calendar:
    """The day of the shop at an instant.

    Args:
        time_zone: The shop's, by its IANA name.
    """

    def __init__(self, time_zone: str) -> None:
        self._zone = zone_of(time_zone)
        self._days: dict[int, date] = {}

    def day_of(self, minute: int) -> date:
        """The day of the shop in a minute, given in minutes since 1970; no zone changes its clocks within one."""
        day = self._days.get(minute)
        if day is None:
            local = (_EPOCH + timedelta(minutes=minute)).astimezone(self._zone)
            day = self._days[minute] = local.date()
        return day


def instant(time_ms: int) -> str:
    """Epoch milliseconds as ISO 8601, UTC."""
    moment = _EPOCH + timedelta(milliseconds=time_ms)
    return moment.replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"
