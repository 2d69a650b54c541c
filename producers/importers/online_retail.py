"""The UCI data set Online Retail: a year of a British gift shop's invoices. See ``data/ATTRIBUTION.md``.

An invoice line becomes part of one of three events, by the money it moves (quantity times price):

- none: a ``stock_changed`` of its own, with the quantity as it stands in the file;
- back to the customer (a cancelled invoice, C..., or a negative amount): a line of the invoice's ``refund``;
- else: a line of the invoice's ``purchase``.

A product is created when it first sells, under the title that most of its sold lines have.

Postage, fees and the like (codes POST, M, D, ...) are lines as any other. An invoice without a customer belongs to an
anonymous visitor of its own. Times are read as UTC; an invoice happened when its first line did.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache
from operator import mul
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from producers.importers.columns import typed_column
from producers.importers.importer import ImportedEvent
from schemas.errors import ConfigurationError

BUNDLED: Final = Path(__file__).parent / "data" / "online_retail.parquet"
SOURCE: Final = "online-retail"
CURRENCY: Final = "GBP"
_CANCELLED: Final = "C"

_COLUMNS: Final = {
    "InvoiceNo": pa.string(),
    "StockCode": pa.string(),
    "Quantity": pa.int64(),
    "InvoiceDate": pa.timestamp("ms"),
    "UnitPrice": pa.float64(),
    "CustomerID": pa.int64(),
    "Country": pa.string(),
}
_MAY_BE_NULL: Final = frozenset({"CustomerID"})
_TITLE: Final = "Description"
"""May be missing: products then have no title."""


class _Lines(NamedTuple):
    """The rows of the file, column by column: half a million small objects would cost more than all the rest."""

    invoices: list[str]
    products: list[str]
    quantities: list[int]
    times_ms: list[int]
    prices: list[float]
    customers: list[int | None]
    countries: list[str]


@dataclass(slots=True)
class _Invoice:
    """One invoice: numbers of its rows, by what they do.

    Attributes:
        number: InvoiceNo.
        first: Its first row, which names the customer and the country.
        time_ms: When its earliest line was written.
        sold: Lines of the purchase.
        returned: Lines of the refund.
        moved: Lines that changed the stock without money.
    """

    number: str
    first: int
    time_ms: int
    sold: list[int] = field(default_factory=list)
    returned: list[int] = field(default_factory=list)
    moved: list[int] = field(default_factory=list)

    def add(self, row: int, time_ms: int, quantity: int, price: float) -> None:
        """Sort in one more line."""
        self.time_ms = min(self.time_ms, time_ms)
        if not quantity or not price:
            self.moved.append(row)
        elif self.number.startswith(_CANCELLED) or (quantity < 0) != (price < 0):
            self.returned.append(row)
        else:
            self.sold.append(row)


class OnlineRetail:
    """The data set as events.

    Args:
        path: A Parquet file with the data set's columns; None for the bundled one.

    Raises:
        ConfigurationError: There is no such file, or it does not hold these columns.
    """

    file: Final = None

    def __init__(self, path: Path | None = None) -> None:
        table = _read(path or BUNDLED)
        self._lines = _Lines(*(_values(table[name]) for name in _COLUMNS))
        self._invoices = _invoices(self._lines)
        self._titles = _titles(table, self._invoices)
        moved_money = sum(bool(i.sold) + bool(i.returned) + len(i.moved) for i in self._invoices)
        self.total = moved_money + len(self._titles)

    def events(self) -> Iterator[ImportedEvent]:
        """The events in the order of their time; those of one minute in the order of the file."""
        unannounced = dict(self._titles)
        for invoice in self._invoices:
            for event in itertools.chain(self._new_products(invoice, unannounced), self._events_of(invoice)):
                yield ImportedEvent(event, invoice.time_ms)

    def _new_products(self, invoice: _Invoice, unannounced: dict[str, str]) -> Iterator[dict[str, Any]]:
        """Creation of the invoice's products that had none yet; takes them out of ``unannounced``."""
        for row in invoice.sold:
            product = self._lines.products[row]
            title = unannounced.pop(product, None)
            if title is not None:
                yield self._product_event(invoice, product, title)

    def _product_event(self, invoice: _Invoice, product: str, title: str) -> dict[str, Any]:
        return {
            "event_id": f"{SOURCE}:{product}:product",
            "event_type": "product_created",
            "event_time": invoice.time_ms,
            "user_id": "",
            "source": SOURCE,
            "product_id": product,
            "product_title": title,
        }

    def _events_of(self, invoice: _Invoice) -> Iterator[dict[str, Any]]:
        if invoice.sold:
            yield self._money_event(invoice, "purchase", invoice.sold)
        if invoice.returned:
            yield self._money_event(invoice, "refund", invoice.returned)
        for row in invoice.moved:
            yield self._stock_event(invoice, row)

    def _money_event(self, invoice: _Invoice, event_type: str, rows: list[int]) -> dict[str, Any]:
        lines, customer = self._lines, self._lines.customers[invoice.first]
        prices = [_money(abs(lines.prices[row])) for row in rows]
        quantities = [abs(lines.quantities[row]) for row in rows]
        visitor = f"anonymous:{invoice.number}" if customer is None else None
        return {
            "event_id": f"{SOURCE}:{invoice.number}:{event_type}",
            "event_type": event_type,
            "event_time": invoice.time_ms,
            "user_id": visitor or str(customer),
            "anonymous_id": visitor,
            "source": SOURCE,
            "country": lines.countries[invoice.first],
            "order_id": invoice.number,
            "currency": CURRENCY,
            "value": sum(map(mul, quantities, prices), Decimal(0)),
            "items": [
                {"product_id": lines.products[row], "quantity": quantity, "price": price}
                for row, quantity, price in zip(rows, quantities, prices, strict=True)
            ],
        }

    def _stock_event(self, invoice: _Invoice, row: int) -> dict[str, Any]:
        lines = self._lines
        return {
            "event_id": f"{SOURCE}:{row}:stock",
            "event_type": "stock_changed",
            "event_time": invoice.time_ms,
            "user_id": "",
            "source": SOURCE,
            "country": lines.countries[invoice.first],
            "product_id": lines.products[row],
            "quantity": lines.quantities[row],
            "order_id": invoice.number,
            "currency": CURRENCY,
        }


def _read(path: Path) -> pa.Table:
    try:
        with pq.ParquetFile(path) as file:
            if missing := [name for name in _COLUMNS if name not in file.schema_arrow.names]:
                message = f"{path} lacks the columns {', '.join(missing)} of the data set Online Retail."
                raise ConfigurationError(message)
            known = [name for name in (*_COLUMNS, _TITLE) if name in file.schema_arrow.names]
            table = file.read(columns=known)
    except FileNotFoundError as error:
        message = f"There is no file {path}."
        raise ConfigurationError(message) from error
    except (OSError, pa.ArrowException) as error:
        message = f"{path} cannot be read as a Parquet file: {error}"
        raise ConfigurationError(message) from error
    kinds = {**_COLUMNS, **({_TITLE: pa.string()} if _TITLE in table.column_names else {})}
    return pa.table(
        {name: typed_column(path, table, name, kind, name in _MAY_BE_NULL | {_TITLE}) for name, kind in kinds.items()}
    )


def _titles(table: pa.Table, invoices: list[_Invoice]) -> dict[str, str]:
    """The title that most sold lines of a product have, the first in order of equals; by product id."""
    if _TITLE not in table.column_names:
        return {}
    sold = np.array([row for invoice in invoices for row in invoice.sold], np.int64)
    lines = table.select(["StockCode", _TITLE]).take(sold)
    named = lines.filter(pc.not_equal(pc.fill_null(pc.utf8_trim_whitespace(lines[_TITLE]), ""), ""))
    counted = named.set_column(1, _TITLE, pc.utf8_trim_whitespace(named[_TITLE])).group_by(["StockCode", _TITLE])
    rows = counted.aggregate([([], "count_all")]).sort_by([("count_all", "descending"), (_TITLE, "ascending")])
    titles: dict[str, str] = {}
    for product, title in zip(rows["StockCode"].to_pylist(), rows[_TITLE].to_pylist(), strict=True):
        titles.setdefault(product, title)
    return titles


def _values(column: pa.ChunkedArray) -> list[Any]:
    """A column as Python objects, times as epoch milliseconds.

    By way of numpy's view of the column, which takes a tenth of ``to_pylist``'s time.
    """
    array = column.combine_chunks()
    if array.null_count:
        nullable: list[Any] = array.to_pylist()
        return nullable
    if pa.types.is_string(array.type):
        encoded = array.dictionary_encode()
        texts = encoded.dictionary.to_pylist()
        return [texts[index] for index in _numbers(encoded.indices)]
    return _numbers(array.cast(pa.int64()) if pa.types.is_timestamp(array.type) else array)


def _numbers(array: pa.Array) -> list[Any]:
    numbers: list[Any] = np.from_dlpack(array).tolist()
    return numbers


def _invoices(lines: _Lines) -> list[_Invoice]:
    """Invoices in the order of their time, then of their first row."""
    invoices: dict[str, _Invoice] = {}
    rows = zip(lines.invoices, lines.times_ms, lines.quantities, lines.prices, strict=True)
    for row, (number, time_ms, quantity, price) in enumerate(rows):
        invoice = invoices.get(number)
        if invoice is None:
            invoice = invoices[number] = _Invoice(number, row, time_ms)
        invoice.add(row, time_ms, quantity, price)
    return sorted(invoices.values(), key=lambda invoice: invoice.time_ms)


@lru_cache(maxsize=65_536)
def _money(price: float) -> Decimal:
    """The amount that the file's writer meant: the shortest decimal that reads back as this number."""
    return Decimal(repr(price))
