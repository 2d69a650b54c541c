"""``./shop up``."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from cli.commands.platform import Migrations
from local.state import PartState, PartStatus
from operations import migrate
from schemas.errors import ConfigurationError
from schemas.settings import Settings

STARTING, READY = PartStatus(PartState.STARTING), PartStatus(PartState.READY)


def test_each_server_is_migrated_once_when_it_is_ready(monkeypatch: pytest.MonkeyPatch) -> None:
    migrated: list[str] = []
    for name in ("migrate_topics", "migrate_schemas", "migrate_tables"):
        monkeypatch.setattr(migrate, name, lambda _settings, _seconds, name=name: migrated.append(name))
    with ThreadPoolExecutor(1) as pool:
        migrations = Migrations(Settings(), pool)
        migrations.update({"kafka": STARTING, "registry": STARTING, "clickhouse": READY})
        migrations.update({"kafka": STARTING, "registry": READY, "clickhouse": READY})
        migrations.update({"kafka": READY, "registry": READY, "clickhouse": READY})
        migrations.wait()
    assert migrated == ["migrate_tables", "migrate_schemas", "migrate_topics"]


def test_a_migration_that_fails_is_an_error_of_up(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_settings: Settings, _seconds: float) -> None:
        raise ConfigurationError("0002 was changed after it had run")

    monkeypatch.setattr(migrate, "migrate_tables", refuse)
    with ThreadPoolExecutor(1) as pool:
        migrations = Migrations(Settings(), pool)
        migrations.update({"kafka": STARTING, "registry": STARTING, "clickhouse": READY})
        with pytest.raises(ConfigurationError, match="0002 was changed"):
            migrations.wait()
