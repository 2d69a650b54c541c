"""The protocol ``session``."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from recommender.evaluation.request import Request
from recommender.evaluation.session import evaluate, pairs_of, read_sessions
from recommender.models.base import Histories
from schemas.errors import ConfigurationError

TRAIN = "a b c\nb c\na b\nc d\n"
TEST = "a\tb\na b\tc\nx\ta\n"


def quiet(doing: str) -> None:
    """Nobody reads the progress of a test."""


def files(folder: Path, train: str = TRAIN, test: str = TEST) -> Path:
    (folder / "train_sessions.txt").write_text(train)
    (folder / "test_prefix_label.tsv").write_text(test)
    return folder


def test_sessions_are_on_a_clock_of_one_a_second_in_the_order_of_the_file(tmp_path: Path) -> None:
    folder = files(tmp_path)
    sessions = read_sessions(folder / "train_sessions.txt", folder / "test_prefix_label.tsv")
    assert sessions.training.n_items == len("abcdx")
    assert [items.tolist() for items in sessions.training.histories] == [[0, 1, 2], [1, 2], [0, 1], [2, 3]]
    assert sessions.training.histories.times.tolist() == [0, 0, 0, 1, 1, 2, 2, 3, 3]
    assert [items.tolist() for items in sessions.prefixes] == [[0], [0, 1], [4]]
    assert sessions.labels.tolist() == [1, 2, 0]


def test_a_compressed_file_is_the_same_as_a_plain_one(tmp_path: Path) -> None:
    folder = files(tmp_path)
    packed = tmp_path / "packed.gz"
    packed.write_bytes(gzip.compress(TRAIN.encode()))
    plain = read_sessions(folder / "train_sessions.txt", folder / "test_prefix_label.tsv")
    again = read_sessions(packed, folder / "test_prefix_label.tsv")
    assert again.training.histories.items.tolist() == plain.training.histories.items.tolist()


def test_a_session_becomes_a_pair_for_each_item_but_its_first() -> None:
    cases = pairs_of(Histories.of([[5, 6, 7], [8], [], [9, 9]]))
    assert [items.tolist() for items in cases.histories] == [[5], [5, 6], [9]]
    assert cases.targets.tolist() == [6, 7, 9]
    assert cases.with_seen


def test_validation_is_the_newest_sessions_and_only_what_the_older_ones_know(tmp_path: Path) -> None:
    train = "a b\n" * 23 + "a new b a\nnew a\n"
    folder = files(tmp_path, train)
    validation = read_sessions(folder / "train_sessions.txt", folder / "test_prefix_label.tsv").validation
    assert len(validation.training.histories) == 23
    a, b = 0, 1
    assert [items.tolist() for items in validation.cases.histories] == [[a], [a, b]]
    assert validation.cases.targets.tolist() == [b, a]


@pytest.mark.parametrize("line", ["a b", "\tb", "a\tb c", "a\t"])
def test_a_test_line_that_is_no_pair_is_named(tmp_path: Path, line: str) -> None:
    folder = files(tmp_path, test=f"a\tb\n{line}\n")
    with pytest.raises(ConfigurationError, match=r"test_prefix_label\.tsv.*2"):
        read_sessions(folder / "train_sessions.txt", folder / "test_prefix_label.tsv")


def test_an_error_names_the_options_for_missing_files(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="--train FILE"):
        evaluate(Request(data=tmp_path / "train_sessions.txt"), quiet)


def test_the_measures_are_those_counted_by_hand_and_the_same_each_time(tmp_path: Path) -> None:
    folder = files(tmp_path, "p q\n" * 30 + "r s\n" * 20, "p\tq\nr\tp\n")
    request = Request(data=folder, model="popularity")
    result = evaluate(request, quiet)
    # p and q were clicked 30 times, r and s 20: q stands second behind p, as equal ones count against the label.
    assert result.baselines["popularity"] == {"HR@20": 1.0, "MRR@20": 0.5}
    assert evaluate(request, quiet) == result


def test_the_blend_finds_what_follows_and_is_the_same_each_time(tmp_path: Path) -> None:
    folder = files(tmp_path, "p q\nr s\nt u\n" * 40, "p\tq\nr\ts\nt\tu\n")
    request = Request(data=folder)
    result = evaluate(request, quiet)
    assert result.metrics == {"HR@20": 1.0, "MRR@20": 1.0}
    assert result.baselines["popularity"]["MRR@20"] < 1
    assert evaluate(request, quiet) == result
