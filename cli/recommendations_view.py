"""Recommendations for one customer, printed for a person."""

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
_POLL_SECONDS: Final = 0.25


def show_recommendations(settings: Settings, customer: str, products: int) -> None:
    """Print what the recommendation service recommends to a customer, why, and the request as a curl command.

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
    """The first personal answer with a title for each product; after WAIT_SECONDS titles may be missing."""
    import httpx

    from connections.errors import DependencyUnavailable

    deadline = time.monotonic() + WAIT_SECONDS
    with httpx.Client(timeout=settings.http_timeout_seconds, headers=_key(settings), trust_env=False) as http:
        while True:
            try:
                response = http.get(url).raise_for_status()
            except httpx.HTTPError as error:
                raise DependencyUnavailable("The recommendation service", url, str(error)) from error
            answer: dict[str, Any] = response.json()
            if _is_complete(answer):
                return answer
            if time.monotonic() > deadline:
                if answer["source"] == PERSONAL:
                    return answer
                raise DependencyUnavailable("The recommendation service", url, f"its source is {answer['source']!r}")
            time.sleep(_POLL_SECONDS)


def _is_complete(answer: dict[str, Any]) -> bool:
    products = [product for item in answer["items"] for product in (item, *item["because"])]
    return answer["source"] == PERSONAL and all(product["title"] for product in products)


def _key(settings: Settings) -> dict[str, str]:
    from web.access import split_list

    keys = split_list(settings.serving_api_keys.get_secret_value())
    return {"X-API-Key": keys[0].partition(":")[0]} if keys else {}


def _table(items: list[dict[str, Any]]) -> Table:
    table = Table("", "product", "", "why", box=None, header_style="bold", show_edge=False, pad_edge=False)
    for rank, item in enumerate(items, 1):
        table.add_row(str(rank), item["item_id"], item["title"], item["words"])
    return table
