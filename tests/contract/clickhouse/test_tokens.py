"""What makes a repeated insert harmless, and a late one older: the token of an offset range."""

from __future__ import annotations

import pytest

SCHEMA = {
    "type": "record",
    "name": "row",
    "fields": [{"name": "k", "type": "string"}, {"name": "v", "type": "long"}],
}


@pytest.fixture
def send(http, registry):
    """Insert rows as a sink does: the values of an offset range, joined."""
    number = registry.register(SCHEMA)

    def insert(token: str, *rows: tuple[str, int], columns: str = "k, v") -> None:
        body = b"".join(registry.encode(number, {"k": key, "v": value}) for key, value in rows)
        query = {
            "query": f"INSERT INTO t ({columns}) FORMAT AvroConfluent",
            "insert_deduplication_token": token,
            "format_avro_schema_registry_url": registry.url,
            "async_insert": "0",
        }
        answer = http.post("/", params=query, content=body)
        assert answer.status_code == 200, answer.text

    return insert


def test_a_repeated_token_inserts_nothing(ask, send):
    ask(
        "CREATE TABLE t (k String, v Int64) ENGINE = MergeTree ORDER BY k "
        "SETTINGS non_replicated_deduplication_window = 100"
    )
    send("orders-0-0-1", ("a", 1), ("b", 2))
    send("orders-0-0-1", ("a", 1), ("b", 2))
    send("orders-0-2-2", ("a", 1))
    send("orders-1-0-1", ("a", 1), ("b", 2))
    assert ask("SELECT count() FROM t") == "5\n"


def test_equal_rows_under_different_tokens_are_different_rows(ask, send):
    ask(
        "CREATE TABLE t (k String, v Int64) ENGINE = MergeTree ORDER BY k "
        "SETTINGS non_replicated_deduplication_window = 100"
    )
    for offset in range(5):
        send(f"orders-0-{offset}-{offset}", ("a", 1))
    assert ask("SELECT count() FROM t") == "5\n"


VERSIONED = (
    "CREATE TABLE t (k String, v Int64, _version UInt64 "
    "DEFAULT toUInt64OrZero(splitByChar('-', getSetting('insert_deduplication_token'))[-2])) "
    "ENGINE = ReplacingMergeTree(_version) ORDER BY k SETTINGS non_replicated_deduplication_window = 100"
)


def test_the_token_gives_the_rows_their_version(ask, send):
    ask(VERSIONED)
    send("metrics-daily-3-10-19", ("a", 2))
    send("metrics-daily-3-0-9", ("a", 1), ("b", 1))
    assert ask("SELECT k, v, _version FROM t FINAL ORDER BY k") == "a\t2\t10\nb\t1\t0\n"


def test_within_one_insert_the_last_row_of_a_key_stays(ask, send):
    ask(VERSIONED)
    send("metrics-daily-3-10-19", ("a", 1), ("b", 5), ("a", 2), ("a", 3))
    assert ask("SELECT k, v FROM t FINAL ORDER BY k") == "a\t3\nb\t5\n"


def test_a_deleted_row_is_hidden_and_may_come_back(ask):
    ask(
        "CREATE TABLE t (k String, v UInt64, _version UInt64, _is_deleted UInt8) "
        "ENGINE = ReplacingMergeTree(_version, _is_deleted) ORDER BY k"
    )
    ask("INSERT INTO t VALUES ('a', 1, 1, 0), ('b', 1, 1, 0)")
    ask("INSERT INTO t VALUES ('a', 1, 2, 1)")
    assert ask("SELECT k, v FROM t FINAL ORDER BY k") == "b\t1\n"
    ask("INSERT INTO t VALUES ('a', 9, 3, 0)")
    assert ask("SELECT k, v FROM t FINAL ORDER BY k") == "a\t9\nb\t1\n"
