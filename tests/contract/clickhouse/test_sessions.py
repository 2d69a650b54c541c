"""What a session keeps, and what must not leak from one request to another."""

from __future__ import annotations

import threading
import uuid

import pytest


@pytest.fixture
def session():
    return uuid.uuid4().hex


def test_a_session_keeps_what_set_and_use_did(http, ask, session, database):
    ask("SET max_threads = 3", session_id=session)
    ask("USE system", session_id=session)
    with_session = {"session_id": session}
    http.params = http.params.remove("database")
    answer = http.post("/", params=with_session, content="SELECT getSetting('max_threads'), currentDatabase()")
    assert answer.text == "3\tsystem\n"


def test_a_temporary_table_lives_in_its_session_only(http, ask, session):
    ask("CREATE TEMPORARY TABLE mine (a UInt8)", session_id=session)
    ask("INSERT INTO mine VALUES (1), (2)", session_id=session)
    assert ask("SELECT sum(a) FROM mine", session_id=session) == "3\n"
    answer = http.post("/", content="SELECT sum(a) FROM mine")
    assert answer.headers["X-ClickHouse-Exception-Code"] == "60"


def test_a_request_has_its_settings_without_a_session(ask):
    assert ask("SELECT getSetting('max_threads')", max_threads=3) == "3\n"
    assert ask("SELECT getSetting('max_block_size') = 12345") == "0\n"
    assert ask("SELECT getSetting('max_block_size')", max_block_size=12345) == "12345\n"
    assert ask("SELECT getSetting('max_block_size') = 12345") == "0\n"


def test_the_settings_of_a_request_do_not_stay_in_its_session(ask, session):
    before = ask("SELECT getSetting('max_block_size')", session_id=session)
    assert ask("SELECT getSetting('max_block_size')", session_id=session, max_block_size=777) == "777\n"
    assert ask("SELECT getSetting('max_block_size')", session_id=session) == before


def test_the_settings_of_a_request_give_way_to_the_session_own(ask, session):
    ask("SET max_block_size = 555", session_id=session)
    assert ask("SELECT getSetting('max_block_size')", session_id=session, max_block_size=777) == "777\n"
    assert ask("SELECT getSetting('max_block_size')", session_id=session) == "555\n"


def test_the_settings_of_a_failed_request_do_not_stay_either(http, ask, session):
    answer = http.post("/", params={"session_id": session, "max_block_size": 777}, content="SELECT nothing_here")
    assert answer.status_code == 404
    assert ask("SELECT getSetting('max_block_size') = 777", session_id=session) == "0\n"


def test_the_settings_of_a_streamed_request_do_not_stay_either(ask, session):
    parameters = {"session_id": session, "max_block_size": 777}
    assert len(ask("SELECT number FROM numbers(100000) FORMAT TSV", **parameters).splitlines()) == 100_000
    assert ask("SELECT getSetting('max_block_size') = 777", session_id=session) == "0\n"


def test_a_database_of_a_request_does_not_stay_in_its_session(http, ask, session, database):
    assert ask("SELECT currentDatabase()", session_id=session) == f"{database}\n"
    http.params = http.params.remove("database")
    assert http.post("/", params={"session_id": session}, content="SELECT currentDatabase()").text == "default\n"


def test_a_session_that_must_exist_and_does_not_is_told(http, session):
    answer = http.post("/", params={"session_id": session, "session_check": 1}, content="SELECT 1")
    assert answer.headers["X-ClickHouse-Exception-Code"] == "372"


def test_a_session_is_free_as_soon_as_the_answer_has_ended(ask, session):
    for number in range(100):
        assert ask(f"SELECT {number}", session_id=session) == f"{number}\n"


def test_a_session_that_is_busy_is_told(http, session):
    outcomes = []

    def sleep():
        answer = http.post("/", params={"session_id": session}, content="SELECT sleep(1)")
        outcomes.append(answer.headers.get("X-ClickHouse-Exception-Code"))

    threads = [threading.Thread(target=sleep) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes, key=str) == ["373", None]


def test_a_get_changes_nothing(http, ask, session):
    ask("CREATE TABLE t (a UInt8) ENGINE = Memory")
    for parameters in ({}, {"session_id": session}):
        for sql in ("DROP TABLE t", "INSERT INTO t VALUES (1)"):
            answer = http.get("/", params={"query": sql, **parameters})
            assert answer.headers["X-ClickHouse-Exception-Code"] == "164", answer.text
    assert ask("SELECT count() FROM t") == "0\n"


def test_a_session_is_not_read_only_after_a_get(http, ask, session):
    assert http.get("/", params={"query": "SELECT 1", "session_id": session}).text == "1\n"
    ask("CREATE TABLE t (a UInt8) ENGINE = Memory", session_id=session)


def test_a_session_ends_with_the_request_that_says_so(http, ask, session):
    ask("SET max_threads = 3", session_id=session, close_session=1)
    answer = http.post("/", params={"session_id": session, "session_check": 1}, content="SELECT 1")
    assert answer.headers["X-ClickHouse-Exception-Code"] == "372"


def test_the_header_of_the_time_zone_is_that_of_the_statement(http, ask, session):
    def zone(sql: str, **parameters: str) -> str:
        answer = http.post("/", params=parameters, content=sql)
        assert answer.status_code == 200, answer.text
        assert answer.text == f"{answer.headers['X-ClickHouse-Timezone']}\n"
        return answer.text.strip()

    assert zone("SELECT timezone()") == "UTC"
    assert zone("SELECT timezone()", session_timezone="Asia/Tokyo") == "Asia/Tokyo"
    of_statement = "SELECT timezone() SETTINGS session_timezone = 'America/Vancouver'"
    assert zone(of_statement, session_timezone="Asia/Tokyo") == "America/Vancouver"
    ask("SET session_timezone = 'Europe/Berlin'", session_id=session)
    assert zone("SELECT timezone()", session_id=session) == "Europe/Berlin"
    assert zone("SELECT timezone()", session_id=session, session_timezone="Asia/Tokyo") == "Asia/Tokyo"
