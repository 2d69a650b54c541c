"""ClickHouse for a person's questions and for DDL: connections of clickhouse-connect, their errors in our tree.

The sink, which sends bytes as they are, has a client of its own (``sinks/clickhouse/client.py``).
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import clickhouse_connect
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError, OperationalError

from connections.errors import DependencyUnavailable, StatementRefused
from schemas.settings import Settings

SYSTEM_DATABASE: Final = "system"
ANSWER_TIMEOUT_SECONDS: Final = 60

logging.getLogger("clickhouse_connect").addHandler(logging.NullHandler())  # what it logs, it raises as well


@contextmanager
def connected(settings: Settings, database: str) -> Iterator[Client]:
    """A connection to ``database``, closed at the end; each call on it has a time-out.

    Raises:
        DependencyUnavailable: ClickHouse does not answer.
        StatementRefused: ClickHouse refuses a statement.
    """
    try:
        client = clickhouse_connect.get_client(
            dsn=settings.clickhouse_url,
            username=settings.clickhouse_user,
            password=settings.clickhouse_password.get_secret_value(),
            database=database,
            connect_timeout=max(1, round(settings.http_timeout_seconds)),
            send_receive_timeout=ANSWER_TIMEOUT_SECONDS,
            autogenerate_session_id=False,
        )
        try:
            yield client
        finally:
            client.close()
    except OperationalError as error:
        raise DependencyUnavailable("ClickHouse", settings.clickhouse_url, _root_cause(error)) from error
    except ClickHouseError as error:
        raise StatementRefused(settings.clickhouse_url, getattr(error, "code", None) or 0, str(error)) from error


def _root_cause(error: BaseException) -> str:
    while inner := error.__cause__ or error.__context__:
        error = inner
    return str(error)
