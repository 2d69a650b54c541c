"""What the text of a statement shows."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.clickhouse.errors import QueryError
from local.clickhouse.statements import (
    Insert,
    address_by_comment,
    answers_with_rows,
    can_stream,
    find_insert,
    first_word,
    is_insert,
    output_format,
    quote_identifier,
    quote_string,
    refuse_local_access,
)

NOISE = [
    b" ",
    b"\n",
    b"\t",
    b"/* FORMAT x VALUES ( */",
    b"-- it's ( a 'comment\n",
    b"# comment FORMAT y\n",
    b"#! SELECT\n",
]
noise = st.lists(st.sampled_from(NOISE), max_size=4).map(b"".join)
gap = st.tuples(st.sampled_from([b" ", b"\n"]), noise).map(b"".join)
formats = st.sampled_from(["Native", "JSONEachRow", "AvroConfluent", "CSV", "Arrow"])
columns = st.sampled_from([b"", b" (a, b)", b' (`a)`, "FORMAT x")', b" (a, (b))", b" (* EXCEPT(b))"])
tables = st.sampled_from([b"t", b"shop.t", b"`FORMAT x`", b'"select"', b"FUNCTION null('a FORMAT Int8')"])


@given(noise, gap, tables, columns, gap, formats, st.binary(max_size=50))
def test_the_rows_of_an_insert_begin_behind_its_format(before, between, table, names, space, name, rows):
    statement = before + b"INSERT" + between + b"INTO " + table + names + space
    sql = statement + b"FORMAT " + name.encode() + b"\n" + rows
    assert is_insert(sql)
    insert = find_insert(sql)
    assert insert is not None
    assert (insert.statement, insert.format, sql[insert.data_offset :]) == (statement, name, rows)


@given(tables, columns, formats, st.binary(max_size=80), st.integers(0, 200))
def test_what_has_not_all_arrived_is_not_believed(table, names, name, rows, cut):
    sql = b"INSERT INTO " + table + names + b" FORMAT " + name.encode() + b" SETTINGS a = 1, b = 'x y'\n" + rows
    whole = find_insert(sql)
    early = find_insert(sql[:cut], complete=False)
    assert (
        early is None
        or (early.format, early.data_offset) == (whole.format, whole.data_offset)
        or cut < len(sql) - len(rows)
    )
    if early is not None and cut > sql.index(b"\n"):
        assert early == whole


@given(st.binary(max_size=200))
def test_no_bytes_make_the_scanner_fail(sql):
    first_word(sql)
    output_format(sql)
    address_by_comment(sql)
    for text in (sql, b"INSERT INTO t " + sql):
        try:
            refuse_local_access(text)
            find_insert(text)
        except QueryError:
            pass


@given(st.text(alphabet="'\\`a\n\x00", max_size=12))
def test_a_quoted_string_is_one_literal_and_hides_what_is_in_it(text):
    literal = quote_string(text + " INTO OUTFILE file('x')").encode()
    refuse_local_access(b"SELECT " + literal)
    assert output_format(b"SELECT " + literal + b" FORMAT TSV") == "TSV"


@given(st.text(alphabet="'\\`a\n", max_size=12))
def test_a_quoted_identifier_ends_where_it_should(name):
    sql = b"INSERT INTO " + quote_identifier(name + " FORMAT x").encode() + b" FORMAT CSV\n1"
    insert = find_insert(sql)
    assert insert is not None
    assert (insert.format, sql[insert.data_offset :]) == ("CSV", b"1")


def test_settings_behind_the_format_stay_with_the_statement():
    sql = b"INSERT INTO t FORMAT CSV SETTINGS format_csv_delimiter = '|', max_threads = 2\n1|2"
    insert = find_insert(sql)
    assert insert == Insert(
        b"INSERT INTO t SETTINGS format_csv_delimiter = '|', max_threads = 2", "CSV", len(sql) - len(b"1|2")
    )


def test_a_row_that_begins_like_settings_is_a_row():
    sql = b"INSERT INTO t FORMAT TSV\nSETTINGS\t1\n"
    assert sql[find_insert(sql).data_offset :] == b"SETTINGS\t1\n"


def test_values_are_rows_of_the_format_values():
    sql = b"INSERT INTO t (a) VALUES (1), (2)"
    insert = find_insert(sql)
    assert (insert.statement, insert.format, sql[insert.data_offset :]) == (
        b"INSERT INTO t (a) ",
        "Values",
        b" (1), (2)",
    )


@pytest.mark.parametrize(
    "sql",
    [
        b"INSERT INTO t SELECT 1",
        b"INSERT INTO t SELECT 1 FORMAT TSV",
        b"INSERT INTO t WITH x AS (SELECT 1) SELECT * FROM x",
    ],
)
def test_an_insert_that_selects_brings_no_rows(sql):
    assert find_insert(sql) is None


def test_input_is_found_with_its_structure():
    sql = b"INSERT INTO t SELECT a FROM input('a String, b Enum(\\'x\\' = 1)') FORMAT CSV\nrows"
    insert = find_insert(sql)
    assert insert.input.structure == "a String, b Enum('x' = 1)"
    assert insert.statement[insert.input.start : insert.input.end].startswith(b"input('")
    assert insert.statement[insert.input.end :] == b" "
    assert (insert.format, sql[insert.data_offset :]) == ("CSV", b"rows")


@pytest.mark.parametrize(
    "sql", [b"INSERT INTO t SELECT * FROM input('a Int8')", b"INSERT INTO t SELECT * FROM input(x) FORMAT TSV"]
)
def test_input_without_format_or_structure_is_refused(sql):
    with pytest.raises(QueryError, match="NOT_IMPLEMENTED"):
        find_insert(sql)


@pytest.mark.parametrize(
    ("sql", "word"),
    [
        (b"select 1", b"SELECT"),
        (b"  ((SELECT 1))", b"SELECT"),
        (b"-- x\n/* y */ With 1 as x select x", b"WITH"),
        (b"", b""),
        (b"/* never ends", b""),
    ],
)
def test_the_first_word_is_found_behind_comments_and_brackets(sql, word):
    assert first_word(sql) == word


def test_statements_are_told_apart_by_what_they_give():
    assert answers_with_rows(b"SHOW TABLES")
    assert not answers_with_rows(b"CREATE TABLE t (a Int8) ENGINE = Memory")
    assert can_stream(b"FROM t SELECT a")
    assert not can_stream(b"SHOW TABLES")


@pytest.mark.parametrize(
    ("sql", "name"),
    [
        (b"SELECT 1 FORMAT JSON", "JSON"),
        (b"SELECT 1 format JSON ; ", "JSON"),
        (b"SELECT 1 FORMAT JSON -- FORMAT CSV", "JSON"),
        (b"SELECT 1 FORMAT CSV SETTINGS a = 'FORMAT x'", "CSV"),
        (b"SELECT 'FORMAT JSON'", None),
        (b"SELECT formatDateTime(now(), '%Y')", None),
    ],
)
def test_the_format_of_a_result_stands_at_its_end(sql, name):
    assert output_format(sql) == name


@pytest.mark.parametrize(
    "sql",
    [
        b"SELECT 1 INTO OUTFILE 'x'",
        b"select 1 into\n/* x */outfile 'x'",
        b"INSERT INTO t FROM INFILE 'x'",
        b"SELECT file('x')",
        b"SELECT `file` ('x')",
        b"SELECT `\\x66ile`('x')",
        b"SELECT 'a' || FILE/**/('x')",
        b"SELECT * FROM python(x)",
        b"SET ROLE ALL",
        b"/* x */ SET DEFAULT ROLE ALL TO default",
        b"EXECUTE AS default SELECT 1",
    ],
)
def test_what_reaches_outside_is_refused(sql):
    with pytest.raises(QueryError):
        refuse_local_access(sql)


@pytest.mark.parametrize(
    "sql",
    [
        b"SELECT 'x INTO OUTFILE y', \"file (1)\"",
        b"SELECT profile(1), a.file FROM t",
        b"CREATE TABLE IF NOT EXISTS file (a Int8) ENGINE = Memory",
        b"INSERT INTO shop.file (a) VALUES (1)",
        b"SELECT $$file('x')$$",
        b"SET max_threads = 1",
    ],
)
def test_what_only_looks_like_it_is_not(sql):
    refuse_local_access(sql)


def test_kill_query_addresses_the_id_that_the_client_gave():
    sql = b"KILL QUERY WHERE query_id = 'query_id' AND user = 'x' SYNC"
    assert address_by_comment(sql) == b"KILL QUERY WHERE Settings['log_comment'] = 'query_id' AND user = 'x' SYNC"
    assert address_by_comment(b"SELECT query_id FROM t") == b"SELECT query_id FROM t"
