"""The bundled data set as a few lines of pandas count it."""

from __future__ import annotations

from decimal import Decimal

import pandas as pd

from producers.importers.online_retail import BUNDLED

EVENTS = 30_235


def order_lines() -> pd.DataFrame:
    """The lines of all invoices with exact amounts, and which of them are sold and which given back."""
    frame = pd.read_parquet(BUNDLED)
    frame["price"] = frame["UnitPrice"].map(lambda price: Decimal(repr(float(price))))
    frame["amount"] = frame["Quantity"].map(int).map(Decimal) * frame["price"]
    frame["sold"] = (frame["Quantity"] > 0) & (frame["UnitPrice"] > 0)
    frame["returned"] = ~frame["sold"] & (frame["UnitPrice"] != 0)
    frame["user"] = frame["CustomerID"].astype("string").fillna("anonymous " + frame["InvoiceNo"].astype(str))
    frame["day"] = frame["InvoiceDate"].dt.strftime("%Y-%m-%d")
    return frame


def expected_days(lines: pd.DataFrame) -> list[dict[str, str]]:
    """``sales_daily`` as a few lines of pandas compute it from the file, as CSV has it."""
    sold, returned = lines[lines["sold"]], lines[lines["returned"]]
    first_day = sold.groupby("user")["day"].min()
    rows = []
    for day in sorted(set(sold["day"]) | set(returned["day"])):
        of_day = sold[sold["day"] == day]
        orders, gross = of_day["InvoiceNo"].nunique(), of_day["amount"].sum()
        refunds = -returned.loc[returned["day"] == day, "amount"].sum()
        buyers = set(of_day["user"])
        new = sum(first_day[user] == day for user in buyers)
        rows.append(
            {
                "day": day,
                "currency": "GBP",
                "orders": str(orders),
                "units": str(of_day["Quantity"].sum()),
                "gross": money(gross),
                "refunds": money(refunds),
                "cancelled": money(0),
                "net": money(gross - refunds),
                "average_order_value": money(Decimal(gross) / orders) if orders else "",
                "buyers": str(len(buyers)),
                "new_buyers": str(new),
                "returning_buyers": str(len(buyers) - new),
            }
        )
    return rows


def money(amount: Decimal | int) -> str:
    """Four decimals, half up."""
    return str(Decimal(amount).quantize(Decimal("0.0001"), "ROUND_HALF_UP"))
