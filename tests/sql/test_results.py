from __future__ import annotations

import json
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import yaml
from pyflink.common import Configuration
from pyflink.datastream import StreamExecutionEnvironment
from pyflink.table import StreamTableEnvironment

from jobs.environment import common_options
from jobs.sql_job import SqlJob
from jobs.tables import job_columns, result_columns
from schemas.results import LISTS, RANKED, RESULTS, SERVED, Result
from schemas.settings import Settings

HERE = Path(__file__).parent
SETTINGS = Settings()
TRAINING = "training"  # whose outputs are files, see test_training.py
RESULT_OF = {result.name: result for result in (*RESULTS, *SERVED, *RANKED) if result.job != LISTS}
CASES = sorted(path for path in HERE.glob("*/*/*") if path.is_dir() and path.parts[-3] != TRAINING)

pytestmark = pytest.mark.flink


@pytest.mark.parametrize("case", CASES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_the_events_of_a_case_give_its_rows_in_whatever_order_they_come(case: Path, jvm: None, tmp_path: Path) -> None:
    given = yaml.safe_load((case / "events.yaml").read_text())
    expected = sorted((list(map(render, row)) for row in yaml.safe_load((case / "expected.yaml").read_text())), key=str)
    result = RESULT_OF[case.parent.name]

    for order, events in {"as given": given["events"], "reversed": given["events"][::-1]}.items():
        tables = environment(job_of(result), given.get("time_zone", "UTC"))
        folder = tmp_path / order
        folder.mkdir()
        register(tables, job_of(result), events, folder, Settings(**given.get("settings", {})))
        register_reads(tables, job_of(result), given, folder)
        job_of(result).register_views(tables)
        assert final_rows(tables, result) == expected, order


def test_every_result_has_a_case() -> None:
    assert {case.parent.name for case in CASES} == RESULT_OF.keys()


def job_of(result: Result) -> SqlJob:
    job: SqlJob = import_module(f"jobs.{result.job}.job").JOB
    return job


def environment(job: SqlJob, time_zone: str) -> StreamTableEnvironment:
    """The production options of a job, without checkpoints: the input is bounded."""
    configuration = Configuration()
    options = {**common_options(Settings(time_zone=time_zone, job_parallelism=1), "test"), **job.options}
    for key, value in options.items():
        if not key.startswith("execution.checkpointing"):
            configuration.set_string(key, value)
    env = StreamExecutionEnvironment.get_execution_environment(configuration)
    return StreamTableEnvironment.create(env)


def register(
    tables: StreamTableEnvironment,
    job: SqlJob,
    events: list[dict[str, Any]],
    folder: Path,
    settings: Settings = SETTINGS,
) -> None:
    """``events`` under its production name and columns, over a bounded file."""
    blank: dict[str, Any] = dict.fromkeys(job.event_fields) | {"items": []}
    lines = [json.dumps(blank | event | {"event_time": milliseconds(event["event_time"])}) for event in events]
    (folder / "events.json").write_text("\n".join(lines))
    tables.execute_sql(
        f"CREATE TEMPORARY TABLE events ({', '.join(job_columns(settings, job.event_fields))}) "
        f"WITH ('connector'='filesystem', 'path'='file://{folder}/events.json', 'format'='json')"
    )


def register_reads(tables: StreamTableEnvironment, job: SqlJob, given: dict[str, Any], folder: Path) -> None:
    """What the job reads of other jobs, by name, over a bounded file of its rows."""
    for result in job.reads:
        path = folder / result.name
        path.mkdir()
        (path / "rows.json").write_text("\n".join(json.dumps(row) for row in given[result.name]))
        tables.execute_sql(
            f"CREATE TEMPORARY TABLE {result.name} ({', '.join(result_columns(result))}) "
            f"WITH ('connector'='filesystem', 'path'='file://{path}', 'format'='json')"
        )


def milliseconds(moment: Any) -> int:
    return round(moment.timestamp() * 1000)


def final_rows(tables: StreamTableEnvironment, result: Result) -> list[list[str]]:
    """The rows of a result, each cell as text."""
    return sorted((list(map(render, row)) for row in result_rows(tables, result)), key=str)


def result_rows(tables: StreamTableEnvironment, result: Result) -> list[list[Any]]:
    """What is left of the changelog of a result once its upserts and deletions are applied by key."""
    query = job_of(result).query(tables, result)
    names = query.get_schema().get_field_names()
    positions = [names.index(name) for name in result.key]
    rows: dict[tuple[Any, ...], list[Any]] = {}
    with query.execute().collect() as changes:
        for change in changes:
            key = tuple(change[position] for position in positions)
            kind = change.get_row_kind().name
            if kind in ("INSERT", "UPDATE_AFTER"):
                rows[key] = list(change)
            elif kind == "DELETE" or (kind == "UPDATE_BEFORE" and result.moves):
                rows.pop(key)
    return list(rows.values())


def render(value: Any) -> str:
    """A cell as text: dates and times ISO, decimals without trailing zeros, rows of an array in alphabetical order."""
    if isinstance(value, list):
        return ", ".join(sorted(" ".join(map(render, row)) for row in value))
    text = str(value)
    return text.rstrip("0").rstrip(".") if text.replace(".", "", 1).isdigit() and "." in text else text
