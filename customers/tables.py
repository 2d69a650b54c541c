"""Orders of customers from ClickHouse, and expected values into it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import astuple, dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

import numpy as np
from clickhouse_connect.driver.client import Client

from customers.calibration import HoldOut
from customers.history import Bookings, Histories
from customers.value import Expected, ValueModel
from schemas.customer_values import HOLD_OUTS, MODELS, ROWS

FIRST_DAY: Final = date(1970, 1, 1)
_WHOLE: Final = {"mutations_sync": 2}
_CENTS: Final = Decimal("0.0001")
_MODEL: Final = ["computed_at", "currency", "as_of", "days", "customers", "r", "alpha", "a", "b", "p", "q", "v"]
_HOLD_OUT: Final = (
    *("computed_at", "currency", "first_day", "last_day", "customers"),
    *("expected_orders", "orders", "expected_value", "value"),
)
_ROW: Final = (
    *("computed_at", "currency", "user_id", "orders", "net"),
    *("alive", "expected_orders", "expected_order_value", "expected_value"),
)

_BOOKINGS: Final = """
SELECT
    dense_rank() OVER (ORDER BY user_id) - 1 AS customer,
    dense_rank() OVER (ORDER BY user_id, order_id) - 1 AS order_number,
    toInt64(toInt32(day)) AS day_number,
    orders,
    guest_orders,
    cancellations,
    toFloat64(net) AS amount,
    user_id
FROM customer_orders
WHERE currency = {currency:String} AND day <= {last:Date}
ORDER BY user_id, order_id, day_number
"""


@dataclass(frozen=True, slots=True)
class Valuation:
    """What was computed of the customers who buy in one currency.

    Attributes:
        currency: ISO 4217 code.
        as_of: The last day whose orders were known.
        days: How many days ahead.
        names: Number of a customer -> user id.
        customers: What is known of each.
        model: What was fitted to them.
        expected: What it expects of each.
        hold_outs: How it does on days that it has not seen.
    """

    currency: str
    as_of: date
    days: int
    names: Sequence[str]
    customers: Histories
    model: ValueModel
    expected: Expected
    hold_outs: tuple[HoldOut, ...]


def currencies(client: Client) -> list[str]:
    """The currencies of orders, in alphabetical order."""
    rows = client.query("SELECT DISTINCT currency FROM customer_orders ORDER BY currency").result_rows
    return [str(row[0]) for row in rows]


def last_day(client: Client) -> date | None:
    """The newest day with an order, a refund or a cancellation; None without any."""
    (row,) = client.query("SELECT max(day), count() FROM customer_orders").result_rows
    return row[0] if row[1] else None


def bookings(client: Client, currency: str, last: date) -> tuple[Bookings, list[str]]:
    """What was booked in a currency up to a day, and the names of the customers by their numbers."""
    answer = client.query(_BOOKINGS, parameters={"currency": currency, "last": last}, column_oriented=True)
    *columns, users = answer.result_columns or [[]] * 8
    names = list(dict.fromkeys(map(str, users)))
    customer, order, day, orders, guest_orders, cancellations = (np.asarray(each, np.int64) for each in columns[:6])
    net = np.asarray(columns[6], np.float64)
    return Bookings(customer, order, day, orders, guest_orders, cancellations, net), names


def day_number(day: date) -> int:
    """Days since 1970."""
    return (day - FIRST_DAY).days


def day_of(number: int) -> date:
    """The day of a number."""
    return FIRST_DAY + timedelta(number)


def write(client: Client, computed_at: datetime, valuations: Iterable[Valuation]) -> None:
    """Store what was computed, in place of what was before.

    A reader sees the old rows until all new ones are there: the models, which say what counts, are last.
    Whoever was erased meanwhile is taken out again.
    """
    kept = list(valuations)
    for each in kept:
        client.insert(ROWS, list(_rows(computed_at, each)), column_names=_ROW)
        client.insert(HOLD_OUTS, list(_hold_outs(computed_at, each)), column_names=_HOLD_OUT)
    client.insert(MODELS, [_model(computed_at, each) for each in kept], column_names=_MODEL)
    for table in (ROWS, HOLD_OUTS, MODELS):
        client.command(
            f"ALTER TABLE {table} DELETE WHERE computed_at < %(at)s", {"at": _text(computed_at)}, settings=_WHOLE
        )
    client.command(
        f"ALTER TABLE {ROWS} DELETE WHERE user_id NOT IN (SELECT user_id FROM customer_orders)",  # noqa: S608
        settings=_WHOLE,
    )


def _model(computed_at: datetime, each: Valuation) -> tuple[Any, ...]:
    parameters = (*astuple(each.model.ordering), *astuple(each.model.spending))
    return (computed_at, each.currency, each.as_of, each.days, len(each.customers.customer), *parameters)


def _hold_outs(computed_at: datetime, each: Valuation) -> Iterator[tuple[Any, ...]]:
    for one in each.hold_outs:
        days = (day_of(one.first), day_of(one.last))
        counts = (one.customers, one.expected_orders, round(one.orders))
        yield (computed_at, each.currency, *days, *counts, _amount(one.expected_value), _amount(one.value))


def _rows(computed_at: datetime, each: Valuation) -> Iterator[tuple[Any, ...]]:
    known, expected = each.customers, each.expected
    columns = (
        [each.names[number] for number in known.customer.tolist()],
        known.orders.astype(np.int64).tolist(),
        map(_amount, known.net.tolist()),
        expected.alive.tolist(),
        expected.orders.tolist(),
        map(_amount, expected.order_value.tolist()),
        map(_amount, expected.value.tolist()),
    )
    return ((computed_at, each.currency, *row) for row in zip(*columns, strict=True))


def _amount(value: float) -> Decimal:
    return Decimal(repr(value)).quantize(_CENTS, "ROUND_HALF_UP")


def _text(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S}.{at.microsecond // 1000:03}"
