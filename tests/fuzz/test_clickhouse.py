"""Random requests to the embedded ClickHouse: statements, parameters and rows that are none.

ClickHouse answers mistakes of a statement with a 5xx itself. So what must not come is an error that nobody foresaw.
"""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from hypothesis import strategies as st

from tests.contract.clickhouse.conftest import start
from tests.support.fuzzing import REQUESTS, Attempt, Source, fuzz, json_values

UNFORESEEN = b"Unexpected error, see the log"
STATEMENTS = (
    "SELECT 1",
    "SELECT number, toString(number) AS name FROM numbers(3) FORMAT JSON",
    "SELECT * FROM t ORDER BY n LIMIT 5",
    'INSERT INTO t FORMAT JSONEachRow\n{"n": 1, "name": "a"}',
    "INSERT INTO t (n, name) VALUES (1, 'a'), (2, 'b')",
    "SELECT {x:UInt8} + 1",
    "SELECT toDateTime('2026-01-01 00:00:00', 'Asia/Tokyo') FORMAT Native",
    "DESCRIBE TABLE t",
    "SHOW TABLES",
)
PARAMETERS = (
    *("query", "database", "user", "password", "query_id", "session_id", "session_timeout", "session_check", "param_x"),
    *("default_format", "wait_end_of_query", "close_session", "compress", "decompress", "enable_http_compression"),
    *("client_protocol_version", "max_block_size", "session_timezone", "role", "readonly", "max_result_rows"),
)
READS = ("/", "/ping", "/replicas_status", "/metrics", "/{}", "/?query=SELECT+1")
TYPES = st.sampled_from(["JSON", "Native", "RowBinary", "Parquet", "default", "Asia/Tokyo", "54460", "0", *STATEMENTS])


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where an embedded ClickHouse listens, with a table."""
    gateway = start(tmp_path_factory.mktemp("clickhouse") / "data")
    httpx.post(gateway.url, content="CREATE TABLE t (n UInt32, name String) ENGINE = MergeTree ORDER BY n")
    yield gateway.url
    assert gateway.process.poll() is None
    gateway.kill()


def attempt(source: Source) -> Attempt:
    """A statement in the body, of which a part may be replaced or missing, or a request as any other."""
    if source.is_one_in(3):
        return source.attempt(READS, {"/": STATEMENTS}, PARAMETERS)
    statement = source.rng.choice(STATEMENTS)
    words = statement.split(" ")
    for _ in range(source.rng.randrange(3)):
        words[source.rng.randrange(len(words))] = source.text() if source.is_one_in(2) else ""
    body = " ".join(words).encode("utf-8", "surrogatepass")
    return Attempt("POST", source.address(("/",), PARAMETERS), source.headers(), body[: source.rng.randrange(200)])


def test_nothing_that_a_stranger_sends_is_an_error_that_nobody_foresaw(url: str) -> None:
    outcome = fuzz(attempt, json_values(PARAMETERS) | TYPES, url, REQUESTS, UNFORESEEN)
    outcome.check()


def test_it_still_answers(url: str) -> None:
    assert httpx.get(f"{url}/ping").text == "Ok.\n"
    assert httpx.post(url, content="SELECT 1 + 1").text == "2\n"
