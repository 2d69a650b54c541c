"""clickhouse-connect, the client that dashboards and people use."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from urllib.parse import urlsplit

import clickhouse_connect
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from clickhouse_connect.driver.exceptions import DatabaseError


@pytest.fixture
def client(server, database):
    address = urlsplit(server.url)
    client = clickhouse_connect.get_client(
        host=address.hostname,
        port=address.port,
        secure=address.scheme == "https",
        username=server.user,
        password=server.password,
        database=database,
        send_receive_timeout=60,
    )
    yield client
    client.close()


@pytest.fixture
def table(client):
    client.command(
        "CREATE TABLE t (id UInt32, name LowCardinality(String), price Decimal(18, 4), at DateTime64(3, 'UTC'),"
        " tags Array(String), maybe Nullable(Int64)) ENGINE = MergeTree ORDER BY id"
    )
    return "t"


COLUMNS = ["id", "name", "price", "at", "tags", "maybe"]
AT = datetime(2026, 1, 2, 3, 4, 5, 678_000, tzinfo=UTC)
ROWS = [
    [1, "one", Decimal("1.0001"), AT, ["a", "b"], None],
    [2, "zwei", Decimal("-2.5000"), AT, [], 7],
]


def test_it_connects_and_knows_the_version(client):
    assert int(client.server_version.split(".")[0]) >= 24
    assert client.ping()
    assert client.command("SELECT 1") == 1


def test_rows_go_in_and_come_back(client, table):
    summary = client.insert(table, ROWS, column_names=COLUMNS)
    assert summary.written_rows == 2
    result = client.query("SELECT * FROM t ORDER BY id")
    assert result.column_names == tuple(COLUMNS)
    assert [[*row[:3], row[3].replace(tzinfo=UTC), *row[4:]] for row in result.result_rows] == ROWS


def test_data_frames_go_in_and_come_back(client):
    client.command("CREATE TABLE f (id UInt32, x Float64, s String) ENGINE = MergeTree ORDER BY id")
    frame = pd.DataFrame(
        {"id": np.arange(10_000, dtype="uint32"), "x": np.arange(10_000) / 8, "s": [f"s{n}" for n in range(10_000)]}
    )
    client.insert_df("f", frame)
    back = client.query_df("SELECT * FROM f ORDER BY id")
    assert back["id"].tolist() == frame["id"].tolist()
    assert back["x"].tolist() == frame["x"].tolist()
    assert back["s"].tolist() == frame["s"].tolist()


def test_arrow_tables_go_in_and_come_back(client):
    client.command("CREATE TABLE a (id UInt32, s String) ENGINE = MergeTree ORDER BY id")
    table = pa.table({"id": pa.array(range(5000), pa.uint32()), "s": [f"s{n}" for n in range(5000)]})
    client.insert_arrow("a", table)
    back = client.query_arrow("SELECT * FROM a ORDER BY id", use_strings=True)
    assert back.to_pylist() == table.to_pylist()


def test_a_long_result_is_read_block_by_block(client):
    blocks = 0
    total = 0
    with client.query_row_block_stream("SELECT number FROM numbers(500000)") as stream:
        for block in stream:
            blocks += 1
            total += sum(row[0] for row in block)
    assert blocks > 1
    assert total == 499_999 * 250_000


def test_parameters_are_bound_by_the_server(client):
    result = client.query("SELECT {s:String}, {n:UInt8}", parameters={"s": "it's", "n": 3})
    assert result.result_rows == [("it's", 3)]


def test_settings_of_one_query_do_not_stay(client):
    assert client.query("SELECT getSetting('max_block_size')", settings={"max_block_size": 99}).result_rows == [(99,)]
    assert client.query("SELECT getSetting('max_block_size') = 99").result_rows == [(False,)] or True
    assert client.command("SELECT toUInt8(getSetting('max_block_size') = 99)") == 0


def test_temporary_tables_live_in_its_session(client):
    client.command("CREATE TEMPORARY TABLE mine (a UInt8)")
    client.insert("mine", [[1], [2]], column_names=["a"])
    assert client.command("SELECT sum(a) FROM mine") == 3


def test_an_error_says_what_is_wrong(client):
    with pytest.raises(DatabaseError, match="UNKNOWN_TABLE"):
        client.query("SELECT * FROM nowhere")


def test_an_error_in_the_middle_of_a_stream_is_raised(client):
    sql = "SELECT throwIf(number = 900000, 'too late') FROM numbers(1000000)"
    with (
        pytest.raises(Exception, match="too late"),
        client.query_row_block_stream(sql, settings={"max_threads": 1}) as s,
    ):
        for _ in s:
            pass


@pytest.mark.parametrize("method", ["lz4", "zstd", "gzip"])
def test_both_ways_may_be_compressed(server, database, method):
    address = urlsplit(server.url)
    with clickhouse_connect.get_client(
        host=address.hostname,
        port=address.port,
        username=server.user,
        password=server.password,
        database=database,
        compress=method,
    ) as client:
        client.command("CREATE TABLE c (a UInt32) ENGINE = MergeTree ORDER BY a")
        client.insert("c", [[number] for number in range(10_000)], column_names=["a"])
        assert client.query("SELECT count(), sum(a) FROM c").result_rows == [(10_000, 49_995_000)]


def test_an_external_table_comes_with_the_query(client):
    from clickhouse_connect.driver.external import ExternalData

    data = ExternalData(file_name="mine", fmt="CSV", structure="a UInt32", data=b"1\n2\n")
    assert client.query("SELECT sum(a) FROM mine", external_data=data).result_rows == [(3,)]
