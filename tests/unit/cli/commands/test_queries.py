from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from cli.commands.queries import list_queries, show_table, write_csv, write_json
from cli.context import out
from dashboards.queries import Answer

ANSWER = Answer(
    ("day", "minute", "title", "orders", "gross", "average_order_value"),
    [
        (date(2026, 1, 2), datetime(2026, 1, 2, 3, 4, tzinfo=UTC), 'a, "b"', 1234, Decimal("1E+4"), None),
        (date(2026, 1, 3), datetime(2026, 1, 3, tzinfo=UTC), "c", 0, Decimal("0.0000"), Decimal("0.0001")),
    ],
)


def test_csv_is_exact_and_without_exponents(capsys: pytest.CaptureFixture[str]) -> None:
    write_csv(ANSWER)
    assert capsys.readouterr().out == (
        "day,minute,title,orders,gross,average_order_value\n"
        '2026-01-02,2026-01-02T03:04:00+00:00,"a, ""b""",1234,10000,\n'
        "2026-01-03,2026-01-03T00:00:00+00:00,c,0,0.0000,0.0001\n"
    )


def test_json_has_counts_as_numbers_and_amounts_as_exact_text(capsys: pytest.CaptureFixture[str]) -> None:
    write_json(ANSWER)
    assert json.loads(capsys.readouterr().out)[0] == {
        "day": "2026-01-02",
        "minute": "2026-01-02T03:04:00+00:00",
        "title": 'a, "b"',
        "orders": 1234,
        "gross": "10000",
        "average_order_value": None,
    }


def test_a_table_groups_thousands(capsys: pytest.CaptureFixture[str]) -> None:
    show_table(ANSWER)
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert lines[0] == list(ANSWER.columns)
    assert lines[1] == ["2026-01-02", "2026-01-02", "03:04", "a,", '"b"', "1,234", "10,000", "-"]


def test_a_table_wider_than_the_terminal_is_not_cut(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(out, "_width", 20)
    show_table(ANSWER)
    assert len(capsys.readouterr().out.splitlines()) == 1 + len(ANSWER.rows)
    show_table(ANSWER)
    assert "average_order_value" in capsys.readouterr().out


def test_the_list_says_what_each_query_answers(capsys: pytest.CaptureFixture[str]) -> None:
    list_queries()
    assert (
        "sales_minutely  Sales of one minute in one currency. Grain: one row a minute and currency.\n"
        in capsys.readouterr().out
    )
