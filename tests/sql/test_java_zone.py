"""Java's database of time zones is Python's, the package ``tzdata``: for every zone, from 2000 to 2030."""

from __future__ import annotations

from datetime import UTC, datetime
from importlib.resources import files
from typing import Any

import pytest
from pyflink.java_gateway import get_gateway

from jobs import java_zone
from jobs.environment import batch_environment
from jobs.java_zone import check_java_zone, java_offsets
from local.java_zones import bundled_file, java_time_zones
from schemas import time_zones
from schemas.errors import ConfigurationError, TimeZonesDiffer
from schemas.settings import Settings
from schemas.time_zones import compared_instants, first_difference, offsets_of

END = datetime(2031, 1, 1, tzinfo=UTC)
NAMES = sorted((files("tzdata") / "zones").read_text().split())

pytestmark = pytest.mark.flink


def test_the_bundled_java_has_the_zones_of_the_package() -> None:
    assert bundled_file().read_bytes() == java_time_zones(), "prepare the environment by any ./shop command"


def test_every_zone_has_the_offsets_that_python_has(jvm: None) -> None:
    """Of names for one zone the first is compared; the others must have its rules in Java as well."""
    different: dict[str, object] = {}
    for first, *others in names_by_zone():
        ours = offsets_of(first)
        difference = first_difference(ours, java_offsets(first, END), compared_instants(ours, END))
        if difference is not None:
            different[first] = difference
        rules = java_rules(first)
        different |= {name: f"not as {first}" for name in others if not java_rules(name).equals(rules)}
    assert different == {}


def names_by_zone() -> list[list[str]]:
    """Names whose files in the package are the same, which Python therefore takes for one zone."""
    names: dict[bytes, list[str]] = {}
    for name in NAMES:
        names.setdefault((files("tzdata") / "zoneinfo" / name).read_bytes(), []).append(name)
    return list(names.values())


def java_rules(name: str) -> Any:
    java: Any = get_gateway().jvm.java.time
    return java.ZoneId.of(name).getRules()


def test_a_job_is_not_planned_by_a_java_with_other_zones(jvm: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """As if the package knew Berlin as it knows London."""
    monkeypatch.setattr(time_zones, "offsets_of", lambda _: offsets_of("Europe/London"))
    check_java_zone.cache_clear()
    with pytest.raises(TimeZonesDiffer) as refused:
        batch_environment(Settings(time_zone="Europe/Berlin"), "test")
    assert str(refused.value).startswith("Flink's Java has another time zone Europe/Berlin than the package tzdata (")
    assert "at 2000-01-01T00:00:00Z it is at UTC+01:00, and by the package at UTC." in str(refused.value)
    assert str(refused.value).endswith(java_zone.REMEDY)


def test_a_zone_that_java_does_not_have_is_refused(jvm: None) -> None:
    with pytest.raises(ConfigurationError, match="Flink's Java has no time zone 'Mars/Base'"):
        java_offsets("Mars/Base", END)
