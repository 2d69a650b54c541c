"""Recommendations of one customer, as a person reads them."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

from rich.table import Table

from cli.context import out
from cli.progress import working

if TYPE_CHECKING:
    from schemas.settings import Settings

PERSONAL: Final = "personal"
WAIT_SECONDS: Final = 60.0
_LOOK_SECONDS: Final = 0.25


def show_recommendations(settings: Settings, customer: str, products: int) -> None:
    """Print what the recommendation service recommends to a customer, why, and how to ask for it.

    Raises:
        DependencyUnavailable: It does not answer, or has nothing for this customer after WAIT_SECONDS.
    """
    url = f"http://127.0.0.1:{settings.port('serving')}/v1/recommend/{customer}?n={products}&explain=true"
    with working(f"Asking for recommendations for customer {customer} ..."):
        answer = _personal_answer(settings, url)
    out.print()
    out.print(f"[bold]Recommended to customer {customer}[/] by the model {answer['model_version']}")
    out.print(_table(answer["items"]))
    out.print()
    out.print(f"curl '{url}'", markup=False, soft_wrap=True)


def _personal_answer(settings: Settings, url: str) -> dict[str, Any]:
    """The answer once it is made for the customer, with the products' titles unless nobody tells them in time."""
    import httpx

    from connections.errors import DependencyUnavailable

    deadline = time.monotonic() + WAIT_SECONDS
    with httpx.Client(timeout=settings.http_timeout_seconds, headers=_key(settings), trust_env=False) as http:
        while True:
            try:
                answer = http.get(url).raise_for_status()
            except httpx.HTTPError as error:
                raise DependencyUnavailable("The recommendation service", url, str(error)) from error
            found: dict[str, Any] = answer.json()
            if _is_whole(found):
                return found
            if time.monotonic() > deadline:
                if found["source"] == PERSONAL:
                    return found
                raise DependencyUnavailable("The recommendation service", url, f"its source is {found['source']!r}")
            time.sleep(_LOOK_SECONDS)


def _is_whole(answer: dict[str, Any]) -> bool:
    named = [thing for item in answer["items"] for thing in (item, *item["because"])]
    return answer["source"] == PERSONAL and all(thing["title"] for thing in named)


def _key(settings: Settings) -> dict[str, str]:
    from web.access import split_list

    keys = split_list(settings.serving_api_keys.get_secret_value())
    return {"X-API-Key": keys[0].partition(":")[0]} if keys else {}


def _table(items: list[dict[str, Any]]) -> Table:
    table = Table("", "product", "", "why", box=None, header_style="bold", show_edge=False, pad_edge=False)
    for place, item in enumerate(items, 1):
        table.add_row(str(place), item["item_id"], item["title"], item["words"])
    return table
