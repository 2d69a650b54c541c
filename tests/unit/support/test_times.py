from __future__ import annotations

from collections import Counter

import pytest

from tests.support.times import cpu_table, folder_of, table


@pytest.mark.parametrize(
    ("nodeid", "folder"),
    [
        ("tests/unit/lake/test_lake.py::test_a", "tests/unit"),
        ("tests/sql/test_results.py::test_a[x/y]", "tests/sql"),
        ("tests/integration/kafka/test_lag.py::test_a", "tests/integration/kafka"),
        ("tests/integration/test_history.py::test_a", "tests/integration/test_history.py"),
    ],
)
def test_seconds_are_added_up_by_folder(nodeid: str, folder: str) -> None:
    assert folder_of(nodeid) == folder


def test_the_longest_folder_comes_first_and_what_took_no_second_is_in_the_sum_alone() -> None:
    seconds = Counter({"tests/sql": 2.5, "tests/unit": 40.0, "tests/docs": 0.25})
    tests = Counter({"tests/sql": 3, "tests/unit": 1200, "tests/docs": 1})
    assert table(seconds, tests) == [
        "    40.0 s   1200 tests  tests/unit",
        "     2.5 s      3 tests  tests/sql",
        "    42.8 s   1204 tests  in all",
    ]


def test_the_group_that_cost_most_comes_first_and_what_cost_little_is_in_the_sum_alone() -> None:
    assert cpu_table(Counter({"sql": 60.25, "history": 300.0, "tests/unit/lake/test_lake.py": 2.0})) == [
        "   300.0 s  history",
        "    60.2 s  sql",
        "   362.2 s  in all",
    ]
