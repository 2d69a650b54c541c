"""Small histories whose figures are worked out by hand: sales and products.

The clocks of Berlin went forward on 29 March 2026: that day had 23 hours and began at 23:00 UTC of the day before.
"""

from simulator.events import Event
from tests.unit.simulator.ledger.conftest import berlin, event, tables_of

MONDAY = "2026-03-30"
SUNDAY = "2026-03-29"


def history() -> list[Event]:
    """Three purchases, two refunds and a cancellation around two midnights."""
    return [
        # just after midnight of the short Sunday, which is Saturday in UTC
        event(
            "e1",
            "purchase",
            berlin("2026-03-29T00:00:00"),
            "ada",
            {"country": "DE", "channel": "email"},
            order_id="o1",
            currency="EUR",
            value="10.0010",
            items=[("p1", 2, "5.0000", "Home"), ("p2", 1, "0.0010")],
        ),
        # the last millisecond of the short Sunday, in the same currency, by another user, with a discount of 1.00
        event(
            "e2",
            "purchase",
            berlin("2026-03-29T23:59:59.999"),
            "bob",
            {"country": "FR"},
            order_id="o2",
            currency="EUR",
            value="19.0000",
            items=[("p1", 4, "5.0000", "Home")],
        ),
        # Monday: ada again, and in another currency
        event(
            "e3",
            "purchase",
            berlin("2026-03-30T00:00:00"),
            "ada",
            {"country": "DE", "channel": "email"},
            order_id="o3",
            currency="GBP",
            value="3.0000",
            items=[("p1", 1, "3.0000", "Home"), ("p1", 1, "0.0000", "Home")],
        ),
        event(
            "e4",
            "refund",
            berlin("2026-03-30T12:00:59"),
            "ada",
            order_id="o1",
            currency="EUR",
            value="5.0000",
            items=[("p1", 1, "5.0000", "Home")],
        ),
        event("e5", "refund", berlin("2026-03-30T12:00:30"), "bob", order_id="o2", currency="EUR", value="0.5000"),
        event(
            "e6", "order_cancelled", berlin("2026-03-30T13:00:00"), "bob", order_id="o2", currency="EUR", value="18.5"
        ),
    ]


def test_sales_by_day() -> None:
    assert tables_of(history())["sales_daily"] == [
        # 29.0010 / 2 = 14.50050, exact; ada and bob, both new
        (SUNDAY, "EUR", 2, 7, "29.0010", "0.0000", "0.0000", "29.0010", "14.5005", 2, 2, 0),
        (MONDAY, "EUR", 0, 0, "0.0000", "5.5000", "18.5000", "-24.0000", None, 0, 0, 0),
        # ada has bought before, in another currency
        (MONDAY, "GBP", 1, 2, "3.0000", "0.0000", "0.0000", "3.0000", "3.0000", 1, 0, 1),
    ]


def test_sales_by_minute_are_in_utc() -> None:
    assert tables_of(history())["sales_minutely"] == [
        ("2026-03-28T23:00:00.000Z", "EUR", 1, 3, "10.0010", "0.0000", "0.0000", "10.0010", "10.0010"),
        ("2026-03-29T21:59:00.000Z", "EUR", 1, 4, "19.0000", "0.0000", "0.0000", "19.0000", "19.0000"),
        ("2026-03-29T22:00:00.000Z", "GBP", 1, 2, "3.0000", "0.0000", "0.0000", "3.0000", "3.0000"),
        ("2026-03-30T10:00:00.000Z", "EUR", 0, 0, "0.0000", "5.5000", "0.0000", "-5.5000", None),
        ("2026-03-30T11:00:00.000Z", "EUR", 0, 0, "0.0000", "0.0000", "18.5000", "-18.5000", None),
    ]


def test_revenue_by_country_channel_and_category() -> None:
    assert tables_of(history())["revenue_breakdown_daily"] == [
        (SUNDAY, "EUR", "category", "(unknown)", 1, 1, "0.0010"),
        (SUNDAY, "EUR", "category", "Home", 2, 6, "30.0000"),
        (SUNDAY, "EUR", "channel", "(unknown)", 1, 4, "19.0000"),
        (SUNDAY, "EUR", "channel", "email", 1, 3, "10.0010"),
        (SUNDAY, "EUR", "country", "DE", 1, 3, "10.0010"),
        (SUNDAY, "EUR", "country", "FR", 1, 4, "19.0000"),
        (MONDAY, "GBP", "category", "Home", 2, 2, "3.0000"),
        (MONDAY, "GBP", "channel", "email", 1, 2, "3.0000"),
        (MONDAY, "GBP", "country", "DE", 1, 2, "3.0000"),
    ]


def test_products_by_day() -> None:
    assert tables_of(history())["products_daily"] == [
        (SUNDAY, "EUR", "p1", 2, 6, "30.0000", 0, "0.0000"),
        (SUNDAY, "EUR", "p2", 1, 1, "0.0010", 0, "0.0000"),
        (MONDAY, "EUR", "p1", 0, 0, "0.0000", 1, "5.0000"),
        (MONDAY, "GBP", "p1", 2, 2, "3.0000", 0, "0.0000"),
    ]


def test_product_activity_has_rates_as_exact_fractions() -> None:
    noon = berlin("2026-03-30T12:00:00")
    looks = [event(f"v{number}", "view_item", noon, product_id="p1") for number in range(6)]
    carts = [event(f"c{number}", "add_to_cart", noon, product_id=f"p{number}", quantity=3) for number in (1, 2)]
    assert tables_of([*history(), *looks, *carts])["product_activity_daily"] == [
        (SUNDAY, "p1", 0, 0, 2, None, None),
        (SUNDAY, "p2", 0, 0, 1, None, None),
        (MONDAY, "p1", 6, 1, 2, "1/6", "1/3"),
        (MONDAY, "p2", 0, 1, 0, None, None),
    ]


def test_the_average_is_rounded_half_up() -> None:
    values = ("0.0001", "0.0002")  # 0.00015
    orders = [
        event(
            f"e{at}", "purchase", at, f"u{at}", order_id=f"o{at}", currency="EUR", value=value, items=[("p", 1, value)]
        )
        for at, value in enumerate(values)
    ]
    assert tables_of(orders)["sales_daily"][0][8] == "0.0002"


def test_the_first_purchase_is_the_earliest_and_of_two_at_once_the_one_with_the_lower_id() -> None:
    def bought(event_id: str, time_ms: int, currency: str) -> Event:
        lines = [("p", 1, "1")]
        return event(event_id, "purchase", time_ms, order_id=event_id, currency=currency, value="1", items=lines)

    purchases = [bought("c", 6_000, "EUR"), bought("b", 5_000, "GBP"), bought("a", 5_000, "USD")]
    new_buyers = {row[1]: row[10] for row in tables_of(purchases)["sales_daily"]}
    assert new_buyers == {"EUR": 0, "GBP": 0, "USD": 1}
