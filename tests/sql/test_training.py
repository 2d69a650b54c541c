"""The training job's SQL over bounded files, through the files that it writes to the interactions that count."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from jobs.environment import batch_environment
from jobs.tables import event_columns
from jobs.training.counting import counted_interactions
from jobs.training.interactions import EVENT_FIELDS, forget_outputs, read_output, register_views, write_outputs
from schemas.settings import Settings

HERE = Path(__file__).parent / "training"
CASES = sorted(path for path in HERE.glob("*/*") if path.is_dir())
BLANK: dict[str, Any] = dict.fromkeys(EVENT_FIELDS) | {"items": []}

pytestmark = pytest.mark.flink


@pytest.mark.parametrize("case", CASES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_the_events_of_a_case_give_its_rows_in_whatever_order_they_come(case: Path, jvm: None, tmp_path: Path) -> None:
    events = yaml.safe_load((case / "events.yaml").read_text())["events"]
    expected = [[_cell(value) for value in row] for row in yaml.safe_load((case / "expected.yaml").read_text())]
    for order, given in {"as given": events, "reversed": events[::-1]}.items():
        rows = outputs(given, tmp_path / order)[case.parent.name]
        assert sorted(rows) == sorted(expected), order


def test_every_output_has_a_case() -> None:
    assert {case.parent.name for case in CASES} == {"interactions", "product_attributes"}


def test_without_events_there_are_no_rows(jvm: None, tmp_path: Path) -> None:
    assert outputs([], tmp_path / "a folder") == {"interactions": [], "product_attributes": []}


def outputs(events: list[dict[str, Any]], folder: Path) -> dict[str, list[list[Any]]]:
    """The interactions and the attributes, through files that are written and read again."""
    source = folder / "events"
    source.mkdir(parents=True)
    lines = (json.dumps(BLANK | event | {"event_time": _cell(event["event_time"])}) for event in events)
    (source / "events.json").write_text("\n".join(lines))
    tables = batch_environment(Settings(job_parallelism=1), "test")
    tables.execute_sql(
        f"CREATE TEMPORARY TABLE events ({', '.join(event_columns(EVENT_FIELDS))}) "
        f"WITH ('connector'='filesystem', 'path'='file://{source}', 'format'='json')"
    )
    register_views(tables)
    work = (folder / "work").as_uri()
    write_outputs(tables, work)
    made = {
        "interactions": counted_interactions(read_output(work, "interaction_events")),
        "product_attributes": read_output(work, "product_attributes"),
    }
    rows = {name: [list(row.values()) for row in table.to_pylist()] for name, table in made.items()}
    forget_outputs(work)
    assert not (folder / "work").exists()
    return rows


def _cell(value: Any) -> Any:
    return round(value.timestamp() * 1000) if isinstance(value, datetime) else value
