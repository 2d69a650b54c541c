"""Files as people have them: read rightly, or refused with the file, the place and what to do."""

from __future__ import annotations

import codecs
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from recommender.evaluation import sampled
from recommender.evaluation.event_files import Events, read_events, read_pairs
from recommender.evaluation.files import read_attributes, read_user_lists
from recommender.evaluation.sampled import read_sampled
from recommender.evaluation.session import read_sessions
from recommender.interactions import KINDS
from schemas.errors import ConfigurationError

MOMENT = datetime(2026, 11, 27, tzinfo=UTC)
SECONDS = int(MOMENT.timestamp())


def quiet(doing: str) -> None:
    """Nobody reads the progress of a test."""


def read(folder: Path, **columns: Any) -> Events:
    """The events of a Parquet file of two rows; the columns that a test does not name are as they should be."""
    rest = {"timestamp": [SECONDS] * 2, "user": ["ann", "bob"], "event": ["view", "buy"], "item": ["hat", "cap"]}
    pq.write_table(pa.table(rest | columns), folder / "events.parquet")
    return read_events(folder)


@pytest.mark.parametrize(
    "times",
    [
        [SECONDS] * 2,
        [SECONDS * 1_000, SECONDS],
        [SECONDS * 1_000_000] * 2,
        [SECONDS * 1_000_000_000] * 2,
        [float(SECONDS) * 1_000] * 2,
        [MOMENT] * 2,
        [MOMENT.replace(tzinfo=None)] * 2,
        pa.array([SECONDS * 1_000_000_000 + 1] * 2, pa.timestamp("ns")),
        [date(2026, 11, 27)] * 2,
        ["2026-11-27T00:00:00Z", "2026-11-27 01:00:00+01:00"],
        ["2026-11-27", "20261127"],
        [str(SECONDS), f" {SECONDS}000 "],
    ],
)
def test_times_are_read_in_every_form_that_is_clear(tmp_path: Path, times: Any) -> None:
    assert read(tmp_path, timestamp=times).times.tolist() == [SECONDS, SECONDS]


@pytest.mark.parametrize(
    "times", [[SECONDS, None], [SECONDS, np.nan], ["2026-11-27", "27/11/2026"], ["2026-11-27", ""]]
)
def test_a_time_that_is_none_is_refused_with_its_row(tmp_path: Path, times: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"events\.parquet, row 2: the time .* cannot be read.*ISO 8601"):
        read(tmp_path, timestamp=times)


def test_kinds_are_known_in_any_case(tmp_path: Path) -> None:
    events = read(tmp_path, event=pa.array([" Purchase", "VIEW"]).dictionary_encode())
    assert [KINDS[kind] for kind in events.kinds] == ["purchase", "view_item"]


def test_columns_are_known_in_any_case_and_behind_a_byte_order_mark(tmp_path: Path) -> None:
    table = pa.table({"\ufeffTimestamp": [SECONDS], " USER ": ["ann"], "Event": ["view"], "item": ["hat"]})
    pq.write_table(table, tmp_path / "events.parquet")
    assert read_events(tmp_path).item_names == ["hat"]


def test_rows_without_a_name_are_counted_and_are_no_users_called_nan(tmp_path: Path) -> None:
    assert read(tmp_path, user=[17850.0, np.nan]).user_names == ["17850"]
    events = read(tmp_path, user=["ann", " "], event=["view", "view"])
    assert (events.user_names, events.left_out) == (["ann"], {"without a user or an item": 1})
    assert read(tmp_path, event=["view", "rating"]).left_out == {"of kinds that are no interactions": 1}


def test_invoices_without_a_customer_are_left_out_and_counted(tmp_path: Path) -> None:
    columns = {
        "InvoiceDate": [MOMENT] * 3,
        "CustomerID": [7.0, np.nan, 7.0],
        "StockCode": ["A", "B", "C"],
        "Quantity": [1, 1, -1],
        "UnitPrice": [1.5] * 3,
    }
    pq.write_table(pa.table(columns), tmp_path / "retail.parquet")
    events = read_events(tmp_path)
    assert (events.user_names, events.item_names) == (["7"], ["A"])
    assert events.left_out == {"that are no sales": 1, "without a user or an item": 1}


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"event": ["rating", "rating"]}, "of its 2 rows 2 of kinds that are no interactions are left out"),
        ({"timestamp": [[1], [2]]}, "has a column of another type than timestamp, user, event, item"),
    ],
)
def test_a_table_without_events_says_why(tmp_path: Path, columns: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        read(tmp_path, **columns)


def test_empty_files_are_refused(tmp_path: Path) -> None:
    pq.write_table(
        pa.table({name: pa.array([], pa.string()) for name in ("timestamp", "user", "event", "item")}),
        tmp_path / "no_rows.parquet",
    )
    for name in ("empty.parquet", "empty.txt", "empty.json"):
        (tmp_path / name).write_bytes(b"")
    with pytest.raises(ConfigurationError, match="no events of a user with an item: of its 0 rows"):
        read_events(tmp_path / "no_rows.parquet")
    with pytest.raises(ConfigurationError, match="Write it as Parquet, with the columns timestamp"):
        read_events(tmp_path / "empty.parquet")
    with pytest.raises(ConfigurationError, match="has no lines"):
        read_user_lists(tmp_path / "empty.txt")
    with pytest.raises(ConfigurationError, match="is not JSON"):
        read_attributes(tmp_path / "empty.json")
    sessions = tmp_path / "sessions.txt"
    sessions.write_text("a b\n")
    with pytest.raises(ConfigurationError, match=r"has no lines; a line is: item item \.\.\.<TAB>item"):
        read_sessions(sessions, tmp_path / "empty.txt")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_marks_and_blanks_and_empty_lines_do_not_matter_to_pairs(tmp_path: Path, encoding: str) -> None:
    pairs = tmp_path / "pairs.csv"
    pairs.write_text('ann, hat\r\n\r\n"bob" ,cap \r\nann,none\r\n', encoding=encoding, newline="")
    users, items, unknown = read_pairs(pairs, read(tmp_path))
    assert (users.tolist(), items.tolist(), unknown) == ([0, 1], [1, 0], 1)


@pytest.mark.parametrize("line", ["bob", "bob,", "bob;hat", "bob,hat,3"])
def test_a_line_that_is_no_pair_is_refused_with_its_number(tmp_path: Path, line: str) -> None:
    pairs = tmp_path / "pairs.csv"
    pairs.write_text(f"ann,hat\n\n{line}\n")
    with pytest.raises(ConfigurationError, match=r"pairs\.csv, line 3: a line is: user,item"):
        read_pairs(pairs, read(tmp_path))


@pytest.mark.parametrize("mark", [b"", codecs.BOM_UTF8])
def test_a_byte_order_mark_is_no_part_of_a_user(tmp_path: Path, mark: bytes) -> None:
    lists = tmp_path / "lists.txt"
    lists.write_bytes(mark + b"ann hat\n")
    assert read_user_lists(lists).users == ["ann"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"ann hat\nbob cap, hat\n", "line 2: 'cap,' ends in a separator"),
        (b"ann hat NaN\n", "line 1: 'NaN' is no user or item"),
        ("ann hät\n".encode("latin-1"), "no text in UTF-8.*Save it as UTF-8"),
    ],
)
def test_a_list_of_another_form_is_refused(tmp_path: Path, content: bytes, said: str) -> None:
    lists = tmp_path / "lists.txt"
    lists.write_bytes(content)
    with pytest.raises(ConfigurationError, match=said):
        read_user_lists(lists)


@pytest.mark.parametrize(
    ("text", "said"), [('{"hat": [NaN]}', "NaN is no JSON value"), ('{"hat": [null]}', "of item 'hat' must be texts")]
)
def test_attributes_that_are_none_are_refused(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "attributes.json"
    file.write_text(text)
    with pytest.raises(ConfigurationError, match=said):
        read_attributes(file)


def sampled_files(folder: Path, users: Any, cases: Any) -> Path:
    pq.write_table(pa.table({"ncf_user": users, "ncf_item": [1, 2]}), folder / sampled.RATINGS)
    np.savez(folder / sampled.NEGATIVES, neg=cases)
    return folder


@pytest.mark.parametrize("users", [[0.0, 1.5], [0.0, None], ["ann", "bob"], [0, -1]])
def test_ratings_that_are_no_whole_numbers_are_refused(tmp_path: Path, users: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"ratings\.parquet must"):
        read_sampled(sampled_files(tmp_path, users, [[0, 1, 2]]), quiet)


@pytest.mark.parametrize("cases", [[[0.0, np.nan, 2.0]], [[0.5, 1.0, 2.0]], [["a", "b", "c"]], [0, 1, 2]])
def test_cases_that_are_no_whole_numbers_are_refused(tmp_path: Path, cases: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"ncf_test_99neg\.npz"):
        read_sampled(sampled_files(tmp_path, [0, 1], cases), quiet)


@pytest.mark.parametrize("content", [b"", b"PK", b"user,item"])
def test_a_file_of_cases_that_is_no_npz_is_refused(tmp_path: Path, content: bytes) -> None:
    sampled_files(tmp_path, [0, 1], [[0, 1, 2]])
    (tmp_path / sampled.NEGATIVES).write_bytes(content)
    with pytest.raises(ConfigurationError, match="must be an npz"):
        read_sampled(tmp_path, quiet)
