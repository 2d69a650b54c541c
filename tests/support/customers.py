"""Orders of the bundled data set: as rows of ``customer_orders``, and as a few lines of pandas have them."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

import pandas as pd

from producers.importers.online_retail import OnlineRetail

COLUMNS: Final = (
    *("day", "order_id", "user_id", "currency", "orders", "guest_orders"),
    *("units", "gross", "refunds", "cancelled", "cancellations"),
)
EPOCH: Final = date(1970, 1, 1)
DAY_MS: Final = 86_400_000


def booked_rows() -> list[tuple[Any, ...]]:
    """What the job analytics makes of the events of the importer, in UTC."""
    orders: defaultdict[tuple[date, str, str, str], list[Any]] = defaultdict(
        lambda: [0, 0, 0, Decimal(0), Decimal(0), Decimal(0), 0]
    )
    for event, _ in OnlineRetail().events():
        if event["event_type"] not in ("purchase", "refund"):
            continue
        day = EPOCH + timedelta(event["event_time"] // DAY_MS)
        order = orders[day, event["order_id"], event["user_id"], event["currency"]]
        if event["event_type"] == "refund":
            order[4] += event["value"]
            continue
        order[0] += 1
        order[1] += event["anonymous_id"] == event["user_id"]
        order[2] += sum(item["quantity"] for item in event["items"])
        order[3] += event["value"]
    return [(*key, *values) for key, values in orders.items()]


def purchases(lines: pd.DataFrame) -> pd.DataFrame:
    """The orders of ``tests.support.online_retail.order_lines``: invoice, user, day and whether a guest's."""
    sold = lines[lines["sold"]]
    orders = sold.groupby(["InvoiceNo", "user"], as_index=False)["InvoiceDate"].min()
    orders["day"] = orders["InvoiceDate"].dt.normalize()
    orders["guest"] = orders["user"].str.startswith("anonymous ")
    return orders
