"""Running one statement on a connection."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain
from typing import Final

from local.clickhouse import native
from local.clickhouse.engine import Connection, Result, Statistics, Stream
from local.clickhouse.errors import ErrorCode, QueryError
from local.clickhouse.request import ExternalTable, QueryRequest
from local.clickhouse.statements import (
    Insert,
    address_by_comment,
    answers_with_rows,
    can_stream,
    output_format,
    quote_identifier,
    refuse_local_access,
)

_HEADERLESS: Final = frozenset(
    [
        "native",
        "rowbinary",
        "tabseparated",
        "tsv",
        "tabseparatedraw",
        "tsvraw",
        "csv",
        "jsoneachrow",
        "jsonlines",
        "ndjson",
        "jsoncompacteachrow",
        "jsonstringseachrow",
    ]
)
"""Formats whose blocks may simply follow each other; the engine would repeat the header of any other for each block."""

_SMALL_BYTES: Final = 1 << 16
"""A result that ends within so much is sent whole."""

_SHOWN_BYTES: Final = 200
"""Of a statement, in an error."""


@dataclass(frozen=True)
class Answer:
    """What a statement gave.

    Attributes:
        format: Of the data; None if the statement gives none.
        data: All of it, or its first block.
        statistics: Of what is in ``data``.
        more: The blocks that follow. Its QueryError comes after good data.
    """

    format: str | None
    data: bytes
    statistics: Statistics
    more: Generator[bytes, None, None] | None = None


def run(connection: Connection, request: QueryRequest) -> Answer:
    """Run the request's statement.

    Raises:
        QueryError: It is refused, or failed before its first block.
        ConnectionError: The client went away before its last row; nothing that was still to be written is written.
    """
    for table in request.external_tables:
        _create_external(connection, table)
    if request.insert is not None:
        return _insert(connection, request, request.insert)
    sql = address_by_comment(request.sql)
    refuse_local_access(sql)
    kind = connection.classify(sql)
    if kind.count > 1:
        raise QueryError.named(ErrorCode.SYNTAX_ERROR, "Syntax error (Multi-statements are not allowed)")
    if kind.changes_data and request.read_only:
        raise QueryError.named(ErrorCode.READONLY, "Cannot execute query in readonly mode: use POST")
    return _select(connection, request, sql)


def _create_external(connection: Connection, table: ExternalTable) -> None:
    name = quote_identifier(table.name)
    connection.run(f"CREATE OR REPLACE TEMPORARY TABLE {name} ({table.structure}) ENGINE = Memory")
    connection.insert(f"INSERT INTO {name}", table.format, [table.data])


def _insert(connection: Connection, request: QueryRequest, insert: Insert) -> Answer:
    if request.read_only:
        raise QueryError.named(ErrorCode.READONLY, "Cannot insert in readonly mode: use POST")
    rows: Iterator[bytes] = chain([request.sql[insert.data_offset :]], request.rows)
    refuse_local_access(insert.statement)
    if insert.format.lower() == "values":  # rows of expressions: they can call what a statement can
        values = b"".join(rows)
        refuse_local_access(values)
        rows = iter([values])
    connection.set({f"param_{name}": value for name, value in request.parameters.items()})
    if insert.input is not None:
        return _insert_from_input(connection, insert, rows)
    return Answer(None, b"", connection.insert(_text(insert.statement), insert.format, rows))


def _text(statement: bytes) -> str:
    """The statement of an insert without its rows: the engine takes text there, and nothing else."""
    try:
        return statement.decode()
    except UnicodeDecodeError:
        message = f"The statement {statement[:_SHOWN_BYTES]!r} is not UTF-8; only the rows of an INSERT may be anything"
        raise QueryError.named(ErrorCode.BAD_ARGUMENTS, message) from None


def _insert_from_input(connection: Connection, insert: Insert, rows: Iterator[bytes]) -> Answer:
    """``INSERT ... SELECT ... FROM input(...)``, which the engine does not stream: by way of a temporary table."""
    assert insert.input is not None
    name = f"_input_{secrets.token_hex(8)}"
    connection.run(f"CREATE TEMPORARY TABLE {name} ({insert.input.structure}) ENGINE = Memory")
    try:
        connection.insert(f"INSERT INTO {name}", insert.format, rows)
        statement = insert.statement[: insert.input.start] + name.encode() + insert.statement[insert.input.end :]
        return Answer(None, b"", connection.run(statement).statistics)
    finally:
        connection.run(f"DROP TEMPORARY TABLE IF EXISTS {name}")


def _select(connection: Connection, request: QueryRequest, sql: bytes) -> Answer:
    named = output_format(sql)
    name = named or request.default_format
    convert = _converter(connection, request, name)
    if _streams(request, sql, name):
        return _stream(name, _Converted(connection.stream(sql, name, request.parameters), convert))
    result = _converted(connection.run(sql, name, request.parameters), convert)
    return Answer(name if named or answers_with_rows(sql) else None, result.data, result.statistics)


def _converter(connection: Connection, request: QueryRequest, name: str) -> Callable[[bytes], bytes] | None:
    if name.lower() != "native" or not (request.native_version or connection.binary_types):
        return None
    return partial(native.convert, version=request.native_version, binary_types=request.binary_types)


def _converted(result: Result, convert: Callable[[bytes], bytes] | None) -> Result:
    return result if convert is None else replace(result, data=convert(result.data))


class _Converted:
    """A stream whose blocks get another form; the engine gives whole blocks."""

    def __init__(self, stream: Stream, convert: Callable[[bytes], bytes] | None) -> None:
        self._stream = stream
        self._convert = convert
        self.close = stream.close

    def fetch(self) -> Result | None:
        block = self._stream.fetch()
        return None if block is None else _converted(block, self._convert)


def _streams(request: QueryRequest, sql: bytes, name: str) -> bool:
    waits = request.wait_for_end or request.in_blocks
    return not waits and name.lower() in _HEADERLESS and can_stream(sql)


def _stream(name: str, stream: _Converted) -> Answer:
    """The first blocks, so that an early error has its status and a small result its length and its statistics."""
    blocks: list[Result] = []
    try:
        while (block := stream.fetch()) is not None:
            blocks.append(block)
            if sum(len(block.data) for block in blocks) >= _SMALL_BYTES:
                break
    except BaseException:
        stream.close()
        raise
    data = b"".join(block.data for block in blocks)
    statistics = sum((block.statistics for block in blocks), Statistics())
    if block is None:
        stream.close()
        return Answer(name, data, statistics)
    return Answer(name, data, statistics, _rest(stream))


def _rest(stream: _Converted) -> Generator[bytes, None, None]:
    try:
        while (block := stream.fetch()) is not None:
            yield block.data
    finally:
        stream.close()
