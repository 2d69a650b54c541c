"""The format Native in the form that a client's ``client_protocol_version`` asks for."""

from __future__ import annotations

import datetime
import json
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import clickhouse_connect
import httpx
import pytest

BLOCK_INFO = b"\x01\x00\x02\xff\xff\xff\xff\x00"
TYPES = [
    "number",
    "(number, 'x')::Tuple(UInt8, String)",
    "(1, 'x')::Tuple(a UInt8, `b c` LowCardinality(String))",
    "toLowCardinality(toString(number % 3))",
    "if(number % 2, NULL, 'x')::LowCardinality(Nullable(String))",
    "range(number)",
    "arrayMap(n -> range(n), range(number))",
    "arrayMap(n -> toString(n)::LowCardinality(String), range(number))",
    "arrayMap(n -> if(n % 2, NULL, n), range(number))",
    "map('k', ['v', NULL])::Map(LowCardinality(String), Array(LowCardinality(Nullable(String))))",
    "repeat('x', number * 100)",
    "toFixedString('a', 4)",
    "if(number % 2, NULL, number)::Nullable(Decimal(38, 4))",
    "number::Decimal(9, 2)",
    "number::Decimal(76, 3)",
    "number::Int256",
    "number::Float32",
    "number::BFloat16",
    "number % 2 = 1",
    "NULL",
    "[]",
    "CAST('a', 'Enum8(\\'a\\' = 1, \\'b\\\\\\'c\\' = -2)')",
    "CAST('a', 'Enum16(\\'a\\' = 1000)')",
    "toDate('2026-01-02')",
    "toDate32('1926-01-02')",
    "toDateTime(number)",
    "toDateTime64(number, 9)",
    "toDateTime64(number, 3, 'Asia/Tokyo')",
    "[toDateTime(number, 'Asia/Tokyo')]",
    "toIntervalYear(number)",
    "toIntervalNanosecond(number)",
    "toUUID('61f0c404-5cb3-11e7-907b-a6006ad3dba0')",
    "toIPv4('1.2.3.4')",
    "toIPv6('::1')",
    "number::SimpleAggregateFunction(sum, UInt64)",
    "[(number, 'a')]::Nested(a UInt64, b String)",
    "[[[(1., 2.)]]]::MultiPolygon",
    "if(number % 2, 1::Variant(UInt8, Array(String)), ['a', 'b']::Variant(UInt8, Array(String)))",
    "if(number % 2, 1::Variant(UInt8, String)::Dynamic, 'x'::Dynamic)",
    "[1::Dynamic(max_types=3)]",
    '\'{"a": 1, "b": {"c": [1, "x"]}}\'::JSON',
    "'{\"a\": 1, \"b\": 2}'::JSON(max_dynamic_paths=1, a UInt8, SKIP z, SKIP REGEXP 'q')",
    "map('x', '{\"a\": [{\"b\": 1}]}'::JSON)",
]


def _native(http: httpx.Client, sql: str, version: int, **parameters: str | int) -> bytes:
    asked = {"default_format": "Native", "client_protocol_version": version, **parameters}
    answer = http.post("/", params=asked, content=sql)
    assert answer.status_code == 200, answer.text
    return answer.content


def test_a_block_has_what_the_version_of_the_client_has(http):
    sql = "SELECT 7::UInt8 AS a"
    assert _native(http, sql, 0) == b"\x01\x01\x01a\x05UInt8\x07"
    assert _native(http, sql, 54405) == BLOCK_INFO + b"\x01\x01\x01a\x05UInt8\x07"
    for version in (54454, 54460, 54483):
        assert _native(http, sql, version) == BLOCK_INFO + b"\x01\x01\x01a\x05UInt8\x00\x07"


@pytest.mark.parametrize("expression", TYPES)
def test_every_type_comes_in_the_form_of_the_version(http, expression):
    sql = f"SELECT {expression} AS c, 'end' AS e FROM numbers(300) SETTINGS allow_suspicious_low_cardinality_types = 1"
    plain = _native(http, sql, 0)
    assert _native(http, sql, 54405) == BLOCK_INFO + plain
    end = b"\x01e\x06String" + b"\x03end" * 300
    assert plain.endswith(end)
    _, name, column = plain.removesuffix(end).partition(b"\x01c")
    kind, data = column[: column[0] + 1], column[column[0] + 1 :]
    newer = _native(http, sql, 54454)
    assert (
        newer == BLOCK_INFO + b"\x02\xac\x02" + name + kind + b"\x00" + data + b"\x01e\x06String\x00" + b"\x03end" * 300
    )


def test_a_time_carries_its_zone(http):
    sql = "SELECT toDateTime('2026-01-01 00:00:00', 'Asia/Tokyo') AS t"
    time = int(datetime.datetime(2026, 1, 1, tzinfo=ZoneInfo("Asia/Tokyo")).timestamp()).to_bytes(4, "little")
    assert _native(http, sql, 54405) == BLOCK_INFO + b"\x01\x01\x01t\x16DateTime('Asia/Tokyo')" + time


def test_a_long_result_keeps_its_form_in_every_block(http):
    sql = "SELECT number AS n, toString(number) AS s FROM numbers(5000) SETTINGS max_block_size = 1000, max_threads = 1"
    for parameters in ({}, {"wait_end_of_query": 1}):
        data = _native(http, sql, 54460, **parameters)
        heads = data.count(BLOCK_INFO + b"\x02\xe8\x07\x01n\x06UInt64\x00")
        assert (heads, data.count(b"\x01s\x06String\x00")) == (5, 5)


def test_no_rows_are_no_block_or_an_empty_one(http):
    assert _native(http, "SELECT 1 AS a WHERE 0", 54460) in (b"", BLOCK_INFO + b"\x01\x00\x01a\x05UInt8\x00")


def test_types_may_come_in_binary(http):
    binary = {"output_format_native_encode_types_in_binary_format": 1}
    sql = "SELECT toDateTime(1, 'UTC') AS t"
    assert _native(http, sql, 54460, **binary) == BLOCK_INFO + b"\x01\x01\x01t\x12\x03UTC\x00\x01\x00\x00\x00"


def test_another_format_is_as_it_is_without_the_version(http):
    answer = http.post("/", params={"client_protocol_version": 54460}, content="SELECT 1 FORMAT JSONEachRow")
    assert json.loads(answer.text) == {"1": 1}


def test_rows_that_are_inserted_are_of_no_version(http, ask):
    ask("CREATE TABLE t (a UInt8) ENGINE = Memory")
    parameters = {"query": "INSERT INTO t FORMAT Native", "client_protocol_version": 54460}
    assert http.post("/", params=parameters, content=b"\x01\x01\x01a\x05UInt8\x07").status_code == 200
    assert ask("SELECT a FROM t") == "7\n"


@pytest.mark.parametrize(
    ("sql", "version", "status", "complaint"),
    [
        ("SELECT 1", "new", 400, "client_protocol_version 'new' is not a number"),
        ("SELECT 1", "54000", 501, "54000 is too old: 54405 and newer are supported"),
        ("SELECT sumState(1)", "54460", 501, "A column of type AggregateFunction cannot be written in Native"),
        (
            "SELECT 1 SETTINGS output_format_native_encode_types_in_binary_format = 1",
            "54460",
            501,
            "must be in the URL, not in the statement",
        ),
    ],
)
def test_what_cannot_be_had_is_refused(http, embedded, sql, version, status, complaint):
    asked = {"default_format": "Native", "client_protocol_version": version}
    answer = http.post("/", params=asked, content=sql)
    assert answer.status_code == status
    assert complaint in answer.text


def test_clickhouse_connect_gets_the_zone_of_a_time(server, database):
    address = urlsplit(server.url)
    tokyo = ZoneInfo("Asia/Tokyo")
    with clickhouse_connect.get_client(
        host=address.hostname, port=address.port, username=server.user, password=server.password, database=database
    ) as client:
        ((time,),) = client.query("SELECT toDateTime('2026-01-01 00:00:00', 'Asia/Tokyo')").result_rows
    assert time == datetime.datetime(2026, 1, 1, tzinfo=tokyo)
    assert time.utcoffset() == datetime.timedelta(hours=9)


@pytest.mark.parametrize("session", [{}, {"session_id": "native"}], ids=["alone", "in a session"])
def test_a_user_who_may_not_change_settings_gets_it_too(start_gateway, tmp_path, session):
    (tmp_path / "users.json").write_text('{"frozen": {"password": "f", "settings": {"readonly": 1}}}')
    gateway = start_gateway("--users", str(tmp_path / "users.json"))
    sql = "SELECT 7::UInt8 AS a"
    with gateway.client("frozen", "f") as client:
        for _ in range(2):
            assert _native(client, sql, 54460, **session) == BLOCK_INFO + b"\x01\x01\x01a\x05UInt8\x00\x07"
            assert _native(client, sql, 0, **session) == b"\x01\x01\x01a\x05UInt8\x07"
