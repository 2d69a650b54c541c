"""HTTP to ClickHouse, and what its answers mean.

httpx and not clickhouse-connect: a batch goes out as the bytes that came from Kafka, in pieces, without being joined
or converted, each call has its own time-out, and no call is repeated by the library behind our back.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final
from urllib.parse import quote_plus, urlencode

import httpx

from connections.errors import DependencyUnavailable, StatementRefused
from connections.registry import url_with_credentials
from schemas.settings import Settings

INSERT_TIMEOUT_SECONDS: Final = 120.0
PIECE_BYTES: Final = 256 * 1024

_INSERT_SETTINGS: Final = {
    "async_insert": "0",  # acknowledged means stored
    "wait_end_of_query": "1",  # an error comes as the answer's status
    "max_partitions_per_insert_block": "0",  # a batch of history may span many months
    "input_format_avro_allow_missing_fields": "1",  # records written before a field was added
    "input_format_null_as_default": "1",  # a text that a record does not have is empty
    "date_time_input_format": "best_effort",  # the keys of tombstones are ISO 8601
}

DATA_CODES: Final = frozenset(
    {
        6,  # CANNOT_PARSE_TEXT
        26,  # CANNOT_PARSE_QUOTED_STRING
        27,  # CANNOT_PARSE_INPUT_ASSERTION_FAILED
        32,  # ATTEMPT_TO_READ_AFTER_EOF
        33,  # CANNOT_READ_ALL_DATA
        38,  # CANNOT_PARSE_DATE
        41,  # CANNOT_PARSE_DATETIME
        53,  # TYPE_MISMATCH
        69,  # ARGUMENT_OUT_OF_BOUND
        70,  # CANNOT_CONVERT_TYPE
        72,  # CANNOT_PARSE_NUMBER
        117,  # INCORRECT_DATA
        131,  # TOO_LARGE_STRING_SIZE
        321,  # VALUE_IS_OUT_OF_RANGE_OF_DATA_TYPE
        349,  # CANNOT_INSERT_NULL_IN_ORDINARY_COLUMN
        407,  # DECIMAL_OVERFLOW
    }
)
"""Codes by which ClickHouse refuses rows for what they hold."""

WAIT_CODES: Final = frozenset(
    {
        60,  # UNKNOWN_TABLE: not migrated yet
        81,  # UNKNOWN_DATABASE: not migrated yet
        159,  # TIMEOUT_EXCEEDED
        202,  # TOO_MANY_SIMULTANEOUS_QUERIES
        209,  # SOCKET_TIMEOUT
        210,  # NETWORK_ERROR
        241,  # MEMORY_LIMIT_EXCEEDED
        242,  # TABLE_IS_READ_ONLY
        243,  # NOT_ENOUGH_SPACE
        252,  # TOO_MANY_PARTS
        319,  # UNKNOWN_STATUS_OF_INSERT
        439,  # CANNOT_SCHEDULE_TASK
    }
)
"""Codes that go away by themselves, or once someone has seen to the server, whatever HTTP status they come with."""

_SCHEMA_FETCH: Final = "while fetching schema id"
_AVRO_ERROR: Final = "avro::Exception"  # of the Avro library; its code only says that it is not ClickHouse's own
_WAIT_STATUSES: Final = frozenset({httpx.codes.REQUEST_TIMEOUT, httpx.codes.TOO_MANY_REQUESTS})


class ClickHouse:
    """One ClickHouse server and database.

    Args:
        settings: Its address, user and database, and the registry that ClickHouse asks for Avro schemas.
    """

    def __init__(self, settings: Settings) -> None:
        self._url = settings.clickhouse_url
        self._registry_url = url_with_credentials(settings)
        self._timeout = httpx.Timeout(settings.http_timeout_seconds)
        self._http = httpx.Client(
            base_url=settings.clickhouse_url,
            headers={
                "X-ClickHouse-User": settings.clickhouse_user,
                "X-ClickHouse-Key": settings.clickhouse_password.get_secret_value(),
            },
            trust_env=False,
        )
        self._database = settings.clickhouse_database
        self._targets: dict[tuple[str, ...], bytes] = {}

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def insert(self, table: str, columns: Sequence[str], fmt: str, rows: Sequence[bytes], token: str) -> None:
        """Insert rows as they are; repeated with the same token they are not inserted again.

        Args:
            table: The table.
            columns: The columns that the rows have; the others take their defaults.
            fmt: ClickHouse's name of the rows' format.
            rows: The bytes of the rows, which only need to be sent one after the other.
            token: De-duplication token.

        Raises:
            StatementRefused: The table does not take these rows.
            DependencyUnavailable: No answer, or one that says to come again. The rows may be in.
        """
        target = b"%b&insert_deduplication_token=%b" % (
            self._insert_target(table, columns, fmt),
            quote_plus(token).encode(),
        )
        size = sum(map(len, rows))
        timeout = httpx.Timeout(INSERT_TIMEOUT_SECONDS, connect=self._timeout.connect)
        self._post(target, _pieces(rows), {"Content-Length": str(size)}, timeout)

    def ask(self, sql: str, **values: str) -> str:
        """The answer of a statement as tab-separated text; ``values`` fill its ``{name:Type}`` parameters.

        Raises:
            StatementRefused, DependencyUnavailable: As ``insert``.
        """
        parameters = {f"param_{name}": value for name, value in values.items()}
        return self._post(self._target(parameters), sql.encode(), {}, self._timeout).text.rstrip("\n")

    def _insert_target(self, table: str, columns: Sequence[str], fmt: str) -> bytes:
        """The path of an insert, without its token; made once, as a table of many columns makes it long."""
        known = self._targets.get((table, fmt, *columns))
        if known is None:
            names = ", ".join(f"`{column}`" for column in columns)
            parameters = {
                **_INSERT_SETTINGS,
                "query": f"INSERT INTO `{table}` ({names}) FORMAT {fmt}",
                "format_avro_schema_registry_url": self._registry_url,
            }
            known = self._targets[table, fmt, *columns] = self._target(parameters)
        return known

    def _target(self, parameters: Mapping[str, str]) -> bytes:
        return self._http.base_url.raw_path + b"?" + urlencode({"database": self._database, **parameters}).encode()

    def _post(
        self,
        target: bytes,
        content: bytes | Iterator[bytes],
        headers: dict[str, str],
        timeout: httpx.Timeout,
    ) -> httpx.Response:
        try:
            # Given as it is sent: httpx would parse a long URL anew, character by character, for each call.
            extensions = {"target": target}
            answer = self._http.post("/", content=content, headers=headers, timeout=timeout, extensions=extensions)
        except httpx.TransportError as error:
            raise DependencyUnavailable("ClickHouse", self._url, repr(error)) from error
        code = int(answer.headers.get("X-ClickHouse-Exception-Code", 0))
        if answer.is_error or code:
            raise self._error(answer.status_code, code, answer.text.strip())
        return answer

    def _error(self, status: int, code: int, text: str) -> Exception:
        if is_transient(status, code, text):
            return DependencyUnavailable("ClickHouse", self._url, text or f"HTTP {status}")
        return StatementRefused(self._url, code, text or f"HTTP {status}")


def is_transient(status: int, code: int, text: str) -> bool:
    """Whether the same call may succeed later.

    Args:
        status: HTTP status.
        code: ClickHouse's code of the error, 0 when there is none.
        text: Its words. They tell a registry that ClickHouse could not ask from data that it could not read.
    """
    if _SCHEMA_FETCH in text or code in WAIT_CODES:
        return True
    if code in DATA_CODES or _AVRO_ERROR in text:
        return False
    return status >= httpx.codes.INTERNAL_SERVER_ERROR or status in _WAIT_STATUSES


def _pieces(rows: Sequence[bytes]) -> Iterator[bytes]:
    """The rows, joined to pieces of a size that a socket takes at once."""
    begin, size = 0, 0
    for index, row in enumerate(rows):
        size += len(row)
        if size >= PIECE_BYTES:
            yield b"".join(rows[begin : index + 1])
            begin, size = index + 1, 0
    if begin < len(rows):
        yield b"".join(rows[begin:])
