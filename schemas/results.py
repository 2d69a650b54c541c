"""Results: what the jobs compute, each described once, by its Avro schema in ``schemas/avro/``.

Beside ``doc`` and ``fields``, which every Avro reader knows, the record has one attribute of ours, ``result``:

- ``job``              the job that computes it; of the lists the sink that does
- ``store``            clickhouse, with a table, a view and a query of its name; redis, which serves it; or lists,
                       which are made from it
- ``grain``            what a row is, in words that follow "one row a"
- ``key``              the columns that make the grain, in the order of the Kafka key
- ``moves``            true where a later event may give a row another key: the row under the old key is then deleted
- ``order``            how its query orders the rows; without it, by the key
- ``low_cardinality``  text columns with few distinct values
- ``section``          its heading in ``docs/metrics.md``
- ``remarks``          what a reader must know beyond the columns
- ``derived``          columns that its view computes: ``name``, ``doc``, a ClickHouse ``expression`` over the other
                       columns, and the column ``after`` which it stands (else behind all). Without expressions, the
                       view is written by hand: ``schemas/clickhouse/views/<name>.sql``

The topic, Flink's table, ClickHouse's table and view, their migration, the query and the reference in
``docs/metrics.md`` follow from that.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from importlib.resources import files
from typing import Any, Final

from schemas.codec import RESULT_ATTRIBUTE, load_schema

ANALYTICS: Final = "analytics"
SESSIONS: Final = "sessions"
IDENTITY: Final = "identity"
CATALOGUE: Final = "catalogue"
TRENDING: Final = "trending"
FEEDBACK: Final = "feedback"
LISTS: Final = "lists"
"""No job, but the sink ``sinks/lists``."""


class Store(StrEnum):
    """Where the rows of a result go."""

    CLICKHOUSE = "clickhouse"
    REDIS = "redis"
    LISTS = "lists"


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a result.

    Attributes:
        name: Its name.
        doc: What it means.
        avro: Its type in Avro; None of a derived column.
        expression: What the view computes it by; empty of a stored column, or where the view is written by hand.
    """

    name: str
    doc: str
    avro: Any = field(default=None, hash=False)
    expression: str = ""

    @property
    def is_stored(self) -> bool:
        """Whether a job computes it, and not the view."""
        return self.avro is not None


@dataclass(frozen=True, slots=True)
class Result:
    """One result.

    Attributes:
        name: Name of the table, of its Avro schema file, of its SQL file and of its query.
        doc: What its rows are, in a sentence.
        job: The job or the sink that computes it.
        store: Where its rows go.
        grain: What one row is, in words.
        key: The columns that make a row's grain, in the order of the Kafka key.
        moves: Whether a later event may give a row another key.
        columns: All columns of the view, the derived ones included.
        order: How its query orders the rows.
        low_cardinality: Text columns with few distinct values.
        section: Its heading in ``docs/metrics.md``.
        remarks: What a reader must know beyond the columns.
    """

    name: str
    doc: str
    job: str
    store: Store
    grain: str
    key: tuple[str, ...]
    moves: bool
    columns: tuple[Column, ...]
    order: tuple[str, ...]
    low_cardinality: frozenset[str]
    section: str
    remarks: str

    @property
    def stored(self) -> tuple[Column, ...]:
        """The columns that the job computes: the fields of its Avro schema."""
        return tuple(column for column in self.columns if column.is_stored)

    @property
    def topic(self) -> str:
        """The upsert topic that carries the rows."""
        prefix = "metrics-" if self.store is Store.CLICKHOUSE else ""
        return prefix + self.name.replace("_", "-")

    @property
    def storage_table(self) -> str:
        """The ClickHouse table behind the view ``name``."""
        return f"{self.name}_versions"


def described_by(name: str, schema: dict[str, Any]) -> Result:
    """The result that a schema describes.

    Args:
        name: Its name.
        schema: A record schema with the attribute ``result``.
    """
    about: dict[str, Any] = schema[RESULT_ATTRIBUTE]
    key = tuple(about["key"])
    return Result(
        name=name,
        doc=schema["doc"],
        job=about["job"],
        store=Store(about["store"]),
        grain=about["grain"],
        key=key,
        moves=about.get("moves", False),
        columns=_columns(schema["fields"], about.get("derived", [])),
        order=tuple(about.get("order", key)),
        low_cardinality=frozenset(about.get("low_cardinality", [])),
        section=about.get("section", ""),
        remarks=about.get("remarks", ""),
    )


def _columns(fields: list[dict[str, Any]], derived: list[dict[str, str]]) -> tuple[Column, ...]:
    columns = [Column(each["name"], each["doc"], each["type"]) for each in fields]
    for each in derived:
        names = [column.name for column in columns]
        at = names.index(each["after"]) + 1 if "after" in each else len(columns)
        columns.insert(at, Column(each["name"], each["doc"], expression=each.get("expression", "")))
    return tuple(columns)


def _described() -> tuple[Result, ...]:
    """Every schema with the attribute ``result``, in alphabetical order."""
    names = sorted(entry.name.removesuffix(".avsc") for entry in (files("schemas") / "avro").iterdir())
    schemas = ((name, load_schema(name)) for name in names)
    return tuple(described_by(name, schema) for name, schema in schemas if RESULT_ATTRIBUTE in schema)


_ALL: Final = {result.name: result for result in _described()}

RESULTS: Final = tuple(result for result in _ALL.values() if result.store is Store.CLICKHOUSE)
SERVED: Final = tuple(result for result in _ALL.values() if result.store is Store.REDIS)
RANKED: Final = tuple(result for result in _ALL.values() if result.store is Store.LISTS)
PRODUCTS: Final = _ALL["products"]
PRODUCT_DEMAND: Final = _ALL["product_demand"]
RECOMMENDATION_LISTS: Final = _ALL["recommendation_lists"]


def result_named(name: str) -> Result:
    """The result of that name; KeyError when there is none."""
    return _ALL[name]


def results_of(job: str) -> tuple[Result, ...]:
    """The results that a job computes."""
    return tuple(result for result in _ALL.values() if result.job == job)
