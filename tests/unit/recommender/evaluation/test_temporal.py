"""The protocol ``temporal``."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from recommender.evaluation.event_files import Events, read_events, read_pairs
from recommender.evaluation.request import Request
from recommender.evaluation.temporal import evaluate, temporal_split
from recommender.evaluation.temporal import test_part as part_from
from recommender.interactions import KINDS
from schemas.errors import ConfigurationError

BEGIN = datetime(2024, 5, 1, tzinfo=UTC)
Row = tuple[int, str, str, str]
"""Hour after BEGIN, user, event, item."""

ROWS: list[Row] = [
    (0, "ann", "view", "hat"),
    (1, "ann", "transaction", "hat"),
    (2, "bob", "view", "cap"),
    (3, "bob", "rating", "cap"),
    (10, "ann", "transaction", "hat"),
    (11, "ann", "transaction", "cap"),
    (12, "bob", "view", "hat"),
    (13, "cy", "transaction", "hat"),
]


def quiet(doing: str) -> None:
    """Nobody reads the progress of a test."""


def seconds(hour: float) -> float:
    return (BEGIN + timedelta(hours=hour)).timestamp()


def written(path: Path, rows: list[Row]) -> Path:
    hours, users, events, items = zip(*rows, strict=True)
    times = [int(seconds(hour)) for hour in hours]
    pq.write_table(pa.table({"timestamp": times, "user": users, "event": events, "item": items}), path)
    return path


@pytest.fixture
def events(tmp_path: Path) -> Events:
    return read_events(written(tmp_path / "events.parquet", ROWS))


def test_kinds_that_say_nothing_of_a_product_are_left_out(events: Events) -> None:
    assert len(events.items) == len(ROWS) - 1
    assert (events.user_names, events.item_names) == (["ann", "bob", "cy"], ["cap", "hat"])
    assert [KINDS[kind] for kind in events.kinds[:3]] == ["view_item", "purchase", "view_item"]
    assert events.times[0] == seconds(0)


def test_seconds_milliseconds_and_timestamps_are_the_same_times(tmp_path: Path, events: Events) -> None:
    hours, users, kinds, items = zip(*ROWS, strict=True)
    rest = {"user": users, "event": kinds, "item": items}
    in_milliseconds = pa.table({"timestamp": [int(seconds(hour) * 1000) for hour in hours], **rest})
    as_timestamps = pa.table({"timestamp": [BEGIN + timedelta(hours=hour) for hour in hours], **rest})
    for index, table in enumerate((in_milliseconds, as_timestamps)):
        pq.write_table(table, tmp_path / f"{index}.parquet")
        assert read_events(tmp_path / f"{index}.parquet").times.tolist() == events.times.tolist()


def test_invoices_are_read_as_purchases_without_returns_and_strangers(tmp_path: Path) -> None:
    when = [datetime(2011, 11, day, 8, tzinfo=UTC) for day in (1, 2, 3, 4)]
    table = pa.table(
        {
            "InvoiceDate": [time.replace(tzinfo=None) for time in when],
            "CustomerID": pa.array([7, 7, None, 8], pa.int32()),
            "StockCode": ["A", "B", "A", "B"],
            "Quantity": [1, -1, 2, 3],
            "UnitPrice": [1.5, 1.5, 1.5, 2.0],
        }
    )
    pq.write_table(table, tmp_path / "retail.parquet")
    events = read_events(tmp_path)
    assert (events.user_names, events.item_names) == (["7", "8"], ["A", "B"])
    assert events.times.tolist() == [when[0].timestamp(), when[3].timestamp()]
    assert [KINDS[kind] for kind in events.kinds] == ["purchase", "purchase"]


def test_an_error_names_the_known_layouts_for_a_table_of_other_columns(tmp_path: Path) -> None:
    pq.write_table(pa.table({"when": [1]}), tmp_path / "other.parquet")
    with pytest.raises(ConfigurationError, match="timestamp, user, event, item"):
        read_events(tmp_path / "other.parquet")


def test_right_is_what_known_users_bought_after_the_cut(events: Events) -> None:
    cut = temporal_split(events, seconds(5), np.inf, repeats=True)
    assert [items.tolist() for items in cut.training.histories] == [[1, 1], [0], []]
    assert [items.tolist() for items in cut.cases] == [[1, 1]]
    assert cut.right.toarray().tolist() == [[1, 1]]
    assert cut.hidden.nnz == 0


def test_without_repeats_what_was_bought_is_neither_right_nor_recommended(events: Events) -> None:
    cut = temporal_split(events, seconds(5), np.inf, repeats=False)
    assert cut.right.toarray().tolist() == [[1, 0]]
    assert cut.hidden.toarray().tolist() == [[0, 1]]


def test_what_happens_behind_the_end_is_not_known(events: Events) -> None:
    assert temporal_split(events, seconds(5), seconds(11), repeats=True).right.toarray().tolist() == [[0, 1]]


def test_a_cut_before_which_nobody_is_known_is_refused(events: Events) -> None:
    with pytest.raises(ConfigurationError, match=r"before 2024-04-30T23:00:00 .*choose another --cut"):
        part_from(events, Request(), seconds(-1), quiet)


def test_a_file_of_purchases_names_users_and_items(tmp_path: Path, events: Events) -> None:
    pairs = tmp_path / "pairs.csv"
    pairs.write_text("user,item\nbob,hat\nstranger,hat\n")
    users, items, unknown = read_pairs(pairs, events)
    assert (users.tolist(), items.tolist(), unknown) == ([1], [1], 2)
    pairs.write_text("bob,hat\nbob\n")
    with pytest.raises(ConfigurationError, match="2"):
        read_pairs(pairs, events)


def regulars() -> list[Row]:
    """Ten users who buy their own thing again every ten hours, and the thing that goes with it once."""
    return [
        (10 * day + user % 5, f"u{user}", "transaction", f"own{user % 5}") for day in range(9) for user in range(10)
    ] + [(85 + user % 5, f"u{user}", "view", f"side{user % 5}") for user in range(10)]


def test_the_measures_are_counted_on_lists_and_the_same_each_time(tmp_path: Path) -> None:
    path = written(tmp_path / "events.parquet", sorted(regulars()))
    request = Request(data=path, cut=BEGIN + timedelta(hours=80), model="repeat_consumption")
    result = evaluate(request, quiet)
    assert result.metrics["HR@10"] == result.metrics["NDCG@10"] == result.metrics["MAP@10"] == 1.0
    assert result.metrics["coverage@10"] == 0.5
    # All five things were bought as often: equal ones are ranked by their index, and each is right for two users.
    ranks = np.arange(1, 6)
    assert result.baselines["popularity"]["NDCG@10"] == pytest.approx((1 / np.log2(ranks + 1)).mean(), abs=1e-6)
    assert evaluate(request, quiet) == result


def test_without_a_cut_a_file_of_purchases_has_the_right_items(tmp_path: Path) -> None:
    path = written(tmp_path / "events.parquet", sorted(regulars()))
    pairs = tmp_path / "pairs.csv"
    pairs.write_text("u1,own1\nu2,own2\n")
    result = evaluate(Request(data=path, test_purchases=pairs, model="repeat_consumption"), quiet)
    assert result.metrics["HR@10"] == 1.0
