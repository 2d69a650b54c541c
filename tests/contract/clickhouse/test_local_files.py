"""A statement must not read or write the files of the server's machine."""

from __future__ import annotations

import pytest

HOST_FILE = "/etc/hostname"


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1 INTO OUTFILE '{new}'",
        "SELECT 1 INTO /* x */ OUTFILE '{new}' FORMAT TSV",
        "INSERT INTO t FROM INFILE '{host}' FORMAT LineAsString",
        "SELECT * FROM file('{host}', 'LineAsString')",
        "SELECT * FROM `file`('{host}', 'LineAsString')",
        "SELECT file('{host}')",
        "SELECT FILE -- x\n ('{host}')",
        "SELECT * FROM `{host}`",
        "SELECT * FROM '{host}'",
        "INSERT INTO FUNCTION file('{new}', 'TSV', 'a String') SELECT 'x'",
        "INSERT INTO t VALUES (file('{host}'))",
        "INSERT INTO t FORMAT Values (file('{host}'))",
        "CREATE TABLE f (a String) ENGINE = File(TSV, '{new}')",
        "SELECT * FROM sqlite('{host}', 't')",
        "SELECT * FROM executable('id', 'TSV', 'a String')",
        "BACKUP DATABASE default TO File('{new}')",
        "CREATE DICTIONARY d (a String, b String) PRIMARY KEY a"
        " SOURCE(FILE(path '{host}' format 'TSV')) LAYOUT(COMPLEX_KEY_HASHED()) LIFETIME(0)",
    ],
)
def test_files_of_the_machine_are_out_of_reach(http, ask, tmp_path, sql):
    ask("CREATE TABLE t (a String) ENGINE = Memory")
    new = tmp_path / "new"
    answer = http.post("/", content=sql.format(host=HOST_FILE, new=new))
    assert answer.status_code >= 400, answer.text
    assert answer.headers["X-ClickHouse-Exception-Code"]
    assert not new.exists()
    assert ask("SELECT count() FROM t") == "0\n"


def test_objects_of_the_process_are_out_of_reach(http, embedded):
    answer = http.post("/", content="SELECT * FROM Python(sys)")
    assert answer.headers["X-ClickHouse-Exception-Code"] == "497"


def test_a_client_cannot_stop_the_server(http, embedded):
    answer = http.post("/", content="SYSTEM SHUTDOWN")
    assert answer.headers["X-ClickHouse-Exception-Code"] == "497"
    assert http.post("/", content="SELECT 1").text == "1\n"


def test_text_that_only_speaks_of_files_is_welcome(ask):
    ask("CREATE TABLE file (a String) ENGINE = Memory")
    ask("INSERT INTO file (a) VALUES ('see file (1), INTO OUTFILE or python(x)')")
    assert ask("SELECT a FROM file /* not file('x') */") == "see file (1), INTO OUTFILE or python(x)\n"
