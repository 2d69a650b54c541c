"""Money as a shop books it: merchandise, discounts, shipping, tax, and what was given back; and coupons."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from simulator.events import Event
from simulator.ledger.books import (
    AMOUNT,
    COUNT,
    DAY,
    TEXT,
    Cell,
    Table,
    amount_cell,
    lines_of,
    mean_cell,
    ten_thousandths,
    value_of,
)


@dataclass(slots=True)
class _Booked:
    """The money of one day and currency, in ten-thousandths."""

    orders: int = 0
    coupon_orders: int = 0
    discounts: int = 0
    merchandise: int = 0
    shipping: int = 0
    tax: int = 0
    tax_on_top: int = 0
    line_refunds: int = 0
    order_refunds: int = 0
    cancelled: int = 0
    returned_shipping: int = 0
    returned_tax: int = 0
    returned_tax_on_top: int = 0

    def cells(self) -> tuple[Cell, ...]:
        """The columns of sales_booked_daily behind its key."""
        gross = self.merchandise + self.discounts
        total = self.merchandise + self.shipping + self.tax_on_top
        refunds = self.line_refunds + self.order_refunds
        kept = total - refunds - self.cancelled - self.returned_shipping - self.returned_tax_on_top
        amounts = (gross, self.discounts, self.merchandise, self.shipping, self.tax, self.tax_on_top, total)
        returned = (self.line_refunds, self.order_refunds, refunds, self.cancelled)
        beside = (self.returned_shipping, self.returned_tax, self.returned_tax_on_top)
        return (
            self.orders,
            self.coupon_orders,
            *map(amount_cell, (*amounts, total - self.tax, *returned, *beside, kept)),
            *(mean_cell(amount, self.orders) for amount in (gross, self.merchandise, total)),
        )


_COUNTS = ("orders", "coupon_orders")
_AMOUNTS = (
    *("gross_merchandise", "discounts", "net_merchandise", "shipping", "tax", "tax_on_top", "total"),
    *("total_without_tax", "line_refunds", "order_refunds", "refunds", "cancelled"),
    *("returned_shipping", "returned_tax", "returned_tax_on_top", "net_total"),
    *("average_gross_merchandise", "average_net_merchandise", "average_total"),
)


class Money:
    """The book of money.

    Args:
        is_tax_included: Whether values contain the tax.
    """

    def __init__(self, is_tax_included: bool) -> None:
        self._is_tax_included = is_tax_included
        self._booked: defaultdict[tuple[date, str], _Booked] = defaultdict(_Booked)
        self._coupons: defaultdict[tuple[date, str, str], list[int]] = defaultdict(lambda: [0, 0, 0])

    def enter(self, event: Event, day: date, minute: int) -> None:  # noqa: ARG002
        """Enter an order, a refund or a cancellation."""
        currency = event.body.fields["currency"]
        booked = self._booked[day, currency]
        value, tax, shipping = value_of(event), _given(event, "tax"), _given(event, "shipping")
        on_top = 0 if self._is_tax_included else tax
        if event.event_type == "purchase":
            discount, coupon = _given(event, "discount"), event.body.fields.get("coupon")
            booked.orders += 1
            booked.discounts += discount
            booked.merchandise += value
            booked.shipping += shipping
            booked.tax += tax
            booked.tax_on_top += on_top
            if coupon:
                booked.coupon_orders += 1
                account = self._coupons[day, currency, coupon]
                for column, amount in enumerate((1, discount, value)):
                    account[column] += amount
            return
        if event.event_type == "order_cancelled":
            booked.cancelled += value
        elif lines_of(event):
            booked.line_refunds += value
        else:
            booked.order_refunds += value
        booked.returned_shipping += shipping
        booked.returned_tax += tax
        booked.returned_tax_on_top += on_top

    def tables(self) -> Iterator[Table]:
        """sales_booked_daily, coupons_daily."""
        key = {"day": DAY, "currency": TEXT}
        yield Table.of(
            "sales_booked_daily",
            {**key, **dict.fromkeys(_COUNTS, COUNT), **dict.fromkeys(_AMOUNTS, AMOUNT)},
            2,
            ((day.isoformat(), currency, *booked.cells()) for (day, currency), booked in self._booked.items()),
        )
        yield Table.of(
            "coupons_daily",
            {**key, "coupon": TEXT, "orders": COUNT, "discounts": AMOUNT, "value": AMOUNT},
            3,
            (
                (day.isoformat(), currency, coupon, orders, amount_cell(discounts), amount_cell(value))
                for (day, currency, coupon), (orders, discounts, value) in self._coupons.items()
            ),
        )


def _given(event: Event, name: str) -> int:
    """An amount that an event may have, in ten-thousandths."""
    amount = event.body.fields.get(name)
    return 0 if amount is None else ten_thousandths(amount)
