"""Sees that ClickHouse's time zone is the one that the rest of the system counts days by, before tables are made."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from clickhouse_connect.driver.client import Client

from schemas.time_zones import Offsets, check_offsets

REMEDY: Final = "Take a ClickHouse and a package tzdata whose zones agree: the older of the two needs an update."
_OFFSETS: Final = "SELECT arrayMap(at -> timezoneOffset(toDateTime(at, %(zone)s)), %(instants)s)"


def check_clickhouse_zone(client: Client, name: str, now: datetime) -> None:
    """Refuse a ClickHouse that differs about the shop's time zone.

    Raises:
        StatementRefused: It has no such zone.
        TimeZonesDiffer: It has another one.
    """
    check_offsets(name, clickhouse_offsets(client, name), "ClickHouse", REMEDY, now)


def clickhouse_offsets(client: Client, name: str) -> Offsets:
    """The offsets of a zone by ClickHouse, which knows instants from 1970 to 2106."""

    def offsets(instants: Sequence[int]) -> Sequence[int]:
        [[answer]] = client.query(_OFFSETS, {"zone": name, "instants": list(instants)}).result_rows
        return [int(offset) for offset in answer]

    return offsets
