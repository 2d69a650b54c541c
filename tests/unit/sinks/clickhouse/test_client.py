from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

import pytest

from schemas.settings import Settings
from sinks.clickhouse.client import PIECE_BYTES, ClickHouse, _pieces, is_transient


@pytest.mark.parametrize(
    ("status", "code", "text"),
    [
        (500, 210, "Code: 210. DB::Exception: Connection refused: while fetching schema id = 7 (NETWORK_ERROR)"),
        (400, 117, "Code: 117. DB::Exception: ... while fetching schema id = 7 (INCORRECT_DATA)"),
        (404, 60, "Code: 60. DB::Exception: Table shop.events does not exist (UNKNOWN_TABLE)"),
        (404, 81, "Code: 81. DB::Exception: Database shop does not exist (UNKNOWN_DATABASE)"),
        (500, 241, "Code: 241. DB::Exception: Memory limit exceeded"),
        (500, 252, "Code: 252. DB::Exception: Too many parts"),
        (500, 202, "Code: 202. DB::Exception: Too many simultaneous queries"),
        (503, 0, ""),
        (429, 0, "slow down"),
        (502, 0, "<html>bad gateway</html>"),
    ],
)
def test_trouble_of_a_server_is_waited_out(status: int, code: int, text: str) -> None:
    assert is_transient(status, code, text)


@pytest.mark.parametrize(
    ("status", "code", "text"),
    [
        (400, 117, "Code: 117. DB::Exception: Missing AvroConfluent magic byte (INCORRECT_DATA)"),
        (500, 1001, "std::exception. Code: 1001, type: avro::Exception, e.what() = EOF reached"),
        (400, 27, "Code: 27. DB::Exception: Cannot parse input"),
        (404, 16, "Code: 16. DB::Exception: No such column (NO_SUCH_COLUMN_IN_TABLE)"),
        (403, 516, "Code: 516. DB::Exception: Authentication failed"),
    ],
)
def test_a_refusal_of_the_data_or_the_statement_is_not(status: int, code: int, text: str) -> None:
    assert not is_transient(status, code, text)


def test_rows_go_out_in_pieces_and_whole() -> None:
    rows = [b"a" * 100_000, b"b" * 200_000, b"c", b"d" * PIECE_BYTES]
    pieces = list(_pieces(rows))
    assert b"".join(pieces) == b"".join(rows)
    assert [len(piece) for piece in pieces] == [300_000, PIECE_BYTES + 1]
    assert list(_pieces([])) == []


class Recorder(ThreadingHTTPServer):
    """Answers every request with nothing, and remembers what it was sent."""

    def __init__(self) -> None:
        self.received: list[tuple[str, dict[str, str], bytes]] = []
        super().__init__(("127.0.0.1", 0), _Recorded)


class _Recorded(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        url = urlsplit(self.path)
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.received.append((url.path, dict(parse_qsl(url.query)), body))  # type: ignore[attr-defined]
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Recorder]:
    with Recorder() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def test_an_insert_names_its_table_its_columns_and_its_token(server: Recorder) -> None:
    url = f"http://127.0.0.1:{server.server_port}/behind/a/proxy"
    clickhouse = ClickHouse(
        Settings(clickhouse_url=url, clickhouse_database="söhne & co", registry_url="http://r/v7?a=b")
    )

    clickhouse.insert("ev+ents", ["a", "b c"], "AvroConfluent", [b"row ", b"row"], "events-0-1-2")
    clickhouse.insert("ev+ents", ["a", "b c"], "AvroConfluent", [], "a&b")
    clickhouse.insert("ev+ents", ["a"], "JSONEachRow", [], "c")
    clickhouse.ask("SELECT {name:String}", name="ü=1")
    clickhouse.close()

    paths, parameters, bodies = zip(*server.received, strict=True)
    assert set(paths) == {"/behind/a/proxy/"}
    assert [each["database"] for each in parameters] == ["söhne & co"] * 4
    assert bodies == (b"row row", b"", b"", b"SELECT {name:String}")
    assert [each.get("query") for each in parameters] == [
        "INSERT INTO `ev+ents` (`a`, `b c`) FORMAT AvroConfluent",
        "INSERT INTO `ev+ents` (`a`, `b c`) FORMAT AvroConfluent",
        "INSERT INTO `ev+ents` (`a`) FORMAT JSONEachRow",
        None,
    ]
    assert [each.get("insert_deduplication_token") for each in parameters] == ["events-0-1-2", "a&b", "c", None]
    assert parameters[0]["format_avro_schema_registry_url"] == "http://r/v7?a=b"
    assert parameters[3]["param_name"] == "ü=1"
