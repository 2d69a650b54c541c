"""Every query answers with the columns that docs/metrics.md names, in their order."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from connections.clickhouse import SYSTEM_DATABASE, connected
from dashboards.queries import queries, run
from operations.migrate import migrate_tables
from schemas.settings import Settings

PAGE = Path(__file__).parents[3] / "docs" / "metrics.md"
_ENTRY = re.compile(r"^\*\*(\w+)\*\*: [^\n]+\n\n(?:\| parameter (?:\|?[^\n]+\n)+\n)?((?:\|[^\n]*\n)+)", re.MULTILINE)


def documented() -> dict[str, tuple[str, ...]]:
    """The columns of each query, as the page lists them."""
    return {
        name: tuple(re.findall(r"^\| `(\w+)`", rows, re.MULTILINE)) for name, rows in _ENTRY.findall(PAGE.read_text())
    }


@pytest.fixture(scope="module")
def settings(server) -> Iterator[Settings]:
    """A database with every table, all of them empty."""
    made = Settings(
        clickhouse_url=server.url,
        clickhouse_user=server.user,
        clickhouse_password=server.password,
        clickhouse_database=f"queries_{uuid.uuid4().hex[:10]}",
    )
    migrate_tables(made, wait_seconds=30)
    yield made
    with connected(made, SYSTEM_DATABASE) as client:
        client.command(f"DROP DATABASE {made.clickhouse_database} SYNC")


def test_every_query_is_documented():
    assert documented().keys() == queries().keys()


@pytest.mark.parametrize("name", queries())
def test_a_query_answers_with_the_columns_that_are_documented(name, settings):
    assert run(settings, name).columns == documented()[name]
