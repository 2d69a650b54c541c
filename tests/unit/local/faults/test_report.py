from __future__ import annotations

from pathlib import Path

import pytest

from local.faults.fault import Fault, Outcome, Verdict
from local.faults.report import BEGIN, END, markdown_table, write_markdown
from schemas.errors import ConfigurationError

FAULT = Fault("kill-it", "kill -9 of it", lambda _scene: None)
EQUAL = Outcome(FAULT, Verdict.EQUAL, 1_000, 1_100, 12_345, 0, 0, 7.25, 30.0)
NOT_RUN = Outcome(FAULT, Verdict.NOT_RUN, problem="no disk can be mounted")


def test_an_outcome_is_a_row() -> None:
    *_, equal, not_run = markdown_table([EQUAL, NOT_RUN]).splitlines()
    assert equal == "| kill-it | kill -9 of it | 1,100 | 12,345 rows | 0 | 0 | 7.2 s | equal |"
    assert not_run == "| kill-it | kill -9 of it | - | - | - | - | - | not run |"


def test_a_page_gets_a_new_table_and_keeps_its_words(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"# Words\n\n{BEGIN}\nold\n{END}\n\nMore words.\n")
    write_markdown(page, [EQUAL])
    write_markdown(page, [EQUAL])
    assert page.read_text() == f"# Words\n\n{BEGIN}\n\n{markdown_table([EQUAL])}\n\n{END}\n\nMore words.\n"


def test_a_page_without_a_place_for_the_table_is_refused(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# Words\n")
    with pytest.raises(ConfigurationError, match="has no place for the table"):
        write_markdown(page, [EQUAL])
