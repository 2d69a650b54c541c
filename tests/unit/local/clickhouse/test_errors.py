"""Codes, statuses, and the engine's own messages."""

from __future__ import annotations

import pytest

from local.clickhouse.errors import QueryError


@pytest.mark.parametrize(
    ("text", "code", "status", "message"),
    [
        ("Code: 60. DB::Exception: No t. (UNKNOWN_TABLE) (version 26.9.2.1)", 60, 404, "No t. (UNKNOWN_TABLE)"),
        ("Streaming query failed: Code: 395. DB::Exception: no (X)", 395, 500, "no (X)"),
        (
            "Code: 6. DB::Exception: a\nb (CANNOT_PARSE_TEXT) (version 1.2 (official build))",
            6,
            400,
            "a\nb (CANNOT_PARSE_TEXT)",
        ),
        ("something else", 1002, 500, "something else (UNKNOWN_EXCEPTION)"),
        (
            "Code: 497. DB::Exception: no (ACCESS_DENIED), Stack trace (when copying this): 0. x",
            497,
            403,
            "no (ACCESS_DENIED)",
        ),
        ("Code: 164. DB::Exception: no (READONLY)", 164, 500, "no (READONLY)"),
    ],
)
def test_the_engine_words_become_a_code_and_a_message(text, code, status, message):
    error = QueryError.from_engine(text)
    assert (error.code, error.status, error.message) == (code, status, message)


def test_the_text_is_one_a_client_can_parse():
    assert QueryError(60, "No t. (UNKNOWN_TABLE)").text("26.9.2.1") == (
        "Code: 60. DB::Exception: No t. (UNKNOWN_TABLE) (version 26.9.2.1 (official build))\n"
    )
