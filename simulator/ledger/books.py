"""What a book of the ledger is, and the rows that it results in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final, Protocol

from simulator.events import Event

Cell = str | int | None
"""A day or an instant in ISO 8601, a text, a number, an amount with four decimals, a rate as ``3/7``, or nothing."""

DAY: Final = "day"
INSTANT: Final = "instant"
TEXT: Final = "text"
COUNT: Final = "count"
AMOUNT: Final = "amount"
RATE: Final = "rate"

ITEMS: Final = "items"
_FOUR_PLACES: Final = 10_000


@dataclass(frozen=True, slots=True)
class Table:
    """The expected rows of a result table.

    Attributes:
        name: The table.
        columns: Its columns, the key first, and the kind of each.
        keys: How many of them make the key.
        rows: The rows, in the order of their keys.
    """

    name: str
    columns: Mapping[str, str]
    keys: int
    rows: list[tuple[Cell, ...]]

    @staticmethod
    def of(name: str, columns: Mapping[str, str], keys: int, rows: Iterable[tuple[Cell, ...]]) -> Table:
        """A table of rows in any order."""
        return Table(name, columns, keys, sorted(rows, key=lambda row: [str(cell) for cell in row[:keys]]))


class Book(Protocol):
    """Accounts of one subject."""

    def enter(self, event: Event, day: date, minute: int) -> None:
        """Enter one event that counts; the order in which events are entered makes no difference."""

    def tables(self) -> Iterator[Table]:
        """The expected tables of this subject."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of an order or a refund; amounts in ten-thousandths."""

    product_id: str
    quantity: int
    cost: int
    category: str | None


def ten_thousandths(amount: Decimal) -> int:
    """An amount as a whole number."""
    return int(amount * _FOUR_PLACES)


def value_of(event: Event) -> int:
    """The amount of an event, in ten-thousandths."""
    return ten_thousandths(event.body.fields["value"])


def lines_of(event: Event) -> list[Line]:
    """The lines of an order or a refund."""
    items: list[dict[str, Any]] = event.body.fields.get(ITEMS) or []
    return [
        Line(
            item["product_id"],
            item["quantity"],
            item["quantity"] * ten_thousandths(item["price"]),
            item.get("category"),
        )
        for item in items
    ]


def amount_cell(amount: int) -> str:
    """Ten-thousandths as a decimal number with four places."""
    sign = "-" if amount < 0 else ""
    whole, part = divmod(abs(amount), _FOUR_PLACES)
    return f"{sign}{whole}.{part:04d}"


def mean_cell(amount: int, count: int) -> str | None:
    """An amount divided, rounded half up to four places; nothing where nothing can be divided."""
    return amount_cell((2 * amount + count) // (2 * count)) if count else None


def rate_cell(part: int, whole: int) -> str | None:
    """A share as an exact fraction; nothing where nothing can be divided."""
    return str(Fraction(part, whole)) if whole else None
