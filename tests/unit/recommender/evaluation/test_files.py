"""Files of the protocols."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from recommender.evaluation.files import attributes_beside, read_attributes, read_user_lists, the_one_file
from schemas.errors import ConfigurationError


def test_blanks_tabs_and_empty_lines_do_not_matter(tmp_path: Path) -> None:
    file = tmp_path / "x.txt"
    file.write_text("  ann  3 1\t2 \n\n\nbob 1\r\n")
    lists = read_user_lists(file)
    assert (lists.users, lists.items) == (["ann", "bob"], [["3", "1", "2"], ["1"]])


def test_a_compressed_file_is_known_by_its_bytes_not_its_name(tmp_path: Path) -> None:
    file = tmp_path / "x.txt"
    file.write_bytes(gzip.compress(b"ann 1 2\n"))
    assert read_user_lists(file).items == [["1", "2"]]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("ann 1\nann 2\n", "line 2: user 'ann' has a line already"),
        ("ann 1\n\nbob\n", "line 3: user 'bob' has no items"),
        ("\n", "has no lines"),
    ],
)
def test_what_is_wrong_with_a_file_is_said_with_its_line(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "x.txt"
    file.write_text(text)
    with pytest.raises(ConfigurationError, match=said):
        read_user_lists(file)


def test_a_file_cut_short_is_an_error_of_the_user(tmp_path: Path) -> None:
    file = tmp_path / "x.txt.gz"
    lines = "".join(f"{user} 1 2\n" for user in range(1000))
    file.write_bytes(gzip.compress(lines.encode())[:-12])
    with pytest.raises(ConfigurationError, match="cannot be read"):
        read_user_lists(file)


def test_a_folder_stands_for_the_one_data_set_in_it(tmp_path: Path) -> None:
    (tmp_path / "SOURCE.md").write_text("where it is from")
    (tmp_path / "a.txt.gz").write_bytes(b"")
    assert the_one_file(tmp_path, [".txt", ".txt.gz"]) == tmp_path / "a.txt.gz"
    (tmp_path / "b.txt").write_text("")
    with pytest.raises(ConfigurationError, match=r"several data sets, a.txt.gz, b.txt: name one of them"):
        the_one_file(tmp_path, [".txt", ".txt.gz"])


def test_an_error_names_the_missing_endings_for_an_empty_folder(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"ends in .txt"):
        the_one_file(tmp_path, [".txt"])


def test_attributes_are_found_beside_the_data(tmp_path: Path) -> None:
    data = tmp_path / "hats.txt.gz"
    assert attributes_beside(data) is None
    (tmp_path / "hats_item2attributes.json").write_text('{"1": [7, 8]}')
    path = attributes_beside(data)
    assert path is not None
    assert read_attributes(path) == {"1": ["7", "8"]}


@pytest.mark.parametrize("text", ["{", "[1]", '{"1": 2}'])
def test_attributes_of_another_shape_are_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "a.json"
    file.write_text(text)
    with pytest.raises(ConfigurationError, match=r"a\.json"):
        read_attributes(file)
