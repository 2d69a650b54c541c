"""ClickHouse's database of time zones is Python's, the package ``tzdata``: for every zone, from 2000 to 2030."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from importlib.resources import files

import pytest
from clickhouse_connect.driver.client import Client
from pydantic import SecretStr

from connections.clickhouse import connected
from connections.errors import StatementRefused
from operations import clickhouse_zone
from operations.clickhouse_zone import check_clickhouse_zone, clickhouse_offsets
from schemas import time_zones
from schemas.errors import TimeZonesDiffer
from schemas.settings import Settings
from schemas.time_zones import VERSION, compared_instants, first_difference, offsets_of
from tests.contract.clickhouse.conftest import Gateway, Server

END = datetime(2031, 1, 1, tzinfo=UTC)
NOW = datetime(2026, 11, 27, tzinfo=UTC)
NAMES = sorted((files("tzdata") / "zones").read_text().split())

KNOWN = {
    ("2026c", "2026f"): {
        "America/Havana": "2026-11-01T05:00:00",
        "America/Inuvik": "2026-11-01T08:00:00",
        "America/Rainy_River": "2026-11-01T07:00:00",
        "America/Winnipeg": "2026-11-01T07:00:00",
        "Canada/Central": "2026-11-01T07:00:00",
        "Cuba": "2026-11-01T05:00:00",
    }
}
"""What has changed from ClickHouse's release of the IANA database to the package's: zone -> the first difference, UTC.

A shop in one of these zones is refused. Two releases that are not named here must not differ at all.
"""

RELEASE = "SELECT value FROM system.build_options WHERE name = 'TZDATA_VERSION'"


@pytest.fixture(scope="module")
def server(
    server: Server, start_at: Callable[..., Gateway], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """One with room for every zone: of each that it was asked for ClickHouse keeps a table of 5 MB."""
    if not server.embedded:
        yield server
        return
    gateway = start_at(tmp_path_factory.mktemp("zones") / "data", "--memory-mib", "6144")
    yield Server(gateway.url, "default", "", embedded=True)
    assert gateway.terminate() == 0


@pytest.fixture
def settings(server: Server) -> Settings:
    return Settings(
        clickhouse_url=server.url, clickhouse_user=server.user, clickhouse_password=SecretStr(server.password)
    )


@pytest.fixture
def client(settings: Settings) -> Iterator[Client]:
    with connected(settings, "system") as opened:
        yield opened


def test_every_zone_has_the_offsets_that_python_has_but_for_those_that_a_newer_release_changed(client: Client) -> None:
    different = {}
    for name in NAMES:
        ours = offsets_of(name)
        difference = first_difference(ours, clickhouse_offsets(client, name), compared_instants(ours, END))
        if difference is not None:
            different[name] = datetime.fromtimestamp(difference.at, UTC).replace(tzinfo=None).isoformat()
    assert different == KNOWN.get((str(client.query(RELEASE).first_row[0]), VERSION), {})


def test_a_clickhouse_with_other_zones_is_refused(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """As if the package knew Vancouver as an older ClickHouse knows it."""
    check_clickhouse_zone(client, "America/Vancouver", NOW)
    monkeypatch.setattr(time_zones, "offsets_of", lambda _: offsets_of("America/Los_Angeles"))
    with pytest.raises(TimeZonesDiffer) as refused:
        check_clickhouse_zone(client, "America/Vancouver", NOW)
    assert str(refused.value).startswith("ClickHouse has another time zone America/Vancouver than the package tzdata (")
    assert "at 2026-11-01T09:00:00Z it is at UTC-07:00, and by the package at UTC-08:00." in str(refused.value)
    assert str(refused.value).endswith(clickhouse_zone.REMEDY)


def test_a_zone_that_clickhouse_does_not_have_is_refused_by_it(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time_zones, "offsets_of", lambda _: offsets_of("UTC"))
    with pytest.raises(StatementRefused, match="Mars/Base"), connected(settings, "system") as other:
        check_clickhouse_zone(other, "Mars/Base", NOW)
