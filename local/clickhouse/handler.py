"""One HTTP request to ClickHouse's interface, and the form of every reply."""

from __future__ import annotations

import json
import logging
import secrets
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import asdict
from functools import partial
from http.server import BaseHTTPRequestHandler
from itertools import chain
from socketserver import BaseServer
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

from local.clickhouse import query
from local.clickhouse.body import Body
from local.clickhouse.compression import compressor, encode_blocks
from local.clickhouse.engine import Connection, Statistics
from local.clickhouse.errors import ErrorCode, QueryError
from local.clickhouse.gateway import Gateway
from local.clickhouse.query import Answer
from local.clickhouse.request import QueryRequest, is_on, read_query_id, read_request
from local.clickhouse.statements import can_stream, session_timezone
from local.clickhouse.users import User, read_credentials
from web.prometheus import CONTENT_TYPE

_log = logging.getLogger(__name__)

_TEXT: Final = "text/plain; charset=UTF-8"
_CONTENT_TYPES: Final = {
    "json": "application/json; charset=UTF-8",
    "jsoncompact": "application/json; charset=UTF-8",
    "jsonstrings": "application/json; charset=UTF-8",
    "jsoneachrow": "application/x-ndjson; charset=UTF-8",
    "jsoncompacteachrow": "application/x-ndjson; charset=UTF-8",
    "csv": "text/csv; charset=UTF-8; header=absent",
    "csvwithnames": "text/csv; charset=UTF-8; header=present",
    "tabseparated": "text/tab-separated-values; charset=UTF-8",
    "tsv": "text/tab-separated-values; charset=UTF-8",
    "native": "application/octet-stream",
    "rowbinary": "application/octet-stream",
    "parquet": "application/octet-stream",
    "arrow": "application/octet-stream",
    "arrowstream": "application/octet-stream",
}
_EXCEPTION_TAG: Final = "X-ClickHouse-Exception-Tag"
_LAST_CHUNK: Final = b"0\r\n\r\n"

Headers = list[tuple[str, str]]


class Handler(BaseHTTPRequestHandler):
    """Serves the requests of one connection, one after the other."""

    protocol_version = "HTTP/1.1"
    server_version = "shopstream-clickhouse"
    sys_version = ""
    wbufsize = 1 << 16
    disable_nagle_algorithm = True
    timeout = 300  # seconds that a client may be silent

    def __init__(self, gateway: Gateway, request: Any, client_address: Any, server: BaseServer) -> None:
        self._gateway = gateway
        super().__init__(request, client_address, server)

    def do_GET(self) -> None:
        """Any request: URL and body decide what it does, not the method."""
        self._headers: list[tuple[str, str]] = [("X-ClickHouse-Server-Display-Name", self._gateway.display_name)]
        self._errors_in_blocks = False
        try:
            self._body = Body(self.rfile, self.headers, self._gateway.max_body_bytes)
            self._route()
        except QueryError as error:
            self._gateway.metrics.errors.inc()
            self._send_error(error)
        except OSError:  # the client has gone: no reply is possible
            self.close_connection = True
        except Exception:  # a fault of ours must not end the connection without an answer
            _log.exception("unexpected error on %s", urlsplit(self.path).path)
            self._gateway.metrics.errors.inc()
            self.close_connection = True
            self._send_error(QueryError.named(ErrorCode.UNKNOWN_EXCEPTION, "Unexpected error, see the log"))
        finally:
            if hasattr(self, "_body"):
                self._gateway.metrics.received_bytes.inc(self._body.received_bytes)

    do_POST = do_PUT = do_HEAD = do_OPTIONS = do_GET  # noqa: N815

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002
        """One line for each request, at level DEBUG."""
        _log.debug(format, *arguments)

    def _route(self) -> None:
        url = urlsplit(self.path)
        parameters = dict(parse_qsl(url.query, keep_blank_values=True, errors="surrogateescape"))
        self._errors_in_blocks = is_on(parameters, "compress")
        has_query = "query" in parameters or self.command not in ("GET", "HEAD", "OPTIONS")
        match url.path:
            case "/" | "" if has_query:
                self._answer_query(parameters)
            case "/" | "" | "/ping" | "/replicas_status":
                self._send(200, b"Ok.\n", [("Content-Type", _TEXT)])
            case "/metrics":
                self._send(200, self._gateway.metrics.page(), [("Content-Type", CONTENT_TYPE)])
            case _:
                self._send(404, b"There is no handle for this path. Use / to ask a query.\n", [("Content-Type", _TEXT)])

    def _answer_query(self, parameters: dict[str, str]) -> None:
        gateway = self._gateway
        gateway.metrics.queries.inc()
        query_id = read_query_id(parameters)
        self._headers.append(("X-ClickHouse-Query-Id", query_id))
        user = gateway.users.authenticate(read_credentials(self.headers, parameters))
        request = read_request(query_id, self.command, parameters, self.headers, self._body)
        with gateway.running.enter(query_id, self.connection) as running:
            with gateway.sessions.lease(user, request) as connection:
                running.comment = connection.comment
                running.cancellable = request.insert is None and can_stream(request.sql)
                self._headers.append(("X-ClickHouse-Timezone", self._timezone(user, request, connection)))
                send_last = self._send_all_but_the_last(request, query.run(connection, request))
            # A fast client's next request must find the session free: the reply ends after the session's release.
            send_last()

    def _timezone(self, user: User, request: QueryRequest, connection: Connection) -> str:
        """In which a client that gets times without a zone shows them."""
        of_statement = None if request.insert else session_timezone(request.sql)
        chosen = of_statement or request.settings.get("session_timezone")
        if chosen is None and request.session_id is not None:
            return connection.timezone()
        return chosen or user.settings.get("session_timezone") or self._gateway.engine.timezone

    def _send_all_but_the_last(self, request: QueryRequest, answer: Answer) -> Callable[[], None]:
        if request.insert is not None:
            self._gateway.metrics.inserted_rows.inc(answer.statistics.written_rows)
        if answer.more is None:
            return partial(self._send_whole, request, answer)
        with closing(answer.more):
            return partial(self._write, self._send_blocks(request, answer, answer.more))

    def _send_whole(self, request: QueryRequest, answer: Answer) -> None:
        headers = _answer_headers(request, answer)
        data = answer.data
        if answer.format is not None and request.encoding:
            packer = compressor(request.encoding)
            data = packer.compress(data) + packer.flush()
        elif request.in_blocks:
            data = encode_blocks(data)
        self._send(200, data, headers)

    def _send_blocks(self, request: QueryRequest, answer: Answer, more: Iterable[bytes]) -> bytes:
        """Send all blocks; give what ends the reply. HEAD has none: what follows its headers is the next reply."""
        tag = secrets.token_hex(8)
        packer = compressor(request.encoding) if request.encoding else _Uncompressed()
        self._begin(200, [*_answer_headers(request, answer), (_EXCEPTION_TAG, tag), ("Transfer-Encoding", "chunked")])
        if self.command == "HEAD":
            return b""
        try:
            for block in chain([answer.data], more):
                self._write(_chunk(packer.compress(block)))
            end = packer.flush()
        except QueryError as error:  # too late for a status: the end of the reply has the error
            self._gateway.metrics.errors.inc()
            end = packer.compress(_late_exception(tag, error.text(self._gateway.engine.version))) + packer.flush()
        return _chunk(end) + _LAST_CHUNK

    def _send_error(self, error: QueryError) -> None:
        text = error.text(self._gateway.engine.version).encode(errors="replace")
        data = encode_blocks(text) if self._errors_in_blocks else text
        try:
            self._send(error.status, data, [("Content-Type", _TEXT), ("X-ClickHouse-Exception-Code", str(error.code))])
        except OSError:
            self.close_connection = True

    def _send(self, status: int, data: bytes, headers: Headers) -> None:
        if not self._body.drain():
            self.close_connection = True
        self._begin(status, [*headers, ("Content-Length", str(len(data)))])
        self._write(b"" if self.command == "HEAD" else data)

    def _begin(self, status: int, headers: Headers) -> None:
        self.send_response(status)
        if self.close_connection:
            self.send_header("Connection", "close")
        for name, value in [*self._headers, *headers]:
            self.send_header(name, value)
        self.end_headers()

    def _write(self, data: bytes) -> None:
        self.wfile.write(data)
        self.wfile.flush()


class _Uncompressed:
    """A compressor that is none."""

    def compress(self, data: bytes, /) -> bytes:
        return data

    def flush(self) -> bytes:
        return b""


def _answer_headers(request: QueryRequest, answer: Answer) -> Headers:
    headers = [("Content-Type", _CONTENT_TYPES.get((answer.format or "").lower(), _TEXT)), _summary(answer.statistics)]
    if answer.format is not None:
        headers.append(("X-ClickHouse-Format", answer.format))
        if request.encoding:
            headers.append(("Content-Encoding", request.encoding))
    return headers


def _summary(statistics: Statistics) -> tuple[str, str]:
    summary = {name: str(value) for name, value in asdict(statistics).items()}
    summary["total_rows_to_read"] = summary["read_rows"]
    return ("X-ClickHouse-Summary", json.dumps(summary, separators=(",", ":")))


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data) if data else b""


def _late_exception(tag: str, text: str) -> bytes:
    message = text.encode(errors="replace")
    return b"\r\n__exception__\r\n%b\r\n%b%d %b\r\n__exception__\r\n" % (
        tag.encode(),
        message,
        len(message),
        tag.encode(),
    )
