"""What the jobs from ``events`` to result tables have in common: views over ``events``, one query per result."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from pyflink.table import StatementSet, StreamTableEnvironment, Table, TableEnvironment

from jobs.environment import NOTHING_RESTORED, stream_environment
from jobs.planned import PlannedJob
from jobs.sql import PERIOD_STATE_TTL, load_sql
from jobs.starting_offsets import begin_anew
from jobs.tables import events_ddl, on_deleted_records, register_views, result_ddl
from schemas.results import Result, results_of
from schemas.settings import Settings
from schemas.topics import EVENTS

MINI_BATCHES: Final[Mapping[str, str]] = {
    "table.exec.mini-batch.enabled": "true",
    "table.exec.mini-batch.allow-latency": "500 ms",
    "table.exec.mini-batch.size": "20000",
    "table.optimizer.reuse-optimize-block-with-digest-enabled": "true",  # else each reader has its own aggregate
    "execution.buffer-timeout.interval": "200 ms",  # each task has a thread that wakes up so often
}
"""Folds the changes of half a second into one update a row. State lives for ever unless its query has a STATE_TTL."""

EXPIRING: Final[Mapping[str, str]] = {**MINI_BATCHES, "table.exec.state.ttl": PERIOD_STATE_TTL}
"""The same for a job of which no state lives for ever; a STATE_TTL says where it lives longer."""

NOT_WATCHED_LIVE: Final[Mapping[str, str]] = {
    "table.exec.mini-batch.allow-latency": "2 s",
    "execution.buffer-timeout.interval": "500 ms",
}
"""For results of which nobody waits for the next second: more changes are folded, and the tasks wake up less often."""


def sql_job_options(settings: Settings, options: Mapping[str, str] = MINI_BATCHES) -> dict[str, str]:
    """What a job that computes results by SQL wants of Flink.

    Its results are upserts, written as soon as they change, so a checkpoint only says where it goes on after a failure;
    and each one writes all state there is.
    """
    return {**options, "execution.checkpointing.interval": f"{settings.metrics_checkpoint_interval_ms} ms"}


@dataclass(frozen=True, slots=True)
class SqlJob:
    """A job that computes the results of its name.

    Attributes:
        name: Its name; its SQL lies in the package ``jobs.<name>``.
        event_fields: The fields of ``events`` that its SQL reads.
        views: Its views, in the order in which they build on each other.
        shared_views: Package of views that several jobs have -> those of them that these build on, in the same order.
        reads: Results of other jobs that it reads as well.
        options: What it wants of Flink.
    """

    name: str
    event_fields: tuple[str, ...]
    views: tuple[str, ...]
    shared_views: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    reads: tuple[Result, ...] = ()
    options: Mapping[str, str] = field(default_factory=lambda: MINI_BATCHES)

    @property
    def results(self) -> tuple[Result, ...]:
        """What it computes."""
        return results_of(self.name)

    def register_tables(self, tables: TableEnvironment, settings: Settings) -> None:
        """Register ``events`` and the results that it reads and computes, as Kafka has them."""
        tables.execute_sql(events_ddl(settings, self.name, self.event_fields, on_deleted_records(settings)))
        for result in self.reads:
            tables.execute_sql(result_ddl(settings, result, reader=self.name))
        for result in self.results:
            tables.execute_sql(result_ddl(settings, result))

    def register_views(self, tables: TableEnvironment) -> None:
        """Register its views over a table ``events``."""
        for package, views in self.shared_views.items():
            register_views(tables, package, views)
        register_views(tables, f"jobs.{self.name}.views", self.views)

    def query(self, tables: TableEnvironment, result: Result) -> Table:
        """The changelog of one result."""
        return tables.sql_query(load_sql(f"jobs.{self.name}", result.name))

    def statements(self, tables: TableEnvironment) -> StatementSet:
        """From ``events`` to every result table."""
        inserts = tables.create_statement_set()
        for result in self.results:
            inserts.add_insert(result.name, self.query(tables, result))
        return inserts

    def plan(self, settings: Settings, restore: Mapping[str, str] = NOTHING_RESTORED) -> PlannedJob:
        """Wire it to Kafka and plan it; ``restore`` holds Flink's options for what it goes on from."""
        options = {**sql_job_options(settings, self.options), **restore}
        environment = stream_environment(settings, self.name, options)
        tables = StreamTableEnvironment.create(environment)
        self.register_tables(tables, settings)
        self.register_views(tables)
        self.statements(tables).attach_as_datastream()
        return PlannedJob(self.name, environment, lambda: begin_anew(tables, settings, self.name, (EVENTS,)))
