"""What each job does, as Flink plans it: ``plans/<job>.txt``, so that a review sees what a change of its SQL costs.

``SHOP_TEST_WRITE_PLANS=1 ./shop test tests/sql/test_plans.py`` writes the files anew.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path

import pytest
from pyflink.common import Configuration
from pyflink.datastream import StreamExecutionEnvironment
from pyflink.table import ExplainDetail, StreamTableEnvironment

from jobs.environment import common_options
from jobs.sql import FOR_EVER
from jobs.sql_job import SqlJob, sql_job_options
from local.downloads import Jars, default_cache, read_lock
from schemas.results import ANALYTICS, CATALOGUE, FEEDBACK, IDENTITY, SESSIONS, TRENDING
from schemas.settings import Settings
from schemas.topics import INGEST

SETTINGS = Settings()
PERSONALISE = "personalise"
PLANS = Path(__file__).parent / "plans"
TEMPORARY = {"day", "day_number", "hour_number", "minute_utc", "session_id", "event_id", "order_id"}
IS_WRITTEN = "SHOP_TEST_WRITE_PLANS" in os.environ

STATEFUL = re.compile(r"(GlobalGroupAggregate|GroupAggregate|Deduplicate|Rank|Join)\(")
KEY = re.compile(r"(?:groupBy|key|partitionBy)=\[([^]]*)\]")
OPERATOR = re.compile(r"^[ :+|-]*(?P<name>\w+)\(")
COLUMNS = re.compile(r"select=\[.*?\](?=\)|, where=|, changelog)")

pytestmark = pytest.mark.flink


@pytest.fixture(scope="module", params=[ANALYTICS, CATALOGUE, FEEDBACK, IDENTITY, SESSIONS, TRENDING])
def job(request: pytest.FixtureRequest) -> SqlJob:
    described: SqlJob = import_module(f"jobs.{request.param}.job").JOB
    return described


@pytest.fixture(scope="module")
def explained(job: SqlJob, jvm: None) -> str:
    """The whole text that Flink has on a job."""
    tables = environment(job.name, sql_job_options(SETTINGS, job.options))
    job.register_tables(tables, SETTINGS)
    job.register_views(tables)
    return str(job.statements(tables).explain(ExplainDetail.CHANGELOG_MODE))


def environment(job: str, options: Mapping[str, str]) -> StreamTableEnvironment:
    """A table environment as the job has it, with the connectors that the cluster has."""
    jars = Jars(read_lock(), default_cache())
    jars.fetch()
    connectors = {"pipeline.jars": ";".join(path.as_uri() for path in jars.paths("flink"))}
    configuration = Configuration()
    for key, value in {**common_options(SETTINGS, job), **options, **connectors}.items():
        configuration.set_string(key, value)
    return StreamTableEnvironment.create(StreamExecutionEnvironment.get_execution_environment(configuration))


def assert_reviewed(job: str, explained: str) -> None:
    _, _, plan = explained.partition("== Optimized Execution Plan ==")
    counts = Counter(operator["name"] for line in plan.splitlines() if (operator := OPERATOR.match(line)))
    counted = ", ".join(f"{name} {count}" for name, count in sorted(counts.items()) if name != "Reused")
    reviewed = PLANS / f"{job}.txt"
    text = f"{counted}\n\n{plan.strip()}\n"
    if IS_WRITTEN:
        reviewed.write_text(text)
    assert text == reviewed.read_text()


def test_the_plan_is_the_one_that_was_reviewed(job: SqlJob, explained: str) -> None:
    assert_reviewed(job.name, explained)


@pytest.mark.parametrize("name", [INGEST, PERSONALISE])
def test_the_plan_of_a_job_with_functions_is_the_one_that_was_reviewed(name: str, jvm: None) -> None:
    job = import_module(f"jobs.{name}.job")
    tables = environment(name, job.options(SETTINGS))
    job.register_tables(tables, SETTINGS)
    job.register_inputs(tables, SETTINGS)

    assert_reviewed(name, str(job.statements(tables).explain()))


def test_no_two_operators_keep_state_of_one_key_and_one_input(explained: str) -> None:
    """Each would keep, and write, the same again; what differs in nothing but columns is one operator too many."""
    _, _, plan = explained.partition("== Optimized Execution Plan ==")
    counts = Counter(key_and_input(plan))
    assert counts
    assert not [each for each, count in counts.items() if count > 1]


def test_rows_that_move_to_another_key_are_taken_back_and_no_sink_keeps_rows(job: SqlJob, explained: str) -> None:
    _, _, plans = explained.partition("== Optimized Physical Plan ==")
    plan, _, _ = plans.partition("== Optimized Execution Plan ==")
    lines = plan.split("\n")  # splitlines would split at the separators of a session's fields as well
    written = {
        match[1]: lines[number + 1]
        for number, line in enumerate(lines)
        if (match := re.search(r"Sink\(table=\[[\w.]+\.(\w+)\]", line))
    }
    assert written.keys() == {result.name for result in job.results}
    assert "upsertMaterialize" not in plan
    for result in job.results:
        if result.moves:
            assert "DropUpdateBefore" not in written[result.name]
            assert "UB" in written[result.name].partition("changelogMode=")[2]


def key_and_input(plan: str) -> Iterator[tuple[str, str, str]]:
    """Kind, key and input of each operator with state and one input; an input is its operators, without columns."""
    lines = plan.splitlines()
    for number, line in enumerate(lines):
        operator = STATEFUL.search(line)
        if operator is None or operator[1] == "Join":
            continue
        depth = indent(line)
        below = []
        for deeper in lines[number + 1 :]:
            if indent(deeper) <= depth:
                break
            below.append(COLUMNS.sub("", deeper[depth:]))
        key = KEY.search(line)
        yield operator[1], key[1] if key else "", "\n".join(below)


def indent(line: str) -> int:
    word = re.search(r"\w", line)
    return word.start() if word else 0


def test_what_is_known_of_a_period_a_session_or_an_event_expires(job: SqlJob, explained: str) -> None:
    _, _, plans = explained.partition("== Optimized Physical Plan ==")
    plan, _, _ = plans.partition("== Optimized Execution Plan ==")
    of_the_job = job.options.get("table.exec.state.ttl", FOR_EVER)
    keyed = [line for line in plan.splitlines() if re.search(r"\b(GlobalGroupAggregate|Rank)\(", line)]
    assert keyed
    for line in keyed:
        hint, key = re.search(r"STATE_TTL options:\[(.*?)\]", line), KEY.search(line)
        if (hint[1] if hint else of_the_job) == FOR_EVER:
            assert key is None or TEMPORARY.isdisjoint(key[1].split(", ")), line
