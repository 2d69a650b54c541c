"""A report of some days as one HTML file that loads nothing and runs nothing: key figures, plots, and their tables."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from html import escape
from importlib.resources import files
from typing import Any, Final

from dashboards.plots import Line, bars, hours, lines
from dashboards.queries import Answer, query, run
from dashboards.questions import Unit
from dashboards.titles import titles
from schemas.currencies import in_decimals
from schemas.settings import Settings

Row = dict[str, Any]
MEMBERS: Final = "12"
ROWS: Final = 400
"""Rows of a table in the report at the most; it says how many it leaves out."""

_KEY_FIGURES: Final = ("gross", "refunds", "net", "orders", "average_order_value", "new_buyers")
_STYLE: Final = (files("dashboards") / "report.css").read_text(encoding="utf-8")
_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'"


@dataclass(frozen=True, slots=True)
class Section:
    """One question and its answer.

    Attributes:
        title: Its heading.
        name: The query.
        given: Its parameters beside the days.
        plot: Draws the rows.
        currency: Of whose rows it is; "" for all.
        has_products: Whether its rows are of products, which are shown by their titles.
    """

    title: str
    name: str
    given: dict[str, str]
    plot: Callable[[str, Sequence[Row]], str]
    currency: str = ""
    has_products: bool = False


def report(settings: Settings, first: date, last: date, now: datetime | None = None) -> str:
    """The report, as HTML.

    Args:
        settings: Address of ClickHouse, the shop's time zone and name.
        first: The first day of the shop.
        last: The last one.
        now: When it is made.

    Raises:
        ConfigurationError: The days are in the wrong order.
        DependencyUnavailable: ClickHouse does not answer.
        StatementRefused: It refuses, for example because nothing was migrated yet.
    """
    made = now or datetime.now(UTC)
    periods = _rows(run(settings, "sales_periods", first, last))
    currencies = [row["currency"] for row in periods if row["period"] == "current" and row["days"]]
    parts = [
        *(part for currency in currencies for part in _of_currency(settings, currency, periods, first, last)),
        *(_section(settings, section, first, last) for section in _SECTIONS),
    ]
    title = f"{settings.dashboard_shop_name}, {first:%-d %B %Y} to {last:%-d %B %Y}"
    empty = "" if currencies else "<p>No order, refund or cancellation lies in these days.</p>"
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head><body><main>'
        f"<h1>{escape(title)}</h1><p class=about>Days of {escape(settings.time_zone)}. Made {made:%-d %B %Y %H:%M} UTC "
        "by <code>./shop report</code>; each figure is that of <code>./shop query</code>.</p>"
        f"{empty}{''.join(parts)}</main></body></html>\n"
    )


def _of_currency(settings: Settings, currency: str, periods: list[Row], first: date, last: date) -> list[str]:
    sections = (
        Section("Net by day", "sales_by_day", {}, _net_by_day, currency),
        Section("Orders by hour and weekday", "sales_by_hour", {}, _by_hour, currency),
        *(
            Section(f"Revenue by {each}", "sales_by_member", {"dimension": each, "limit": MEMBERS}, _revenue, currency)
            for each in ("country", "channel", "category")
        ),
        Section("Products", "products_top", {"limit": MEMBERS}, _products, currency, has_products=True),
    )
    of_currency = {row["period"]: row for row in periods if row["currency"] == currency}
    return [
        f"<h2>Sales in {escape(currency)}</h2>",
        _key_figures(currency, of_currency),
        *(_section(settings, section, first, last) for section in sections),
    ]


def _key_figures(currency: str, periods: dict[str, Row]) -> str:
    now = periods["current"]
    units = {column.name: column.unit for column in query("sales_periods").columns}
    tiles = "".join(
        f"<div class=tile><span class=name>{escape(_words(name))}</span>"
        f"<b>{_rounded(now[name], units[name], currency)}</b>"
        f"{_change(now[name], periods.get('before', {}).get(name), 'period before', currency)}"
        f"{_change(now[name], periods.get('year_before', {}).get(name), 'a year before', currency)}</div>"
        for name in _KEY_FIGURES
    )
    return f"<div class=tiles>{tiles}</div>"


def _rounded(value: Any, unit: Unit, currency: str) -> str:
    if unit is not Unit.MONEY or value is None:
        return _value(value, unit)
    exact, shown = _value(value, unit), in_decimals(value, currency).replace("-", "\N{MINUS SIGN}")
    return f'<span title="{exact}">{shown}</span> <small>{escape(currency)}</small>'


def _change(now: Any, then: Any, whom: str, currency: str) -> str:
    if now is None or not then:
        return f"<small>{whom}: nothing to compare with</small>"
    change = float(now) / float(then) - 1
    arrow, word = ("▲", "up") if change >= 0 else ("▼", "down")
    shown = in_decimals(then, currency) if isinstance(then, Decimal) else _value(then, Unit.COUNT)
    return f"<small>{arrow} {word} {abs(change):.1%} on {whom} ({shown})</small>"


def _section(settings: Settings, section: Section, first: date, last: date) -> str:
    question = query(section.name)
    given = section.given | ({"currency": section.currency} if section.currency else {})
    answer = run(settings, section.name, first, last, given)
    heading = f"<h3>{escape(section.title)}</h3><p class=about>{escape(question.description)}</p>"
    if not answer.rows:
        return f"<section>{heading}<p class=empty>Nothing of this lies in these days.</p></section>"
    rows = _rows(answer)
    if section.has_products:
        known = titles(settings, [row["product_id"] for row in rows])
        rows = [row | {"product_id": known.get(row["product_id"], row["product_id"])} for row in rows]
    return f"<section>{heading}{section.plot(section.title, rows)}{_table(section.name, answer)}</section>"


def _table(name: str, answer: Answer) -> str:
    columns = query(name).columns
    head = "".join(f'<th title="{escape(each.doc)}">{escape(_words(each.name))}</th>' for each in columns)
    body = "".join(
        "<tr>"
        + "".join(
            f"<td{_number_class(column.unit)}>{_value(value, column.unit)}</td>"
            for value, column in zip(row, columns, strict=True)
        )
        + "</tr>"
        for row in answer.rows[:ROWS]
    )
    more = f"<p>{len(answer.rows) - ROWS:,} more rows: ./shop query {name}</p>" if len(answer.rows) > ROWS else ""
    return (
        f"<details><summary>Table: {escape(name)}</summary><table><thead><tr>{head}</tr></thead>"
        f"<tbody>{body}</tbody></table>{more}</details>"
    )


def _number_class(unit: Unit) -> str:
    return "" if unit in (Unit.TEXT, Unit.DAY, Unit.TIME) else " class=number"


def _value(value: Any, unit: Unit) -> str:
    if value is None:
        return "\N{EN DASH}"
    if unit is Unit.SHARE:
        return f"{value:.1%}"
    if isinstance(value, Decimal):
        exact = f"{value:,.4f}"
        shown = exact[:-2] if exact.endswith("00") else exact
    elif isinstance(value, float):
        shown = f"{value:,.2f}"
    elif isinstance(value, int):
        shown = f"{value:,}"
    elif isinstance(value, datetime):
        shown = f"{value:%-d %b %Y %H:%M}"
    elif isinstance(value, date):
        shown = f"{value:%-d %b %Y}"
    else:
        return escape(str(value)) or "(none)"
    return shown.replace("-", "\N{MINUS SIGN}")


def _words(name: str) -> str:
    return name.replace("_", " ").capitalize()


def _rows(answer: Answer) -> list[Row]:
    return [dict(zip(answer.columns, row, strict=True)) for row in answer.rows]


def _net_by_day(title: str, rows: Sequence[Row]) -> str:
    days = [rows[0]["day"] + timedelta(days=each) for each in range((rows[-1]["day"] - rows[0]["day"]).days + 1)]
    net = {row["day"]: float(row["net"]) for row in rows}
    before = {row["day"]: float(row["net_before"]) for row in rows}
    shown = [Line("period before", before, is_comparison=True), Line("net", net)]
    return lines(title, days, shown if any(before.values()) else shown[1:])


def _by_hour(title: str, rows: Sequence[Row]) -> str:
    return hours(title, {(row["weekday"], row["hour"]): float(row["orders"]) for row in rows})


def _bars(label: str, value: str, unit: Unit) -> Callable[[str, Sequence[Row]], str]:
    def draw(title: str, rows: Sequence[Row]) -> str:
        shown = [(str(row[label]) or "(none)", float(row[value] or 0), _value(row[value], unit)) for row in rows]
        return bars(title, shown[: int(MEMBERS)])

    return draw


_revenue: Final = _bars("member", "revenue", Unit.MONEY)
_products: Final = _bars("product_id", "revenue", Unit.MONEY)
_SECTIONS: Final = (
    Section("How far sessions come", "funnel_steps", {}, _bars("name", "sessions", Unit.COUNT)),
    Section("Sessions by device", "visits_by_member", {"limit": MEMBERS}, _bars("member", "sessions", Unit.COUNT)),
    Section("Searches", "search_terms", {"limit": MEMBERS}, _bars("query", "searches", Unit.COUNT)),
    Section("Failed payments", "payment_failures", {}, _bars("reason", "failed", Unit.COUNT)),
    Section("Recommendations by source", "recommendations_by_member", {}, _bars("member", "shown", Unit.COUNT)),
    Section("What recommendations earned", "recommendation_revenue_by_member", {}, _bars("member", "net", Unit.MONEY)),
)
