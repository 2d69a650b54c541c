"""What a request contains: parameters, headers, the statement, and the rows or tables that come with it."""

from __future__ import annotations

import email.parser
import email.policy
import re
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from email.message import Message
from typing import Final

from local.clickhouse.body import Body
from local.clickhouse.compression import choose_encoding
from local.clickhouse.errors import ErrorCode, QueryError
from local.clickhouse.native import BINARY_TYPES, OLDEST_VERSION
from local.clickhouse.statements import MAX_HEAD_BYTES, Insert, find_insert, is_insert, names, output_format

_READ: Final = frozenset(
    [
        "query",
        "database",
        "user",
        "password",
        "query_id",
        "role",
        "default_format",
        "wait_end_of_query",
        "session_id",
        "session_timeout",
        "session_check",
        "close_session",
        "compress",
        "decompress",
        "enable_http_compression",
        "client_protocol_version",
    ]
)
"""Parameters of the URL that are the interface's own."""

_WITHOUT_EFFECT: Final = frozenset(
    [
        "quota_key",  # there are no quotas
        "buffer_size",  # how replies are sent is our own affair
        "stacktrace",  # errors never have one
        "http_zlib_compression_level",
        "cancel_http_readonly_queries_on_client_close",  # always so
        "send_progress_in_http_headers",  # no client needs them
        "http_headers_progress_interval_ms",
        "database_replicated_enforce_synchronous_settings",  # there are no replicas
    ]
)
"""Parameters that are accepted and may do nothing: the reply means the same without them. Every other is a setting."""

_NOT_HAD: Final = {
    "http_write_exception_in_output_format": "errors are written as text",
    "http_response_headers": "the headers of a reply are our own",
}
"""Settings that the engine accepts, for a server that it is not, and which would change the reply."""

_HEAD_BYTES: Final = 1 << 16
_NO_TEXT: Final = re.compile(r"[\ud800-\udfff]")
"""What stands in text for a byte that is no UTF-8."""

_UNPRINTABLE: Final = re.compile(r"[^\x20-\x7e]")


@dataclass(frozen=True)
class ExternalTable:
    """A table that comes with the query and lives as long as it."""

    name: str
    format: str
    structure: str
    data: bytes = field(repr=False)


@dataclass(frozen=True)
class QueryRequest:
    """One statement, and how to run it.

    Attributes:
        query_id: By which it can be killed.
        sql: The statement; of an INSERT as much of the body as holds its head.
        insert: Where in ``sql`` the rows of an INSERT begin.
        rows: What of the body follows ``sql``.
        settings: Of this statement only.
        parameters: For the statement's ``{name:Type}``.
        external_tables: To be created before it.
        database: Where unqualified names are looked up; "" for where the session is.
        session_id: The session to run in, if any.
        session_timeout_seconds: How long the session outlives the request.
        closes_session: Whether the session ends with the request.
        must_find_session: Whether a new session would be wrong.
        default_format: If the statement names none.
        native_version: Of the client's Native, if the reply is in that format; 0 for the engine's.
        binary_types: Whether the client wants Native with its types in binary.
        encoding: Of the reply, if any.
        in_blocks: Whether the reply is in ClickHouse's own compressed blocks.
        wait_for_end: Whether to send nothing before the query has ended.
        read_only: Whether the method forbids changes.
    """

    query_id: str
    sql: bytes
    insert: Insert | None
    rows: Iterator[bytes]
    settings: Mapping[str, str]
    parameters: Mapping[str, str]
    external_tables: tuple[ExternalTable, ...]
    database: str
    session_id: str | None
    session_timeout_seconds: float
    closes_session: bool
    must_find_session: bool
    default_format: str
    native_version: int
    binary_types: bool
    encoding: str | None
    in_blocks: bool
    wait_for_end: bool
    read_only: bool


def read_query_id(parameters: Mapping[str, str]) -> str:
    """The query's id, a new one if the client gave none.

    Raises:
        QueryError: It could not be sent back in a header.
    """
    query_id = parameters.get("query_id") or str(uuid.uuid4())
    if _UNPRINTABLE.search(query_id):
        raise QueryError.named(ErrorCode.BAD_ARGUMENTS, "query_id must be printable ASCII")
    return query_id


def read_request(
    query_id: str, method: str, parameters: Mapping[str, str], headers: Message, body: Body
) -> QueryRequest:
    """Read the request up to where rows begin.

    Raises:
        QueryError: There is no statement, or a parameter is malformed.
        ConnectionError: The client went away.
    """
    rows = body.chunks(in_blocks=is_on(parameters, "decompress"))
    sql = parameters.get("query", "").encode(errors="surrogateescape")
    tables: tuple[ExternalTable, ...] = ()
    content_type = headers.get("Content-Type", "")
    if content_type.startswith("multipart/form-data"):
        fields, files = _read_form(content_type, b"".join(rows))
        sql = fields.pop("query", sql.decode(errors="surrogateescape")).encode(errors="surrogateescape")
        parameters = {**parameters, **fields}
        tables = tuple(_external_table(name, data, parameters) for name, data in files.items())
        rows = iter(())
    else:
        sql, rows = _read_statement(sql, rows)
    if not sql.strip():
        raise QueryError.named(ErrorCode.SYNTAX_ERROR, "Empty query")
    _refuse_what_is_no_text(parameters)
    _refuse_what_is_not_had(parameters)
    default_format = parameters.get("default_format") or headers.get("X-ClickHouse-Format") or "TabSeparated"
    return QueryRequest(
        query_id=query_id,
        sql=sql,
        insert=find_insert(sql) if is_insert(sql) else None,
        rows=rows,
        settings=_settings(method, parameters, tables),
        parameters={key[6:]: value for key, value in parameters.items() if key.startswith("param_")},
        external_tables=tables,
        database=parameters.get("database") or headers.get("X-ClickHouse-Database") or "",
        session_id=parameters.get("session_id") or None,
        session_timeout_seconds=_seconds(parameters.get("session_timeout") or "60"),
        closes_session=is_on(parameters, "close_session"),
        must_find_session=is_on(parameters, "session_check"),
        default_format=default_format,
        native_version=_native_version(parameters, sql, default_format),
        binary_types=is_on(parameters, BINARY_TYPES),
        encoding=_reply_encoding(parameters, headers),
        in_blocks=is_on(parameters, "compress"),
        wait_for_end=is_on(parameters, "wait_end_of_query") or is_on(parameters, "http_wait_end_of_query"),
        read_only=method == "GET",
    )


def is_on(parameters: Mapping[str, str], name: str) -> bool:
    """Whether a parameter of the URL says yes."""
    return parameters.get(name, "").lower() in ("1", "true")


def _refuse_what_is_no_text(parameters: Mapping[str, str]) -> None:
    """The engine takes any bytes as a statement, but nothing but UTF-8 as a setting or parameter."""
    for name, value in parameters.items():
        if name != "query" and _NO_TEXT.search(name + value):
            shown = name.encode(errors="surrogateescape")
            raise QueryError.named(ErrorCode.BAD_ARGUMENTS, f"The parameter {shown!r} is not UTF-8")


def _refuse_what_is_not_had(parameters: Mapping[str, str]) -> None:
    if role := parameters.get("role"):
        raise QueryError.named(ErrorCode.UNKNOWN_ROLE, f"There is no role {role!r}: users have no roles to choose from")
    for name, reason in _NOT_HAD.items():
        if parameters.get(name, "0").lower() not in ("", "0", "false"):
            raise QueryError.named(ErrorCode.NOT_IMPLEMENTED, f"{name} is not available: {reason}")


def _native_version(parameters: Mapping[str, str], sql: bytes, default_format: str) -> int:
    """The client's version of the format Native; 0 if that is not asked for, or the reply is in another format."""
    text = parameters.get("client_protocol_version") or "0"
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise QueryError.named(ErrorCode.BAD_ARGUMENTS, f"client_protocol_version {text!r} is not a number")
    version = int(text)
    if 0 < version < OLDEST_VERSION:
        message = f"client_protocol_version {version} is too old: {OLDEST_VERSION} and newer are supported, or none"
        raise QueryError.named(ErrorCode.NOT_IMPLEMENTED, message)
    if not version or is_insert(sql) or (output_format(sql) or default_format).lower() != "native":
        return 0
    if names(sql, BINARY_TYPES):
        message = f"Beside client_protocol_version {BINARY_TYPES} must be in the URL, not in the statement"
        raise QueryError.named(ErrorCode.NOT_IMPLEMENTED, message)
    return version


def _seconds(text: str) -> float:
    try:
        return float(int(text))
    except ValueError:
        raise QueryError.named(ErrorCode.BAD_ARGUMENTS, f"session_timeout {text!r} is not a number") from None


def _reply_encoding(parameters: Mapping[str, str], headers: Message) -> str | None:
    if not is_on(parameters, "enable_http_compression"):
        return None
    return choose_encoding(headers.get("Accept-Encoding", ""))


def _settings(method: str, parameters: Mapping[str, str], tables: tuple[ExternalTable, ...]) -> dict[str, str]:
    of_tables = {f"{table.name}_{part}" for table in tables for part in ("format", "structure", "types")}
    settings = {
        key: value
        for key, value in parameters.items()
        if key not in _READ | _WITHOUT_EFFECT and key not in of_tables and not key.startswith("param_")
    }
    if method == "GET" and "session_id" not in parameters:  # a session could never leave read-only again
        settings.setdefault("readonly", "2")
    return settings


def _read_statement(from_url: bytes, rows: Iterator[bytes]) -> tuple[bytes, Iterator[bytes]]:
    """The statement, and what of the body is left after it."""
    sql = from_url + b"\n" if from_url else b""
    if is_insert(sql) and find_insert(sql, complete=False) is None and _has_data_clause(sql):
        return sql, rows
    chunks = [sql]
    size = len(sql)
    for chunk in rows:
        chunks.append(chunk)
        size += len(chunk)
        if size >= _HEAD_BYTES and is_insert(b"".join(chunks[:2])[:_HEAD_BYTES]):
            sql = b"".join(chunks)
            chunks = [sql]
            if find_insert(sql, complete=False) is not None:
                return sql, rows
            if size > MAX_HEAD_BYTES:
                break
    return b"".join([*chunks, *rows]), iter(())


def _has_data_clause(sql: bytes) -> bool:
    return find_insert(sql) is not None


def _read_form(content_type: str, data: bytes) -> tuple[dict[str, str], dict[str, bytes]]:
    """Fields and files of a form."""
    head = b"Content-Type: " + content_type.encode("latin-1") + b"\r\n\r\n"
    message = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(head + data)
    fields: dict[str, str] = {}
    files: dict[str, bytes] = {}
    for part in message.iter_parts():
        name = part.get_param("name", header="content-disposition")
        content = part.get_payload(decode=True)
        if not isinstance(name, str) or not isinstance(content, bytes):
            raise QueryError.named(ErrorCode.BAD_ARGUMENTS, "A part of the form has no name or no content")
        if part.get_filename() is None:
            fields[name] = content.decode(errors="surrogateescape")
        else:
            files[name] = content
    return fields, files


def _external_table(name: str, data: bytes, parameters: Mapping[str, str]) -> ExternalTable:
    types = parameters.get(f"{name}_types", "").split(",")
    structure = parameters.get(f"{name}_structure") or ", ".join(f"_{i} {kind}" for i, kind in enumerate(types, 1))
    return ExternalTable(name, parameters.get(f"{name}_format", "TabSeparated"), structure, data)
