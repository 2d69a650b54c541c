"""Queries, their parameters, and the form of their results."""

from __future__ import annotations

import gzip
import io
import json
import zlib

import httpx
import lz4.frame
import pyarrow as pa
import pytest
import zstandard

from local.clickhouse.compression import decode_blocks


def test_a_query_comes_in_the_url_or_in_the_body_or_in_both(http):
    assert http.get("/", params={"query": "SELECT 1"}).text == "1\n"
    assert http.post("/", content="SELECT 1").text == "1\n"
    assert http.post("/", params={"query": "SELECT"}, content="1 + 1").text == "2\n"


def test_ping_and_replicas_status_answer_ok(http):
    for path in ("/ping", "/replicas_status", "/"):
        assert http.get(path).text == "Ok.\n"


def test_an_unknown_path_is_not_found(http):
    assert http.get("/nowhere").status_code == 404


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("TabSeparated", "1\ta\n2\tb\n"),
        ("CSVWithNames", '"n","s"\n1,"a"\n2,"b"\n'),
        ("JSONEachRow", '{"n":1,"s":"a"}\n{"n":2,"s":"b"}\n'),
        ("JSONCompactEachRow", '[1, "a"]\n[2, "b"]\n'),
        ("TSVWithNamesAndTypes", "n\ts\nUInt8\tString\n1\ta\n2\tb\n"),
        ("Values", "(1,'a'),(2,'b')"),
    ],
)
def test_a_result_comes_in_the_format_asked_for(http, name, expected):
    sql = "SELECT c1 AS n, c2 AS s FROM values('c1 UInt8, c2 String', (1, 'a'), (2, 'b'))"
    in_statement = http.post("/", content=f"{sql} FORMAT {name}")
    by_default = http.post("/", params={"default_format": name}, content=sql)
    by_header = http.post("/", headers={"X-ClickHouse-Format": name}, content=sql)
    assert [answer.text for answer in (in_statement, by_default, by_header)] == [expected] * 3
    assert in_statement.headers["X-ClickHouse-Format"] == name


def test_a_format_with_a_header_has_it_once_however_long_the_result(http):
    sql = "SELECT number FROM numbers(200000) FORMAT CSVWithNames SETTINGS max_block_size = 1000"
    lines = http.post("/", content=sql).text.splitlines()
    assert lines.count('"number"') == 1
    assert len(lines) == 200_001


def test_json_says_its_columns_and_rows(http):
    answer = json.loads(http.post("/", content="SELECT 1 AS x, 'é' AS s FORMAT JSON").text)
    assert answer["meta"] == [{"name": "x", "type": "UInt8"}, {"name": "s", "type": "String"}]
    assert answer["data"] == [{"x": 1, "s": "é"}]
    assert answer["rows"] == 1


def test_arrow_gives_every_row_of_a_long_result(http):
    sql = "SELECT number AS n, toString(number) AS s FROM numbers(200000) FORMAT ArrowStream"
    with pa.ipc.open_stream(http.post("/", content=sql).content) as reader:
        table = reader.read_all()
    assert table.num_rows == 200_000
    assert sum(table["n"].to_pylist()) == 199_999 * 100_000


def test_a_long_result_is_streamed_and_complete(http):
    with http.stream("POST", "/", content="SELECT number FROM numbers(1000000) FORMAT RowBinary") as answer:
        assert answer.headers["Transfer-Encoding"] == "chunked"
        data = b"".join(answer.iter_bytes())
    assert len(data) == 8_000_000
    assert data[-8:] == (999_999).to_bytes(8, "little")


def test_comments_and_a_semicolon_around_a_query_do_no_harm(http):
    sql = "-- first\n/* then */ SELECT 1 FORMAT TSV; -- last\n"
    assert http.post("/", content=sql).text == "1\n"


def test_the_word_format_in_a_string_is_no_format(http):
    assert http.post("/", content="SELECT 'x FORMAT JSON'").text == "x FORMAT JSON\n"


def test_bytes_that_are_no_text_come_back_as_they_went(http):
    assert http.post("/", content=b"SELECT '\xff\xfe' FORMAT TSVRaw").content == b"\xff\xfe\n"


@pytest.mark.parametrize("first", ["SELECT 1", "CREATE TABLE u (a UInt8) ENGINE = Memory", "INSERT INTO t SELECT 1"])
def test_two_statements_are_refused(http, ask, first):
    ask("CREATE TABLE t (a UInt8) ENGINE = Memory")
    answer = http.post("/", content=f"{first}; SET max_threads = 2")
    assert (answer.status_code, answer.headers["X-ClickHouse-Exception-Code"]) == (400, "62")
    assert ask("SELECT count() FROM t") == "0\n"


def test_the_summary_counts_what_was_read(http):
    answer = http.post("/", params={"wait_end_of_query": 1}, content="SELECT sum(number) FROM numbers(1000)")
    summary = json.loads(answer.headers["X-ClickHouse-Summary"])
    assert (summary["read_rows"], summary["result_rows"]) == ("1000", "1")


def test_the_summary_counts_what_was_written(http, ask):
    ask("CREATE TABLE t (a UInt8) ENGINE = MergeTree ORDER BY a")
    answer = http.post("/", params={"query": "INSERT INTO t FORMAT TSV"}, content="1\n2\n3\n")
    assert json.loads(answer.headers["X-ClickHouse-Summary"])["written_rows"] == "3"


def test_a_query_id_comes_back(http):
    assert (
        http.post("/", params={"query_id": "mine-1"}, content="SELECT 1").headers["X-ClickHouse-Query-Id"] == "mine-1"
    )
    assert http.post("/", content="SELECT 1").headers["X-ClickHouse-Query-Id"]


def test_the_server_counts_its_time_in_utc(http, ask):
    assert http.post("/", content="SELECT 1").headers["X-ClickHouse-Timezone"] == "UTC"
    assert ask("SELECT toString(toDateTime64(0, 3))") == "1970-01-01 00:00:00.000\n"


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("String", "it's a \\ tab\\t", "it\\'s a \\\\ tab\\\\t"),
        ("UInt64", "18446744073709551615", "18446744073709551615"),
        ("DateTime64(3, 'UTC')", "2026-01-02 03:04:05.678", "2026-01-02 03:04:05.678"),
        ("Array(String)", "['a','b']", "['a','b']"),
        ("Nullable(String)", "\\N", "\\N"),
    ],
)
def test_a_parameter_is_a_value_not_text(ask, kind, value, expected):
    sent = value if kind == "Nullable(String)" else value.replace("\\", "\\\\")
    assert ask(f"SELECT {{p:{kind}}}", param_p=sent) == f"{expected}\n"


def test_a_parameter_can_be_an_identifier(ask):
    ask("CREATE TABLE t (a UInt8) ENGINE = Memory")
    ask("INSERT INTO t VALUES (7)")
    assert ask("SELECT a FROM {table:Identifier}", param_table="t") == "7\n"


def test_a_parameter_works_in_an_insert(ask):
    ask("CREATE TABLE t (a UInt8, s String) ENGINE = Memory")
    ask("INSERT INTO t VALUES ({a:UInt8}, {s:String})", param_a="7", param_s="x'y")
    assert ask("SELECT a, s FROM t") == "7\tx\\'y\n"


def test_a_missing_parameter_is_told(http):
    answer = http.post("/", content="SELECT {p:UInt8}")
    assert answer.headers["X-ClickHouse-Exception-Code"] == "456"


def test_a_table_can_come_with_the_query(http):
    answer = http.post(
        "/",
        params={"query": "SELECT sum(a) FROM mine", "mine_structure": "a UInt32", "mine_format": "TSV"},
        files={"mine": ("mine", b"1\n2\n3\n")},
    )
    assert answer.text == "6\n"


@pytest.mark.parametrize(
    ("encoding", "undo"),
    [
        ("gzip", gzip.decompress),
        ("deflate", zlib.decompress),
        ("zstd", lambda data: zstandard.ZstdDecompressor().stream_reader(io.BytesIO(data)).read()),
        ("lz4", lz4.frame.decompress),
    ],
)
@pytest.mark.parametrize("rows", [1, 300_000])
def test_a_reply_is_compressed_if_asked(http, encoding, undo, rows):
    request = http.build_request(
        "POST",
        "/",
        params={"enable_http_compression": 1},
        headers={"Accept-Encoding": encoding},
        content=f"SELECT number FROM numbers({rows}) FORMAT TSV",
    )
    answer = http.send(request, stream=True)
    packed = b"".join(answer.iter_raw())
    answer.close()
    assert answer.headers["Content-Encoding"] == encoding
    assert undo(packed) == b"".join(b"%d\n" % number for number in range(rows))


def test_a_reply_is_not_compressed_unless_asked(http):
    assert "Content-Encoding" not in http.post("/", content="SELECT 1").headers


def test_compress_gives_clickhouse_own_blocks(http):
    answer = http.post("/", params={"compress": 1}, content="SELECT number FROM numbers(300000) FORMAT RowBinary")
    data = b"".join(decode_blocks([answer.content], 1 << 24))
    assert len(data) == 2_400_000


def test_head_has_no_body(http):
    answer = http.head("/ping")
    assert (answer.status_code, answer.content) == (200, b"")


def test_head_has_no_body_for_a_long_result_either(http):
    for _ in range(2):  # a body would be taken for the next reply on the connection
        answer = http.head("/", params={"query": "SELECT number FROM numbers(1000000)"})
        assert (answer.status_code, answer.content) == (200, b"")
    assert http.post("/", content="SELECT 1").text == "1\n"


def test_many_requests_share_one_connection(http: httpx.Client):
    assert [http.post("/", content=f"SELECT {n}").text for n in range(50)] == [f"{n}\n" for n in range(50)]
