"""What of all events counts as an interaction, by the rule of ``schemas/interactions.py``, for all users at once.

A history in Redis keeps the newest of equal interactions; here each one counts. ``jobs/interactions/`` says the same in
SQL for the stream. A test compares all three.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from schemas.interactions import ADD_TO_CART, KINDS, OF_ORDERS, ORDER_CANCELLED, PURCHASE, REMOVE_FROM_CART

_KEPT_AS_THEY_ARE: Final = tuple(kind for kind in KINDS if kind not in (ADD_TO_CART, PURCHASE))
_COLUMNS: Final = ("user_id", "is_visitor", "product_id", "kind", "event_time", "basket")
_USER_PRODUCT: Final = ["user_id", "product_id"]
_USER_ORDER: Final = ["user_id", "order_id"]
_ORDER_PRODUCT: Final = ["user_id", "order_id", "product_id"]
_SUM: Final = pa.decimal128(38, 4)


def counted_interactions(events: pa.Table) -> pa.Table:
    """The interactions that count, in no particular order.

    Args:
        events: The rows of ``interaction_events.sql``.

    Returns:
        Their user_id, is_visitor, product_id, kind, event_time and basket: the order of a purchase, "" for other kinds.
    """
    with_basket = events.append_column("basket", events["order_id"])
    counting = [_of_kinds(with_basket, _KEPT_AS_THEY_ARE), _kept_additions(with_basket), _kept_purchases(events)]
    return pa.concat_tables([each.select(_COLUMNS) for each in counting])


def _kept_additions(events: pa.Table) -> pa.Table:
    """Additions to a cart that are newer than every removal of that product by the same user."""
    removals = _of_kinds(events, (REMOVE_FROM_CART,)).group_by(_USER_PRODUCT).aggregate([("event_time", "max")])
    additions = _of_kinds(events, (ADD_TO_CART,)).join(removals, _USER_PRODUCT)
    is_newer = pc.greater(additions["event_time"], additions["event_time_max"])
    return additions.filter(pc.fill_null(is_newer, True))


def _kept_purchases(events: pa.Table) -> pa.Table:
    """One row per order and product of which units were kept, at the time when it was bought."""
    products = _order_products(events)
    is_matched = pc.greater(products["lines"], 0)
    unmatched = (
        products.append_column("unmatched", pc.if_else(is_matched, 0, pc.negate(products["units"])))
        .append_column("unmatched_at", pc.if_else(is_matched, None, products["moment"]))
        .group_by(_USER_PRODUCT)
        .aggregate([("is_visitor", "max"), ("unmatched", "sum"), ("unmatched_at", "max")])
    )
    bought = products.filter(pc.and_(is_matched, pc.greater(products["units"], 0))).drop_columns("is_visitor")
    bought = bought.join(unmatched, _USER_PRODUCT)
    may_be_returned = pc.fill_null(pc.less_equal(bought["moment"], bought["unmatched_at_max"]), False)
    kept = pa.concat_tables([bought.filter(pc.invert(may_be_returned)), _not_returned(bought.filter(may_be_returned))])
    return pa.table(
        {
            "user_id": kept["user_id"],
            "is_visitor": kept["is_visitor_max"],
            "product_id": kept["product_id"],
            "kind": pa.array([PURCHASE]).take(pa.array(np.zeros(kept.num_rows, np.int64))),
            "event_time": kept["moment"],
            "basket": kept["order_id"],
        }
    )


def _not_returned(bought: pa.Table) -> pa.Table:
    """Those of which units are left once the unmatched returns took theirs from the user's newest purchases of it."""
    newest_first = [
        ("user_id", "ascending"),
        ("product_id", "ascending"),
        ("moment", "descending"),
        ("order_id", "ascending"),
    ]
    bought = bought.sort_by(newest_first)
    units = bought["units"].to_numpy()
    through_here = np.cumsum(units)
    before = (through_here - units)[_first_of_each(bought, _USER_PRODUCT)]
    return bought.filter(pa.array(through_here - before > bought["unmatched_sum"].to_numpy()))


def _first_of_each(rows: pa.Table, key: list[str]) -> NDArray[np.int64]:
    """For each row the index of the first row with its key, in rows that are sorted by it."""
    begins = np.zeros(rows.num_rows, bool)
    begins[:1] = True
    for name in key:
        column = rows[name].combine_chunks()
        begins[1:] |= pc.not_equal(column[1:], column[:-1]).to_numpy(zero_copy_only=False)
    return np.maximum.accumulate(np.where(begins, np.arange(rows.num_rows), 0))


def _order_products(events: pa.Table) -> pa.Table:
    """One row per user, order id and product that was bought or given back under it.

    Returns:
        Beside these and is_visitor: lines, the number of lines of purchases; units, those bought without those given
        back; moment, when it was bought, and where it was not, when it was last given back.
    """
    of_orders = _of_kinds(events, tuple(OF_ORDERS))
    is_whole = pc.equal(of_orders["product_id"], "")
    lines = of_orders.filter(pc.invert(is_whole)).join(_reversals(of_orders.filter(is_whole)), _USER_ORDER)
    is_bought = pc.equal(lines["kind"], PURCHASE)
    is_reversed = pc.or_kleene(lines["is_cancelled_max"], pc.greater_equal(lines["refunded_sum"], lines["value"]))
    units = pc.if_else(
        is_bought, pc.if_else(pc.fill_null(is_reversed, False), 0, lines["units"]), pc.negate(lines["units"])
    )
    time = lines["event_time"]
    grouped = (
        lines.select(_ORDER_PRODUCT)
        .append_column("is_visitor", pc.and_(lines["is_visitor"], is_bought))
        .append_column("lines", is_bought.cast(pa.int64()))
        .append_column("units", units)
        .append_column("bought_at", pc.if_else(pc.greater(units, 0), time, None))
        .append_column("returned_at", pc.if_else(is_bought, None, time))
        .group_by(_ORDER_PRODUCT)
        .aggregate(
            [("is_visitor", "max"), ("lines", "sum"), ("units", "sum"), ("bought_at", "min"), ("returned_at", "max")]
        )
    )
    return (
        grouped.select(_ORDER_PRODUCT)
        .append_column("is_visitor", grouped["is_visitor_max"])
        .append_column("lines", grouped["lines_sum"])
        .append_column("units", grouped["units_sum"])
        .append_column("moment", pc.coalesce(grouped["bought_at_min"], grouped["returned_at_max"]))
    )


def _reversals(whole: pa.Table) -> pa.Table:
    """One row per user and order with a cancellation or a refund of the order as a whole."""
    return (
        whole.select(_USER_ORDER)
        .append_column("is_cancelled", pc.equal(whole["kind"], ORDER_CANCELLED))
        .append_column("refunded", whole["value"].cast(_SUM))
        .group_by(_USER_ORDER)
        .aggregate([("is_cancelled", "max"), ("refunded", "sum")])
    )


def _of_kinds(events: pa.Table, kinds: tuple[str, ...]) -> pa.Table:
    return events.filter(pc.is_in(events["kind"], value_set=pa.array(kinds)))
