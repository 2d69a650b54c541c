"""Asks ClickHouse over HTTP, read-only whatever its user may do; each call has a time-out.

httpx and not clickhouse-connect: calls do not block the event loop, and an answer is used as the JSON that it is.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import httpx
import orjson

from connections.errors import DependencyUnavailable, StatementRefused
from schemas.settings import Settings

logging.getLogger("httpx").setLevel(logging.WARNING)  # it has a line for each call

MAX_ROWS: Final = 100_000
TOO_MANY_ROWS: Final = 396
"""ClickHouse's code for an answer of more: TOO_MANY_ROWS_OR_BYTES."""

MAX_BYTES: Final = 512 << 20

PATIENCE_SECONDS: Final = 3.0
"""How long an answer may take before ClickHouse is asked whether it is there at all."""

PING_SECONDS: Final = 3.0

_ANSWER_SETTINGS: Final = {
    "default_format": "JSONCompact",
    "readonly": "2",
    "output_format_json_quote_decimals": "1",
    "output_format_json_quote_64bit_integers": "0",
    "output_format_decimal_trailing_zeros": "1",
    "output_format_json_quote_denormals": "0",
    "output_format_write_statistics": "0",
    "date_time_output_format": "iso",
    "max_result_rows": str(MAX_ROWS),
    "max_memory_usage": str(MAX_BYTES),
    "wait_end_of_query": "1",  # an error comes as the answer's status
}
_ESCAPED: Final = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})
_WAIT: Final = frozenset({httpx.codes.REQUEST_TIMEOUT, httpx.codes.TOO_MANY_REQUESTS, httpx.codes.SERVICE_UNAVAILABLE})
_CODE: Final = "X-ClickHouse-Exception-Code"
_TOO_SLOW: Final = frozenset({159, 209, 241})
"""TIMEOUT_EXCEEDED, SOCKET_TIMEOUT, MEMORY_LIMIT_EXCEEDED."""


@dataclass(frozen=True, slots=True)
class Rows:
    """An answer.

    Attributes:
        names: Of the columns.
        types: ClickHouse's, of the columns.
        rows: Values: amounts as text, counts as numbers, days and times as ISO 8601 text.
    """

    names: tuple[str, ...]
    types: tuple[str, ...]
    rows: list[list[Any]]

    def dicts(self) -> list[dict[str, Any]]:
        """Each row by the names of its columns."""
        return [dict(zip(self.names, row, strict=True)) for row in self.rows]


class ClickHouse:
    """One ClickHouse and its database; used from one event loop alone.

    Args:
        settings: Its address, the user, and how long it may take.
    """

    def __init__(self, settings: Settings) -> None:
        self._url = settings.clickhouse_url
        own = settings.dashboard_clickhouse_user
        password = settings.dashboard_clickhouse_password if own else settings.clickhouse_password
        self._http = httpx.AsyncClient(
            base_url=settings.clickhouse_url,
            headers={
                "X-ClickHouse-User": own or settings.clickhouse_user,
                "X-ClickHouse-Key": password.get_secret_value(),
            },
            params={
                **_ANSWER_SETTINGS,
                "database": settings.clickhouse_database,
                "max_execution_time": str(settings.dashboard_query_seconds),
            },
            timeout=httpx.Timeout(settings.dashboard_query_seconds + 5.0, connect=2.0),
            trust_env=False,
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def ask(self, sql: str, values: Mapping[str, str] | None = None) -> Rows:
        """The answer of a statement; ``values`` fill its ``{name:Type}`` parameters.

        Raises:
            DependencyUnavailable: ClickHouse does not answer, or not in time.
            StatementRefused: It refuses the statement.
        """
        parameters = {f"param_{name}": value.translate(_ESCAPED) for name, value in (values or {}).items()}
        try:
            answer = await self._answer(sql, parameters)
        except httpx.HTTPError as error:
            raise DependencyUnavailable("ClickHouse", self._url, repr(error)) from error
        if not answer.is_success:
            raise self._refusal(answer)
        content = orjson.loads(answer.content)
        names = tuple(each["name"] for each in content["meta"])
        return Rows(names, tuple(each["type"] for each in content["meta"]), content["data"])

    async def _answer(self, sql: str, parameters: Mapping[str, str]) -> httpx.Response:
        """The answer, however long it takes; but a ClickHouse that hangs is not waited for."""
        asked = asyncio.ensure_future(self._http.post("/", params=parameters, content=sql.encode()))
        try:
            while not (await asyncio.wait([asked], timeout=PATIENCE_SECONDS))[0]:
                await self._http.get("/ping", timeout=PING_SECONDS)
            return asked.result()
        finally:
            asked.cancel()
            await asyncio.gather(asked, return_exceptions=True)

    def _refusal(self, answer: httpx.Response) -> Exception:
        text = answer.text.strip()[:2_000]
        code = int(answer.headers.get(_CODE, "0"))
        if answer.status_code in _WAIT or code in _TOO_SLOW:
            return DependencyUnavailable("ClickHouse", self._url, text)
        return StatementRefused(self._url, code, text)
