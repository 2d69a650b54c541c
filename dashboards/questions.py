"""Questions: a query with its parameters and columns, as the comment at its head describes it.

A query is a file of ``dashboards/queries/``, whose head reads::

    -- What it answers. Grain: one row a day, over the days asked for.
    -- More about it, where there is more.
    -- parameter currency = ''                 ISO 4217 code; empty for all
    -- parameter dimension = country (country, channel, category)
    --                                         what the rows are of
    -- parameter limit = 20 (1 to 500)         rows at the most
    -- day [day]                               day of the shop
    -- gross, net [money]                      sums of those in sales_daily

``from``, ``to`` and ``time_zone`` need no line: every query may have them. The type of a parameter is that of its
``{name:Type}`` in the text. Or the query follows from the description of a result.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any, Final

from schemas.errors import ConfigurationError
from schemas.results import Column as ResultColumn
from schemas.results import Result

FIRST_DAY: Final = date(1970, 1, 1)
LAST_DAY: Final = date(2149, 6, 6)
"""The days that ClickHouse's Date can hold."""

FROM: Final = "from"
TO: Final = "to"
TIME_ZONE: Final = "time_zone"
"""The shop's, which nobody who asks may choose."""

MAX_TEXT: Final = 512
"""Most characters of a text that is given as a parameter: ids have no more."""

DAY: Final = "day"
MINUTE: Final = "minute"
"""Columns of a result: the shop's day, and the start of a minute in UTC. Each result has one of them."""

_COLUMNS: Final = re.compile(
    r"^-- (?P<names>\w+(?:, \w+)*)(?: \[(?P<unit>\w+)\])?(?:  +|\n--  +)(?P<meaning>\S.*)$", re.MULTILINE
)
"""Columns in the head of a written query, and what they mean: behind blanks or in the next line."""

_PARAMETER: Final = re.compile(
    r"^-- parameter (?P<name>\w+) = (?P<default>''|\S+)(?: \((?P<bounds>[^)]*)\))?(?:  +|\n--  +)(?P<meaning>\S.*)$",
    re.MULTILINE,
)
_TYPES: Final = re.compile(r"\{(?P<name>\w+):(?P<type>\w+)\}")


class Unit(StrEnum):
    """What a column's values are."""

    DAY = "day"
    TIME = "time"
    TEXT = "text"
    COUNT = "count"
    MONEY = "money"
    SHARE = "share"
    SECONDS = "seconds"
    NUMBER = "number"


@dataclass(frozen=True, slots=True)
class Column:
    """One column of an answer.

    Attributes:
        name: Its name.
        unit: What its values are: an amount is in the ``currency`` of its row, a share is 0 to 1.
        doc: What it means.
    """

    name: str
    unit: Unit
    doc: str


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a question.

    Attributes:
        name: Its name.
        type: ClickHouse's type of it.
        default: Its text where nothing is given.
        doc: What it does.
        choices: The only values it may have; none for any.
        least: The least number.
        most: The largest number.
    """

    name: str
    type: str
    default: str
    doc: str
    choices: tuple[str, ...] = ()
    least: int = 0
    most: int = 2**31

    def checked(self, text: str) -> str:
        """The text as ClickHouse takes it.

        Raises:
            ConfigurationError: It is no value that the parameter may have.
        """
        if self.type == "Date":
            return str(_day(self.name, text))
        if self.type != "String":
            return str(self._number(text))
        if self.choices and text not in self.choices:
            raise _wrong(self.name, text, f"one of {', '.join(self.choices)}")
        if len(text) > MAX_TEXT or "\x00" in text:
            raise _wrong(self.name, text[:40], f"at most {MAX_TEXT} characters, none of them NUL")
        return text

    def _number(self, text: str) -> int:
        if not (text.isascii() and text.isdigit() and self.least <= int(text[:12]) <= self.most):
            raise _wrong(self.name, text[:40], f"a number from {self.least} to {self.most}")
        return int(text)


@dataclass(frozen=True, slots=True)
class Query:
    """One question.

    Attributes:
        name: Its name.
        sql: Its text, with the parameters ``from`` and ``to`` (days, both included), and others.
        columns: Its columns in their order.
        parameters: Its parameters, but for the time zone; days first.
    """

    name: str
    sql: str
    columns: tuple[Column, ...] = field(default=())
    parameters: tuple[Parameter, ...] = field(default=())

    @property
    def title(self) -> str:
        """Its name in words."""
        return self.name.replace("_", " ").capitalize()

    @property
    def summary(self) -> str:
        """Its first comment line."""
        return self.sql.splitlines()[0].removeprefix("--").strip()

    @property
    def description(self) -> str:
        """What it answers."""
        return self.summary.partition(" Grain:")[0]

    @property
    def grain(self) -> str:
        """What one row is, in words."""
        return self.summary.partition(" Grain:")[2].strip().rstrip(".")

    @property
    def remarks(self) -> str:
        """What else the head of the file says, neither of a parameter nor of a column."""
        head = re.match(r"(?:--.*\n)+", self.sql)
        more = head[0].partition("\n")[2] if head else ""
        rest = _COLUMNS.sub("", _PARAMETER.sub("", more))
        return " ".join(line.removeprefix("--").strip() for line in rest.splitlines() if line.strip())

    def is_open(self, given: Mapping[str, str]) -> bool:
        """Whether it computes with days, to compare periods, and lacks one: the shop's range has to close it."""
        days = (given.get(FROM, str(FIRST_DAY)), given.get(TO, str(LAST_DAY)))
        return "toInt32({to:Date})" in self.sql and (days[0] == str(FIRST_DAY) or days[1] == str(LAST_DAY))

    def values(self, given: Mapping[str, str], time_zone: str) -> dict[str, str]:
        """The text of each parameter, as ClickHouse takes it.

        Args:
            given: Parameter -> text.
            time_zone: The shop's.

        Raises:
            ConfigurationError: A parameter is unknown, or has a value that it cannot have.
        """
        known = {each.name: each for each in self.parameters}
        if unknown := given.keys() - known.keys():
            message = f"{self.name} has no parameter {', '.join(sorted(unknown))}. It has: {', '.join(known)}."
            raise ConfigurationError(message)
        values = {name: each.checked(given.get(name, each.default)) for name, each in known.items()}
        if FROM in values and values[FROM] > values[TO]:
            message = f"No day lies from {values[FROM]} to {values[TO]}: --from must not be after --to."
            raise ConfigurationError(message)
        return values | ({TIME_ZONE: time_zone} if f"{{{TIME_ZONE}:" in self.sql else {})


_DAYS: Final = {
    FROM: Parameter(FROM, "Date", str(FIRST_DAY), "first day of the shop that is asked for"),
    TO: Parameter(TO, "Date", str(LAST_DAY), "last day, included"),
}


def closed(given: Mapping[str, str], first: str | None, last: str | None) -> dict[str, str]:
    """The parameters, with the shop's first and last day in place of days that are not given."""
    days = {FROM: given.get(FROM, str(FIRST_DAY)), TO: given.get(TO, str(LAST_DAY))}
    if first is not None and days[FROM] == str(FIRST_DAY):
        days[FROM] = min(first, days[TO])
    if last is not None and days[TO] == str(LAST_DAY):
        days[TO] = max(last, days[FROM])
    return {**given, **days}


def written_query(name: str, sql: str) -> Query:
    """The query of a file.

    Raises:
        ConfigurationError: A parameter is not described, or a column has a unit that there is not.
    """
    types = {match["name"]: match["type"] for match in _TYPES.finditer(sql) if match["name"] != TIME_ZONE}
    described = {match["name"]: match for match in _PARAMETER.finditer(sql)}
    if bare := types.keys() - described.keys() - _DAYS.keys():
        message = f"{name}.sql does not describe its parameter {', '.join(sorted(bare))}."
        raise ConfigurationError(message)
    parameters = [_DAYS.get(each) or _parameter(types[each], described[each]) for each in _days_first(types)]
    return Query(name, sql, tuple(_written_columns(name, sql)), tuple(parameters))


def result_query(result: Result) -> Query:
    """A result's query: all its columns for the days asked for, minutes in the shop's time zone."""
    columns = ",\n    ".join(_shown(result, column) for column in result.columns)
    order = ", ".join(f"{result.name}.minute" if term == MINUTE else term for term in result.order)
    sql = (
        f"-- {result.doc} Grain: one row a {result.grain}.\n-- docs/metrics.md says what each column means.\n"
        f"SELECT\n    {columns}\nFROM {result.name}\n"
        f"WHERE {_day_of(result)} BETWEEN {{from:Date}} AND {{to:Date}}\nORDER BY {order}\n"
    )
    described = tuple(Column(each.name, _unit(each), each.doc) for each in result.columns)
    return Query(result.name, sql, described, tuple(_DAYS.values()))


def _day(name: str, text: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise _wrong(name, text[:40], "a day as YYYY-MM-DD") from None
    if not FIRST_DAY <= day <= LAST_DAY:
        raise _wrong(name, text, f"a day from {FIRST_DAY} to {LAST_DAY}")
    return day


def _wrong(name: str, text: str, expected: str) -> ConfigurationError:
    return ConfigurationError(f"The parameter {name} cannot be {text!r}: it takes {expected}.")


def _days_first(types: Mapping[str, str]) -> list[str]:
    return [name for name in _DAYS if name in types] + [name for name in types if name not in _DAYS]


def _parameter(kind: str, described: re.Match[str]) -> Parameter:
    default = "" if described["default"] == "''" else described["default"]
    bounds = described["bounds"] or ""
    if kind == "String":
        choices = tuple(each.strip() for each in bounds.split(",")) if bounds else ()
        return Parameter(described["name"], kind, default, described["meaning"], choices)
    least, _, most = bounds.partition(" to ")
    return Parameter(described["name"], kind, default, described["meaning"], (), int(least), int(most))


def _written_columns(name: str, sql: str) -> list[Column]:
    columns = []
    for match in _COLUMNS.finditer(sql):
        if match["unit"] not in set(Unit):
            message = f"{name}.sql gives {match['names']} the unit {match['unit']}: use {', '.join(Unit)}."
            raise ConfigurationError(message)
        columns += [Column(each, Unit(match["unit"]), match["meaning"]) for each in match["names"].split(", ")]
    return columns


def _shown(result: Result, column: ResultColumn) -> str:
    return f"toTimeZone({result.name}.minute, {{time_zone:String}}) AS minute" if column.name == MINUTE else column.name


def _day_of(result: Result) -> str:
    """The day of the shop that a row belongs to."""
    return (
        DAY
        if DAY in {column.name for column in result.columns}
        else f"toDate({result.name}.minute, {{time_zone:String}})"
    )


_DERIVED_MONEY: Final = frozenset(
    {
        *("net", "average_order_value", "gross_merchandise", "total", "total_without_tax", "refunds", "net_total"),
        *("average_gross_merchandise", "average_net_merchandise", "average_total"),
    }
)


def _unit(column: ResultColumn) -> Unit:
    if column.is_stored:
        return _unit_of_avro(column.avro)
    if column.name in _DERIVED_MONEY:
        return Unit.MONEY
    if column.name.endswith("_rate"):
        return Unit.SHARE
    return Unit.NUMBER if "_per_" in column.name else Unit.COUNT


def _unit_of_avro(avro: Any) -> Unit:
    if isinstance(avro, list):
        (avro,) = [branch for branch in avro if branch != "null"]
    kind = str(avro.get("logicalType") if isinstance(avro, dict) else avro)
    by_type = {"decimal": Unit.MONEY, "date": Unit.DAY, "timestamp-millis": Unit.TIME, "string": Unit.TEXT}
    return by_type.get(kind, Unit.COUNT)
