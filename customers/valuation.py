"""Values the customers of a shop: from ``customer_orders`` to the tables of expected values."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from connections.clickhouse import connected
from customers.calibration import LEAST_CUSTOMERS, hold_outs
from customers.history import histories
from customers.likelihood import NotFitted
from customers.tables import Valuation, bookings, currencies, day_number, last_day, write
from customers.value import fit
from schemas.settings import Settings

DAYS: Final = 90
"""How many days ahead, where nothing else is asked for."""


@dataclass(frozen=True, slots=True)
class Valued:
    """What was computed.

    Attributes:
        valuations: Of each currency that has customers enough.
        left_out: Currency -> why it has none.
    """

    valuations: tuple[Valuation, ...]
    left_out: dict[str, str]


def value_customers(
    settings: Settings, computed_at: datetime, days: int, as_of: date | None, progress: Callable[[str], None]
) -> Valued:
    """Compute what each customer is expected to be worth, check it on days left out, and store it.

    Args:
        settings: Where ClickHouse is.
        computed_at: Now, aware.
        days: How many days ahead.
        as_of: The last day whose orders are known; None for the newest that there is.
        progress: Told what is being done.

    Raises:
        DependencyUnavailable: ClickHouse does not answer.
        StatementRefused: ClickHouse refuses a statement, for example because nothing was migrated yet.
    """
    valuations: list[Valuation] = []
    left_out: dict[str, str] = {}
    with connected(settings, settings.clickhouse_database) as client:
        last = as_of or last_day(client)
        if last is None:
            return Valued((), {})
        for currency in currencies(client):
            progress(f"Customers who buy in {currency} ...")
            booked, names = bookings(client, currency, last)
            known = histories(booked, day_number(last))
            if len(known.customer) < LEAST_CUSTOMERS:
                left_out[currency] = f"{len(known.customer)} customers have ordered; {LEAST_CUSTOMERS} are needed"
                continue
            try:
                model = fit(known)
                checked = tuple(hold_outs(booked, day_number(last), days))
            except NotFitted as error:
                left_out[currency] = str(error)
                continue
            expected = model.expected(known, days)
            valuations.append(Valuation(currency, last, days, names, known, model, expected, checked))
        if valuations:
            write(client, computed_at, valuations)
    return Valued(tuple(valuations), left_out)
