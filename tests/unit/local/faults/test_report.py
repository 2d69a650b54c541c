from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from local.faults.fault import Fault, FaultResult, Outcome
from local.faults.report import BEGIN, END, markdown_table, page_cells, write_markdown
from schemas.errors import ConfigurationError
from schemas.version import VERSION

FAULT = Fault("kill-it", "kill -9 of it", lambda _context: None)
EQUAL = FaultResult(FAULT, Outcome.EQUAL, 1_000, 1_100, 12_345, 0, 0, 7.25, 30.0)
DAY, LATER = date(2026, 11, 27), date(2026, 11, 28)
NOT_RUN = FaultResult(FAULT, Outcome.NOT_RUN, problem="no disk can be mounted")


def test_a_result_is_a_row() -> None:
    *_, equal, not_run = markdown_table([page_cells(EQUAL, DAY), page_cells(NOT_RUN, DAY)]).splitlines()
    assert equal == f"| kill-it | kill -9 of it | 1,100 | 12,345 rows | 0 | 0 | 7.2 s | equal | {VERSION}, 2026-11-27 |"
    assert not_run == f"| kill-it | kill -9 of it | - | - | - | - | - | not run | {VERSION}, 2026-11-27 |"


def test_a_page_gets_new_rows_and_keeps_the_others_and_its_words(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"# Words\n\n{BEGIN}\nold\n{END}\n\nMore words.\n")
    other = replace(EQUAL, fault=replace(FAULT, name="another"), records=7)
    order = ["another", "kill-it"]
    write_markdown(page, [NOT_RUN, other], order, DAY)
    write_markdown(page, [EQUAL], order, LATER)
    table = markdown_table([page_cells(other, DAY), page_cells(EQUAL, LATER)])
    assert page.read_text() == f"# Words\n\n{BEGIN}\n\n{table}\n\n{END}\n\nMore words.\n"
    write_markdown(page, [], ["kill-it"], LATER)
    assert "another" not in page.read_text()


def test_a_page_without_a_place_for_the_table_is_refused(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# Words\n")
    with pytest.raises(ConfigurationError, match="lacks the two lines that mark the place of the table"):
        write_markdown(page, [EQUAL], ["kill-it"], DAY)
