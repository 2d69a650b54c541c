from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import jobs.personalise
from lake.columns import to_table
from operations.rebuild.redis import accepted_until, changes_in, check_target
from schemas.errors import ConfigurationError
from schemas.interactions import OF_HISTORIES, PURCHASE
from schemas.settings import Settings
from schemas.visitors import OF_VISITORS, IdentityChange, session_digest


def event(
    number: int, event_type: str, user_id: str = "u", product_id: str | None = None, **more: Any
) -> dict[str, Any]:
    return {
        "event_id": f"e-{number}",
        "event_type": event_type,
        "event_time": number,
        "user_id": user_id,
        "source": "test",
        "product_id": product_id,
        **more,
    }


def line(product_id: str) -> dict[str, Any]:
    return {"product_id": product_id, "quantity": 1, "price": Decimal("1.0000"), "category": None}


EVENTS = [
    event(1, "view_item", product_id="p-1"),
    event(2, "purchase", order_id="o", value=Decimal("2.0000"), items=[line("p-1"), line("p-2")]),
    event(3, "stock_changed", user_id="", product_id="p-1"),
    event(4, "search"),
    event(5, "add_to_cart", user_id="w", product_id="p-3"),
    event(6, "remove_from_cart", user_id="w", product_id="p-3"),
    event(7, "order_cancelled", order_id="o", value=Decimal("2.0000")),
    event(8, "refund", product_id="p-9", order_id="r", value=Decimal("1.0000"), items=[line("p-2")]),
]


def test_histories_are_made_of_views_carts_the_lines_of_orders_and_what_undoes_them() -> None:
    table = to_table(EVENTS, "events", 0, range(8), range(8))
    assert changes_in(table) == (
        ["u", "u", "u", "w", "w", "u", "u"],
        [
            "view_item:p-1",
            'purchase:["o","p-1",1,"2.0000","e-2",1]',
            'purchase:["o","p-2",1,"2.0000","e-2",2]',
            "add_to_cart:p-3",
            "remove_from_cart:p-3",
            'order_cancelled:["o","",1,"2.0000","e-7",1]',
            'refund:["r","p-2",1,"1.0000","e-8",1]',
        ],
        [1, 2, 2, 5, 6, 7, 8],
        [],
    )


def test_anonymous_events_links_and_sign_outs_name_their_visitors() -> None:
    visit = {"anonymous_id": "v", "session_id": "s"}
    digest = session_digest("s")
    events = [
        event(1, "view_item", user_id="v", product_id="p-1", **visit),
        event(2, "user_login", user_id="ada", **visit),
        event(3, "view_item", user_id="ada", product_id="p-1", **visit),
        event(4, "purchase", user_id="bob", order_id="o", items=[line("p-1"), line("p-2")], anonymous_id="w"),
        event(5, "user_logout", user_id="ada", **visit),
        event(6, "user_login", user_id="ada"),
        event(7, "view_item", user_id="v", product_id="p-1"),
    ]
    sign_in = ("w", IdentityChange(4, "bob", "", "e-4"))
    assert changes_in(to_table(events, "events", 0, range(7), range(7))) == (
        ["v", "ada", "bob", "bob", "v"],
        [
            f"@1.{digest}:view_item:p-1",
            "view_item:p-1",
            'purchase:["o","p-1",1,"","e-4",1]',
            'purchase:["o","p-2",1,"","e-4",2]',
            "view_item:p-1",
        ],
        [1, 3, 4, 4, 7],
        [
            ("v", IdentityChange(2, "ada", digest, "e-2")),
            sign_in,
            sign_in,
            ("v", IdentityChange(5, "", digest, "e-5")),
        ],
    )


def test_the_kinds_are_those_of_the_job() -> None:
    (folder,) = jobs.personalise.__path__
    sql = (Path(folder) / "interactions.sql").read_text()
    assert ", ".join(f"'{kind}'" for kind in OF_HISTORIES) in sql
    for kinds in (OF_VISITORS, (*OF_VISITORS, PURCHASE)):
        assert f"event_type IN ({', '.join(map(repr, kinds))})" in sql


def test_the_past_ends_with_what_had_been_accepted() -> None:
    table = to_table(EVENTS, "events", 0, range(8), [10, 20, 30, 40, 50, 60, 70, 80])
    assert accepted_until(table, 20).column("event_id").to_pylist() == ["e-1", "e-2"]


def test_the_past_is_not_written_into_the_redis_of_today() -> None:
    settings = Settings(redis_url="redis://127.0.0.1:1/0")
    with pytest.raises(ConfigurationError, match="another Redis"):
        check_target(settings, settings)
