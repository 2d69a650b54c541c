"""How errors reach a client: status, code, text, and the ones that come after good data."""

from __future__ import annotations

import httpx
import pytest

from local.clickhouse.compression import decode_blocks


@pytest.mark.parametrize(
    ("sql", "status", "code", "name"),
    [
        ("SELEC 1", 400, 62, "SYNTAX_ERROR"),
        ("", 400, 62, "SYNTAX_ERROR"),
        ("SELECT * FROM nowhere", 404, 60, "UNKNOWN_TABLE"),
        ("SELECT * FROM nowhere.t", 404, 81, "UNKNOWN_DATABASE"),
        ("SELECT nothing", 404, 47, "UNKNOWN_IDENTIFIER"),
        ("SELECT no_such_function()", 404, 46, "UNKNOWN_FUNCTION"),
        ("SELECT toUInt8('x')", 400, 6, "CANNOT_PARSE_TEXT"),
        ("SELECT 1 SETTINGS nothing = 1", 404, 115, "UNKNOWN_SETTING"),
        ("SELECT 1 FORMAT Nothing", 404, 73, "UNKNOWN_FORMAT"),
        ("CREATE TABLE t (a Nothingness) ENGINE = Memory", 404, 50, "UNKNOWN_TYPE"),
        ("CREATE TABLE t (a UInt8) ENGINE = Nothing", 404, 56, "UNKNOWN_STORAGE"),
        ("SELECT throwIf(1, 'no')", 500, 395, "FUNCTION_THROW_IF_VALUE_IS_NON_ZERO"),
    ],
)
def test_an_error_has_its_code_its_status_and_its_name(http, sql, status, code, name):
    answer = http.post("/", content=sql)
    assert (answer.status_code, answer.headers["X-ClickHouse-Exception-Code"]) == (status, str(code))
    assert answer.text.startswith(f"Code: {code}. DB::Exception: ")
    assert f"({name})" in answer.text
    assert "Stack trace" not in answer.text


def test_an_unknown_setting_in_the_url_is_told(http):
    answer = http.post("/", params={"nothing": "1"}, content="SELECT 1")
    assert (answer.status_code, answer.headers["X-ClickHouse-Exception-Code"]) == (404, "115")


def test_an_unknown_database_in_the_url_is_told(http):
    answer = http.post("/", params={"database": "nowhere"}, content="SELECT 1")
    assert (answer.status_code, answer.headers["X-ClickHouse-Exception-Code"]) == (404, "81")


@pytest.mark.parametrize("parameters", [{}, {"session_id": "after-an-error"}], ids=["alone", "in a session"])
def test_a_connection_is_good_after_an_error(http, parameters):
    for _ in range(3):
        assert http.post("/", params=parameters, content="SELECT nothing").status_code == 404
        assert http.post("/", params=parameters, content="SELECT 1").text == "1\n"


LATE = "SELECT number, throwIf(number = 900000, 'too late') FROM numbers(1000000) FORMAT TSV SETTINGS max_threads = 1"


def test_an_error_after_good_data_ends_the_reply(http):
    answer = http.post("/", content=LATE)
    assert answer.text.startswith("0\t0\n1\t0\n")
    assert "Code: 395. DB::Exception: too late" in answer.text[-1000:]


def test_the_end_of_a_broken_reply_is_marked(http):
    answer = http.post("/", content=LATE)
    tag = answer.headers["X-ClickHouse-Exception-Tag"]
    body = answer.text
    assert body.endswith("\r\n__exception__\r\n")
    head, _, rest = body.partition(f"\r\n__exception__\r\n{tag}\r\n")
    text, _, length = rest.removesuffix(f" {tag}\r\n__exception__\r\n").rpartition("\n")
    assert head
    assert len(text.encode()) + 1 == int(length)


def test_an_error_has_its_status_if_the_client_waits_for_the_end(http):
    answer = http.post("/", params={"wait_end_of_query": 1}, content=LATE)
    assert (answer.status_code, answer.headers["X-ClickHouse-Exception-Code"]) == (500, "395")


def test_a_query_that_takes_too_long_ends(http):
    sql = "SELECT count() FROM numbers(100000000000) WHERE NOT ignore(sipHash64(number))"
    answer = http.post("/", params={"max_execution_time": 1}, content=sql)
    assert (answer.status_code, answer.headers["X-ClickHouse-Exception-Code"]) == (408, "159")


def test_a_query_that_takes_too_much_memory_ends(http):
    sql = "SELECT groupArray(number) FROM numbers(10000000)"
    answer = http.post("/", params={"max_memory_usage": 1_000_000}, content=sql)
    assert answer.headers["X-ClickHouse-Exception-Code"] == "241"


def test_a_query_id_cannot_smuggle_a_header(http, embedded):
    answer = http.post("/", params={"query_id": "a\r\nX-Smuggled: 1"}, content="SELECT 1")
    assert answer.status_code == 400
    assert "X-Smuggled" not in answer.headers


def test_an_error_comes_in_blocks_if_the_reply_would(http):
    answer = http.post("/", params={"compress": 1}, content="SELECT * FROM nowhere")
    assert (answer.status_code, answer.headers["X-ClickHouse-Exception-Code"]) == (404, "60")
    assert b"".join(decode_blocks([answer.content], 1 << 20)).startswith(b"Code: 60. DB::Exception: ")


@pytest.mark.parametrize(
    ("parameters", "status", "code"),
    [
        ({"role": "admin"}, 404, "511"),
        ({"http_write_exception_in_output_format": 1}, 501, "48"),
        ({"http_response_headers": "{'X-Mine': '1'}"}, 501, "48"),
    ],
)
def test_a_parameter_that_would_change_the_reply_is_not_swallowed(http, embedded, parameters, status, code):
    answer = http.post("/", params=parameters, content="SELECT 1")
    assert (answer.status_code, answer.headers["X-ClickHouse-Exception-Code"]) == (status, code)


def test_a_statement_that_is_no_utf8_is_an_error_of_its_syntax(http):
    answer = http.post("/", content=b"SELEC \xe9\xff")
    assert (answer.status_code, answer.headers["X-ClickHouse-Exception-Code"]) == (400, "62")
    assert "Unexpected error" not in answer.text


@pytest.mark.parametrize("query", ["max_threads=%ff", "%ed%a0%bc=1", "param_x=%ff", "database=%ff"])
def test_a_parameter_that_is_no_utf8_is_refused(server, embedded, query):
    answer = httpx.post(f"{server.url}/?{query}", content="SELECT 1")
    assert (answer.status_code, answer.headers["X-ClickHouse-Exception-Code"]) == (400, "36")
    assert "is not UTF-8" in answer.text


@pytest.mark.parametrize("text", ["\u2028", "\x85", "\x1c", "\r", "a\nb", "\t", "\udcff"])
def test_rows_are_taken_whatever_an_error_before_them_quoted(http, ask, text):
    ask("CREATE TABLE after_errors (n UInt8) ENGINE = Memory")
    assert http.post("/", content=f"SELEC {text}".encode(errors="surrogateescape")).status_code >= 400
    ask("INSERT INTO after_errors FORMAT TSV\n1\n")
    assert ask("SELECT n FROM after_errors") == "1\n"


def test_an_insert_whose_statement_is_not_utf_8_says_so(http):
    for statement in (b"INSERT INTO \xed\xa0\xbc FORMAT JSONEachRow\n{}", b"INSERT \xed\xa0\xbc t (n) VALUES (1)"):
        answer = http.post("/", content=statement)
        assert (answer.status_code, answer.headers["X-ClickHouse-Exception-Code"]) == (400, "36"), answer.text
        assert "is not UTF-8; only the rows of an INSERT may be anything" in answer.text
