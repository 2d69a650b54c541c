"""Every figure of the pages is what ``./shop query`` says."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.integration.dashboards.page.conftest import Shown
from tests.support.dashboard_pages import amounts, figure, in_cents, is_near, texts, total

pytestmark = pytest.mark.platform

CURRENCY = "EUR"
LENGTH = 28


def days_of(shown: Shown) -> tuple[date, date]:
    return shown.today - timedelta(days=LENGTH - 1), shown.today


def in_currency(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [row for row in rows if row["currency"] == CURRENCY]


@pytest.mark.parametrize("back", [0, LENGTH], ids=["these days", "others, by the address"])
def test_sales(shown: Shown, look: Callable[..., Page], back: int) -> None:
    first, last = (day - timedelta(days=back) for day in days_of(shown))
    page = look(f"page=sales&currency={CURRENCY}&range=custom&from={first}&to={last}")
    rows = in_currency(shown.rows("sales_daily", first, last))
    assert total(rows, "orders") > 0
    assert figure(page, "net") == total(rows, "net")
    assert figure(page, "gross") == total(rows, "gross")
    assert figure(page, "returns") == total(rows, "refunds", "cancelled")
    assert figure(page, "orders") == total(rows, "orders")
    assert figure(page, "units") == total(rows, "units")
    assert figure(page, "new_buyers") == total(rows, "new_buyers")
    average = (total(rows, "gross") / total(rows, "orders")).quantize(Decimal("0.0001"), ROUND_HALF_UP)
    assert figure(page, "average") == average
    (totals,) = in_currency(shown.rows("sales_totals", first, last))
    assert (figure(page, "net"), figure(page, "average")) == (totals["net"], totals["average_order_value"])


def test_money_as_booked(shown: Shown, look: Callable[..., Page]) -> None:
    first, last = days_of(shown)
    page = look(f"page=sales&currency={CURRENCY}")
    rows = in_currency(shown.rows("sales_booked_daily", first, last))
    columns = [
        "gross_merchandise",
        "discounts",
        "net_merchandise",
        "shipping",
        "tax",
        "total",
        "refunds",
        "cancelled",
        "net_total",
    ]
    assert amounts(titles(page, "booked")) == [in_cents(total(rows, column)) for column in columns]
    assert total(rows, "discounts") > 0
    averages = [
        total(rows, column) / total(rows, "orders") for column in ("gross_merchandise", "net_merchandise", "total")
    ]
    assert amounts(titles(page, "averages")) == list(map(in_cents, averages))


def titles(page: Page, tile: str) -> list[str]:
    """What the bars of a tile say whole, where they show it short."""
    return [
        str(each)
        for each in page.eval_on_selector_all(f"[data-tile={tile}] .bar-value", "all => all.map(bar => bar.title)")
    ]


def test_the_table_behind_a_figure_has_its_rows(shown: Shown, look: Callable[..., Page]) -> None:
    first, last = days_of(shown)
    page = look(f"page=sales&currency={CURRENCY}")
    page.click("[data-tile=net] .tile-open")
    shown_values = page.eval_on_selector_all("dialog tbody tr", "rows => rows.map(row => row.cells[7].dataset.value)")
    rows = in_currency(shown.rows("sales_daily", first, last))
    assert [Decimal(value) for value in shown_values] == [row["net"] for row in rows]
    assert page.inner_text("dialog code.command") == f"./shop query sales_daily --from {first} --to {last}"
    assert "table=net" in page.url  # a link to the open table
    with page.expect_download() as download:
        page.click("text=Export CSV")
    lines = download.value.path().read_text().splitlines()
    assert len(lines) == 1 + len(shown.rows("sales_daily", first, last))


def test_the_plotted_figures_are_in_a_table(shown: Shown, look: Callable[..., Page]) -> None:
    page = look(f"page=sales&currency={CURRENCY}")
    cells = page.eval_on_selector_all(
        "[data-tile=net] .unseen tbody tr", "rows => rows.map(row => row.cells[1].textContent)"
    )
    by_day = {row["day"]: row["net"] for row in in_currency(shown.rows("sales_daily", *days_of(shown)))}
    first, _ = days_of(shown)
    expected = [by_day.get(first + timedelta(days=n), Decimal(0)) for n in range(LENGTH)]
    assert amounts(cells) == [in_cents(value) for value in expected]


def test_a_comparison_names_the_days_and_the_figure(shown: Shown, look: Callable[..., Page]) -> None:
    first, _ = days_of(shown)
    page = look(f"page=sales&currency={CURRENCY}")
    before = shown.rows("sales_daily", first - timedelta(days=LENGTH), first - timedelta(days=1))
    orders = total(in_currency(before), "orders")
    assert f"from {orders}" in page.inner_text("[data-tile=orders] .change")


def test_visits(shown: Shown, look: Callable[..., Page]) -> None:
    first, last = days_of(shown)
    page = look("page=visits")
    rows = shown.rows("funnel_daily", first, last)
    assert figure(page, "sessions") == total(rows, "sessions") > 0
    assert is_near(figure(page, "conversion"), total(rows, "converted") / total(rows, "sessions"))
    assert is_near(figure(page, "abandonment"), total(rows, "abandoned_carts") / total(rows, "carts"))
    steps = texts(page, "[data-tile=funnel] .funnel-head b")
    expected = [row["sessions"] for row in shown.rows("funnel_steps", first, last)]
    assert [int(step.replace(",", "")) for step in steps] == expected


def test_search(shown: Shown, look: Callable[..., Page]) -> None:
    first, last = days_of(shown)
    page = look("page=search")
    rows = shown.rows("search_daily", first, last)
    assert figure(page, "searches") == total(rows, "searches") > 0
    assert figure(page, "clicks") == total(rows, "clicks")
    assert is_near(figure(page, "zero"), total(rows, "zero_results") / total(rows, "searches"))
    names = texts(page, "[data-tile=queries] .bar-name")
    assert names == [row["query"] for row in shown.rows("search_terms", first, last)][: len(names)]


def test_payments(shown: Shown, look: Callable[..., Page]) -> None:
    first, last = days_of(shown)
    page = look(f"page=payments&currency={CURRENCY}")
    rows = in_currency(shown.rows("payments_daily", first, last))
    assert figure(page, "amount") == total(rows, "amount") > 0
    assert figure(page, "succeeded") == total(rows, "succeeded")
    assert figure(page, "failed") == total(rows, "failed")
    assert is_near(figure(page, "success"), total(rows, "succeeded") / total(rows, "succeeded", "failed"))


def test_customers(shown: Shown, look: Callable[..., Page]) -> None:
    first, last = days_of(shown)
    page = look(f"page=customers&currency={CURRENCY}")
    (row,) = shown.rows("customers_repeat", first, last)
    assert figure(page, "customers") == row["customers"] > 0
    assert is_near(figure(page, "repeat-rate"), Decimal(row["repeat_customers"]) / row["customers"])
    segments = shown.rows("rfm_segments", first, last, currency=CURRENCY)
    assert texts(page, "[data-tile=segments] .bar-name") == [each["segment"] for each in segments]
    best = shown.rows("customers_top", first, last, currency=CURRENCY, limit="10")
    assert texts(page, "[data-tile=best] .bar-name") == [each["user_id"] for each in best]
    cohorts = shown.rows("cohorts_by_first_purchase", first, last, period="week")
    sizes = [str(each["cohort_customers"]) for each in cohorts if each["number"] == 0]
    assert texts(page, "[data-tile=cohorts-bought] tbody td:nth-child(2)") == sizes
    assert page.inner_text("[data-tile=expected-value] .empty code") == "./shop customer-values"


def test_products(shown: Shown, look: Callable[..., Page]) -> None:
    first, last = days_of(shown)
    page = look(f"page=products&currency={CURRENCY}")
    sold = in_currency(shown.rows("products_daily", first, last))
    seen = shown.rows("product_activity_daily", first, last)
    assert figure(page, "revenue") == total(sold, "revenue") > 0
    assert figure(page, "returned") == total(sold, "returned_units")
    assert figure(page, "views") == total(seen, "views")
    assert figure(page, "additions") == total(seen, "cart_additions")
    page.click("[data-tile=top-revenue] .bar-name")
    page.wait_for_selector("[data-tile=by-day][data-state=ready]")
    product = page.url.partition("product=")[2].partition("&")[0]
    assert figure(page, "revenue") == total((row for row in sold if row["product_id"] == product), "revenue")


def test_recommendations(shown: Shown, look: Callable[..., Page]) -> None:
    first, last = days_of(shown)
    page = look(f"page=recommendations&currency={CURRENCY}")
    rows = shown.rows("recommendation_activity_daily", first, last)
    assert figure(page, "shown") == total(rows, "shown") > 0
    assert is_near(figure(page, "click-rate"), total(rows, "clicks") / total(rows, "shown"))
    earned = in_currency(shown.rows("recommendation_revenue_daily", first, last))
    assert (figure(page, "rec-net") or Decimal(0)) == total(earned, "net")
