"""``customer-values``: what each customer is expected to be worth."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from cli.context import err, out, settings_of
from cli.progress import working

if TYPE_CHECKING:
    from customers.tables import Valuation

MOST_DAYS = 3_650


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(rich_help_panel="Results")(customer_values)


def customer_values(
    ctx: typer.Context,
    days: Annotated[int, typer.Option(help="How many days ahead.", min=1, max=MOST_DAYS)] = 90,
    as_of: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="The last day whose orders are known; without it, the newest."),
    ] = None,
) -> None:
    """Compute what each customer is expected to order and spend, and store it for the queries and the page.

    Prints how well the same models did on days that were left out. A currency with too few customers is named.
    """
    from customers.valuation import value_customers

    with working("Reading orders ...") as status:
        day = as_of.date() if as_of else None
        valued = value_customers(settings_of(ctx), datetime.now(UTC), days, day, status.update)
    for each in valued.valuations:
        _show(each)
    for currency, reason in valued.left_out.items():
        err.print(f"{currency} was left out: {reason}.", markup=False, soft_wrap=True)
    if not valued.valuations:
        err.print("No expected values were computed. Orders come from the job analytics: ./shop status shows it.")


def _show(each: Valuation) -> None:
    from rich.table import Table

    from customers.tables import day_of

    expected = each.expected
    out.print(
        f"{each.currency}: {len(each.customers.customer):,} customers until {each.as_of}. Expected of them in the next "
        f"{each.days} days: {expected.orders.sum():,.0f} orders worth {expected.value.sum():,.2f}.",
        soft_wrap=True,
    )
    table = Table("days left out", "customers", "orders", "expected", "error", "value", "expected", "error", box=None)
    for column in table.columns[1:]:
        column.justify = "right"
    for one in each.hold_outs:
        table.add_row(
            f"{day_of(one.first)} to {day_of(one.last)}",
            f"{one.customers:,}",
            *(f"{one.orders:,.0f}", f"{one.expected_orders:,.0f}", f"{one.orders_error:+.1%}"),
            *(f"{one.value:,.2f}", f"{one.expected_value:,.2f}", f"{one.value_error:+.1%}"),
        )
    if each.hold_outs:
        out.print(table)
    else:
        out.print(f"Nothing was left out to check it: that takes {2 * each.days} days of orders.", soft_wrap=True)
