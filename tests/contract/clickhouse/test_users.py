"""Who may ask, and what: the users of our process's file. Of another server, only that a wrong password is wrong."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

USERS = {
    "default": {"password": ""},
    "hashed": {"password_sha256_hex": hashlib.sha256(b"sesame").hexdigest()},
    "reader": {"password": "r", "settings": {"readonly": 2}},
    "frozen": {"password": "f", "settings": {"readonly": 1, "max_threads": 1}},
    "bound": {"password": "b", "databases": ["shop"]},
}


@pytest.fixture(scope="module")
def as_user(embedded, tmp_path_factory, start_at):
    """Run a statement as a user; give the answer."""
    folder = tmp_path_factory.mktemp("users")
    (folder / "users.json").write_text(json.dumps(USERS))
    gateway = start_at(folder / "data", "--users", str(folder / "users.json"))

    def run(user: str, sql: str, **parameters: str) -> httpx.Response:
        password = {"hashed": "sesame"}.get(user, str(USERS[user].get("password", "")))
        with gateway.client(user, password) as client:
            return client.post("/", params=parameters, content=sql)

    run.url = gateway.url
    for sql in ("CREATE DATABASE shop", "CREATE DATABASE other"):
        run("default", sql).raise_for_status()
    for database in ("shop", "other"):
        run("default", f"CREATE TABLE {database}.t (a UInt8) ENGINE = MergeTree ORDER BY a").raise_for_status()
    yield run
    assert gateway.terminate() == 0


def _code(answer: httpx.Response) -> str | None:
    return answer.headers.get("X-ClickHouse-Exception-Code")


def test_a_wrong_password_is_refused(server):
    for user in (server.user, "nobody"):
        answer = httpx.post(server.url, auth=(user, "certainly wrong"), content="SELECT 1", timeout=30)
        assert answer.status_code in (401, 403)
        assert _code(answer) in ("516", "194")


def test_a_user_is_who_the_password_proves_however_it_is_sent(as_user):
    url = as_user.url
    assert as_user("hashed", "SELECT 1").text == "1\n"
    in_headers = {"X-ClickHouse-User": "hashed", "X-ClickHouse-Key": "sesame"}
    assert httpx.post(url, headers=in_headers, content="SELECT 1", timeout=30).text == "1\n"
    in_url = {"user": "hashed", "password": "sesame"}
    assert httpx.post(url, params=in_url, content="SELECT 1", timeout=30).text == "1\n"
    for headers in (
        {"X-ClickHouse-User": "hashed", "X-ClickHouse-Key": "Sesame"},
        {"Authorization": "Bearer x"},
        {"Authorization": "Basic ???"},
    ):
        answer = httpx.post(url, headers=headers, content="SELECT 1", timeout=30)
        assert (answer.status_code, _code(answer)) == (403, "516")
    hash_as_password = {"user": "hashed", "password": str(USERS["hashed"]["password_sha256_hex"])}
    assert httpx.post(url, params=hash_as_password, content="SELECT 1", timeout=30).status_code == 403


def test_a_read_only_user_reads_and_changes_nothing(as_user):
    for user in ("reader", "frozen"):
        assert as_user(user, "SELECT count() FROM shop.t").text == "0\n"
        for sql in ("INSERT INTO shop.t VALUES (1)", "DROP TABLE shop.t", "CREATE DATABASE x", "TRUNCATE TABLE shop.t"):
            assert _code(as_user(user, sql)) == "164", sql
    assert as_user("reader", "SELECT getSetting('max_threads')", max_threads="2").text == "2\n"
    assert _code(as_user("frozen", "SELECT 1", max_threads="2")) == "164"
    assert as_user("frozen", "SELECT getSetting('max_threads')").text == "1\n"


def test_a_read_only_user_cannot_leave_read_only_in_a_session(as_user):
    session = {"session_id": "s"}
    assert _code(as_user("reader", "SET readonly = 0", **session)) == "164"
    assert _code(as_user("reader", "SELECT 1", readonly="0", **session)) == "164"
    assert _code(as_user("reader", "INSERT INTO shop.t VALUES (1)", **session)) == "164"


def test_a_bound_user_sees_and_changes_its_databases_only(as_user):
    assert as_user("bound", "CREATE TABLE shop.u (a UInt8) ENGINE = Memory").status_code == 200
    assert as_user("bound", "INSERT INTO shop.u VALUES (1)").status_code == 200
    assert as_user("bound", "SELECT count() FROM shop.u").text == "1\n"
    assert as_user("bound", "SELECT count() FROM shop.t").text == "0\n"
    assert as_user("bound", "SHOW DATABASES").text == "shop\n"
    for sql in (
        "SELECT count() FROM other.t",
        "INSERT INTO other.t VALUES (1)",
        "DROP TABLE other.t",
        "DROP DATABASE shop",
        "CREATE DATABASE mine",
        "SELECT * FROM url('http://127.0.0.1:1/', 'TSV', 'a String')",
        "SET ROLE unbound",
        "SET /* x */ ROLE ALL",
        "SET DEFAULT ROLE ALL TO default",
        "EXECUTE AS default",
    ):
        answer = as_user("bound", sql, session_id="bound")
        assert (answer.status_code, _code(answer)) == (403, "497"), sql


def test_sessions_of_two_users_are_two_sessions(as_user):
    as_user("default", "CREATE TEMPORARY TABLE mine (a UInt8)", session_id="s").raise_for_status()
    assert _code(as_user("hashed", "SELECT * FROM mine", session_id="s")) == "60"


def _start_and_fail(path: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "local.clickhouse", "--path", str(path / "data"), "--port", "0", *arguments]
    root = Path(__file__).resolve().parents[3]
    return subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("not json", "cannot be read"),
        ("[]", "must hold an object"),
        ('{"a": {}}', "needs a password"),
        ('{"a": {"password_sha256_hex": "12"}}', "64 hexadecimal digits"),
        ('{"a": {"password": "x", "colour": "red"}}', "unknown fields ['colour']"),
    ],
)
def test_a_wrong_file_of_users_is_told_at_the_start(tmp_path, embedded, text, complaint):
    (tmp_path / "users.json").write_text(text)
    outcome = _start_and_fail(tmp_path, "--users", str(tmp_path / "users.json"))
    assert outcome.returncode == 2
    assert complaint in outcome.stderr
    assert "Traceback" not in outcome.stderr


def test_nobody_listens_to_other_machines_without_passwords(tmp_path, embedded):
    outcome = _start_and_fail(tmp_path, "--host", "0.0.0.0")
    assert outcome.returncode == 2
    assert "have no password: default" in outcome.stderr
