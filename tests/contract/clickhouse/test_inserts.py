"""Inserts: formats, framings, and what becomes of a body that is wrong or ends too early."""

from __future__ import annotations

import gzip
import io
import socket
import zlib
from urllib.parse import quote, urlsplit

import lz4.frame
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard

from local.clickhouse.compression import encode_blocks

ROWS = [{"k": f"key-{n}", "v": n, "tags": [str(n), "x"]} for n in range(1000)]
SCHEMA = {
    "type": "record",
    "name": "row",
    "fields": [
        {"name": "k", "type": "string"},
        {"name": "v", "type": "long"},
        {"name": "tags", "type": {"type": "array", "items": "string"}},
    ],
}
FRAMINGS = {
    "plain": ({}, {}, bytes),
    "gzip": ({"Content-Encoding": "gzip"}, {}, gzip.compress),
    "deflate": ({"Content-Encoding": "deflate"}, {}, zlib.compress),
    "zstd": ({"Content-Encoding": "zstd"}, {}, zstandard.ZstdCompressor().compress),
    "lz4": ({"Content-Encoding": "lz4"}, {}, lz4.frame.compress),
    "native blocks": ({}, {"decompress": "1"}, encode_blocks),
    "native blocks in gzip": (
        {"Content-Encoding": "gzip"},
        {"decompress": "1"},
        lambda data: gzip.compress(encode_blocks(data)),
    ),
}


@pytest.fixture(autouse=True)
def table(ask):
    ask("CREATE TABLE t (k String, v Int64, tags Array(String)) ENGINE = MergeTree ORDER BY v")


def _arrow() -> bytes:
    sink = io.BytesIO()
    table = pa.Table.from_pylist(ROWS)
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue()


def _parquet() -> bytes:
    sink = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(ROWS), sink)
    return sink.getvalue()


@pytest.fixture
def encoded(http, registry):
    """The rows in each format, and the settings that each needs."""
    json_rows = "".join(f'{{"k":"{row["k"]}","v":{row["v"]},"tags":["{row["v"]}","x"]}}\n' for row in ROWS).encode()
    number = registry.register(SCHEMA)
    columns = "'key-' || toString(number) AS k, toInt64(number) AS v, [toString(number), 'x'] AS tags"
    native = f"SELECT {columns} FROM numbers(1000)"

    def encode(name: str) -> tuple[bytes, dict[str, str]]:
        match name:
            case "JSONEachRow":
                return json_rows, {}
            case "ArrowStream":
                return _arrow(), {}
            case "Parquet":
                return _parquet(), {}
            case "Native":
                return http.post("/", content=f"{native} FORMAT Native").content, {}
            case "AvroConfluent":
                body = b"".join(registry.encode(number, row) for row in ROWS)
                return body, {"format_avro_schema_registry_url": registry.url}
        raise AssertionError(name)

    return encode


@pytest.mark.parametrize("framing", FRAMINGS)
@pytest.mark.parametrize("name", ["JSONEachRow", "ArrowStream", "Parquet", "Native", "AvroConfluent"])
def test_rows_arrive_in_every_format_and_framing(http, ask, encoded, name, framing):
    body, settings = encoded(name)
    headers, parameters, pack = FRAMINGS[framing]
    query = {"query": f"INSERT INTO t FORMAT {name}", **settings, **parameters}
    answer = http.post("/", params=query, headers=headers, content=pack(body))
    assert answer.status_code == 200, answer.text
    assert ask("SELECT count(), sum(v), uniqExact(k), sum(length(tags)) FROM t") == "1000\t499500\t1000\t2000\n"


def test_rows_can_follow_the_statement_in_the_body(ask):
    ask('INSERT INTO t (k, v) FORMAT JSONEachRow\n{"k":"a","v":1}\n{"k":"b","v":2}\n')
    ask("INSERT INTO t (k, v) VALUES ('c', 3), (upper('d'), 2 + 2)")
    assert ask("SELECT k, v FROM t ORDER BY v") == "a\t1\nb\t2\nc\t3\nD\t4\n"


def test_binary_rows_can_follow_the_statement_in_the_body(ask):
    ask(b"INSERT INTO t (k, v) FORMAT RowBinary\n\x03a\n'" + (5).to_bytes(8, "little"))
    assert ask("SELECT hex(k), v FROM t") == "610A27\t5\n"


def test_the_first_row_may_begin_with_white_space(http, ask):
    http.post("/", params={"query": "INSERT INTO t (k, v) FORMAT TSV"}, content=" a\t1\n")
    assert ask("SELECT k FROM t") == " a\n"


def test_rows_in_small_chunks_arrive(http, ask):
    def chunks():
        yield b"INSERT INTO t (k, v) FORMAT JSONE"
        yield b"achRow"
        for n in range(100):
            yield b'\n{"k":"a",'
            yield b'"v":%d}' % n

    assert http.post("/", content=chunks()).status_code == 200
    assert ask("SELECT count(), sum(v) FROM t") == "100\t4950\n"


def test_settings_may_stand_before_and_behind_the_format(ask):
    ask("INSERT INTO t (k, v) SETTINGS max_insert_block_size = 10 FORMAT TSV\na\t1\n")
    ask("INSERT INTO t (k, v) FORMAT CSV SETTINGS format_csv_delimiter = '|'\n\"b\"|2\n")
    assert ask("SELECT k, v FROM t ORDER BY v") == "a\t1\nb\t2\n"


def test_an_insert_can_select_from_the_rows_it_brings(http, ask):
    sql = "INSERT INTO t SELECT upper(k), v + {o:Int64}, [] FROM input('k String, v Int64') FORMAT JSONEachRow"
    answer = http.post("/", params={"query": sql, "param_o": "100"}, content='{"k":"a","v":1}\n{"k":"b","v":2}\n')
    assert answer.status_code == 200, answer.text
    assert ask("SELECT k, v FROM t ORDER BY v") == "A\t101\nB\t102\n"


def test_an_insert_can_select_from_another_table(ask):
    ask("INSERT INTO t SELECT toString(number), number, [] FROM numbers(10)")
    assert ask("SELECT count() FROM t") == "10\n"


def test_a_wrong_row_is_told_and_nothing_is_written(http, ask):
    query = {"query": "INSERT INTO t (k, v) FORMAT JSONEachRow"}
    answer = http.post("/", params=query, content='{"k":"a","v":1}\n{"k":"b","v":"not a number"}\n')
    assert answer.status_code in (400, 500)
    assert int(answer.headers["X-ClickHouse-Exception-Code"]) in (6, 27, 72, 117)
    assert ask("SELECT count() FROM t") == "0\n"


def test_an_insert_into_no_table_is_told(http):
    answer = http.post("/", params={"query": "INSERT INTO nowhere FORMAT TSV"}, content="1\n")
    assert (answer.status_code, answer.headers["X-ClickHouse-Exception-Code"]) == (404, "60")


def test_an_unknown_schema_id_is_told(http, registry):
    number = registry.register(SCHEMA)
    body = registry.encode(number, ROWS[0])
    del registry.schemas[number]
    query = {"query": "INSERT INTO t FORMAT AvroConfluent", "format_avro_schema_registry_url": registry.url}
    answer = http.post("/", params=query, content=body)
    assert answer.status_code >= 400
    assert int(answer.headers["X-ClickHouse-Exception-Code"]) > 0


@pytest.mark.parametrize(
    ("headers", "parameters", "body"),
    [
        ({"Content-Encoding": "gzip"}, {}, gzip.compress(b"a\t1\n" * 100_000)[:-20]),
        ({"Content-Encoding": "zstd"}, {}, zstandard.ZstdCompressor().compress(b"a\t1\n" * 100_000)[:-5]),
        ({"Content-Encoding": "lz4"}, {}, lz4.frame.compress(b"a\t1\n" * 100_000)[:-5]),
        ({"Content-Encoding": "gzip"}, {}, b"this is no gzip"),
        ({}, {"decompress": "1"}, encode_blocks(b"a\t1\n" * 100)[:-3]),
        ({}, {"decompress": "1"}, b"\x00" * 16 + encode_blocks(b"a\t1\n" * 100)[16:]),
    ],
    ids=["gzip cut", "zstd cut", "lz4 cut", "no gzip", "block cut", "wrong checksum"],
)
def test_a_damaged_body_is_told_and_nothing_is_written(http, ask, headers, parameters, body):
    query = {"query": "INSERT INTO t (k, v) FORMAT TSV", **parameters}
    answer = http.post("/", params=query, headers=headers, content=body)
    assert answer.status_code >= 400, answer.text
    assert ask("SELECT count() FROM t") == "0\n"


def test_a_client_that_leaves_in_the_middle_writes_nothing(server, database, ask):
    address = urlsplit(server.url)
    target = f"/?database={database}&query={quote('INSERT INTO t (k, v) FORMAT TSV')}"
    target += f"&user={quote(server.user)}&password={quote(server.password)}"
    with socket.create_connection((address.hostname, address.port), timeout=30) as connection:
        connection.sendall(f"POST {target} HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\na\t1\n".encode())
        connection.shutdown(socket.SHUT_WR)
        connection.recv(1000)
    assert ask("SELECT count() FROM t") == "0\n"


def test_an_unknown_content_encoding_is_refused(http):
    query = {"query": "INSERT INTO t FORMAT TSV"}
    answer = http.post("/", params=query, headers={"Content-Encoding": "morse"}, content=b"...---...")
    assert answer.status_code >= 400


def test_a_body_beyond_the_bound_is_refused(start_gateway):
    gateway = start_gateway("--max-body-mib", "1")
    with gateway.client() as client:
        client.post("/", content="CREATE TABLE t (a String) ENGINE = MergeTree ORDER BY a").raise_for_status()
        bomb = zstandard.ZstdCompressor().compress(b"a" * (64 << 20))
        query = {"query": "INSERT INTO t FORMAT TSV"}
        answer = client.post("/", params=query, headers={"Content-Encoding": "zstd"}, content=bomb)
        assert (answer.status_code, answer.headers["X-ClickHouse-Exception-Code"]) == (413, "307")
        assert client.post("/", content="SELECT count() FROM t").text == "0\n"
