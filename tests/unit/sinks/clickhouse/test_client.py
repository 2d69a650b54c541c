from __future__ import annotations

import pytest

from sinks.clickhouse.client import PIECE_BYTES, _pieces, is_transient


@pytest.mark.parametrize(
    ("status", "code", "text"),
    [
        (500, 210, "Code: 210. DB::Exception: Connection refused: while fetching schema id = 7 (NETWORK_ERROR)"),
        (400, 117, "Code: 117. DB::Exception: ... while fetching schema id = 7 (INCORRECT_DATA)"),
        (404, 60, "Code: 60. DB::Exception: Table shop.events does not exist (UNKNOWN_TABLE)"),
        (404, 81, "Code: 81. DB::Exception: Database shop does not exist (UNKNOWN_DATABASE)"),
        (500, 241, "Code: 241. DB::Exception: Memory limit exceeded"),
        (500, 252, "Code: 252. DB::Exception: Too many parts"),
        (500, 202, "Code: 202. DB::Exception: Too many simultaneous queries"),
        (503, 0, ""),
        (429, 0, "slow down"),
        (502, 0, "<html>bad gateway</html>"),
    ],
)
def test_trouble_of_a_server_is_waited_out(status: int, code: int, text: str) -> None:
    assert is_transient(status, code, text)


@pytest.mark.parametrize(
    ("status", "code", "text"),
    [
        (400, 117, "Code: 117. DB::Exception: Missing AvroConfluent magic byte (INCORRECT_DATA)"),
        (500, 1001, "std::exception. Code: 1001, type: avro::Exception, e.what() = EOF reached"),
        (400, 27, "Code: 27. DB::Exception: Cannot parse input"),
        (404, 16, "Code: 16. DB::Exception: No such column (NO_SUCH_COLUMN_IN_TABLE)"),
        (403, 516, "Code: 516. DB::Exception: Authentication failed"),
    ],
)
def test_a_refusal_of_the_data_or_the_statement_is_not(status: int, code: int, text: str) -> None:
    assert not is_transient(status, code, text)


def test_rows_go_out_in_pieces_and_whole() -> None:
    rows = [b"a" * 100_000, b"b" * 200_000, b"c", b"d" * PIECE_BYTES]
    pieces = list(_pieces(rows))
    assert b"".join(pieces) == b"".join(rows)
    assert [len(piece) for piece in pieces] == [300_000, PIECE_BYTES + 1]
    assert list(_pieces([])) == []
