"""The names that clients use, and the field of a ShopEvent that each means.

Segment's names come from its e-commerce specification, version 2, and its common fields
(https://segment.com/docs/connections/spec/ecommerce/v2/), the others from Google Analytics 4
(https://developers.google.com/analytics/devguides/collection/ga4/reference/events). Where a body holds several names of
one field, the first in the table wins and the others are kept among the event's properties.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from producers.collector.values import amount, code, position_of_index, text, whole

Convert = Callable[[Any], Any]

CALLS: Final = {
    "track": None,
    "page": "page_view",
    "screen": "page_view",
    "identify": "user_identified",
    "alias": "user_identified",
    "group": "user_identified",
}
"""Segment's kinds of call, and the type of event that each is; a track names its own."""

EVENT_ALIASES: Final = {
    "view_search_results": "search",
    "Product List Filtered": "view_item_list",
}
"""Names of events that only clients at this edge use, besides those of ``schemas.event_types``."""

_SHARED: Final[dict[str, tuple[Convert, tuple[str, ...]]]] = {
    "session_id": (text, ("session_id", "ga_session_id", "sessionId")),
    "device": (text, ("device",)),
    "channel": (text, ("channel",)),
    "country": (text, ("country",)),
    "language": (text, ("language",)),
    "referrer": (text, ("referrer", "page_referrer")),
    "page_url": (text, ("page_url", "page_location")),
    "page_title": (text, ("page_title",)),
    "list_id": (text, ("list_id", "item_list_id", "list", "item_list_name")),
    "search_query": (text, ("search_query", "query", "search_term")),
    "search_results": (whole, ("search_results", "results", "number_of_results")),
    "order_id": (text, ("order_id", "transaction_id")),
    "currency": (code, ("currency",)),
    "value": (amount, ("value", "revenue", "subtotal", "total", "amount")),
    "tax": (amount, ("tax",)),
    "shipping": (amount, ("shipping",)),
    "discount": (amount, ("discount",)),
    "coupon": (text, ("coupon", "coupon_id")),
    "payment_id": (text, ("payment_id",)),
    "payment_method": (text, ("payment_method", "payment_type")),
    "reason": (text, ("reason", "failure_reason")),
    "rating": (whole, ("rating",)),
    "review_text": (text, ("review_text", "review_body")),
    "recommendation_id": (text, ("recommendation_id",)),
    "model_version": (text, ("model_version",)),
    "recommendation_source": (text, ("recommendation_source",)),
    "experiment_arm": (text, ("experiment_arm",)),
}
_PRODUCT: Final[dict[str, tuple[Convert, tuple[str, ...]]]] = {
    "product_id": (text, ("product_id", "item_id", "sku")),
    "product_title": (text, ("product_title", "product_name", "item_name", "name")),
    "product_description": (text, ("product_description", "description")),
    "category": (text, ("category", "item_category")),
    "brand": (text, ("brand", "item_brand")),
    "price": (amount, ("price",)),
    "quantity": (whole, ("quantity",)),
    "stock": (whole, ("stock",)),
    "visibility": (text, ("visibility",)),
    "position": (whole, ("position",)),
}
_PAGE: Final[dict[str, tuple[Convert, tuple[str, ...]]]] = {
    "page_url": (text, ("page_url", "page_location", "url")),
    "page_title": (text, ("page_title", "title", "name")),
}
_LINE: Final[dict[str, tuple[Convert, tuple[str, ...]]]] = {
    "product_id": (text, ("product_id", "item_id", "id", "sku")),
    "list_id": _SHARED["list_id"],
    "coupon": _SHARED["coupon"],
}


class Names:
    """The names of one part of a body.

    Args:
        table: Of each field: how to convert its value, and its names, the best first.
    """

    def __init__(self, table: Mapping[str, tuple[Convert, tuple[str, ...]]]) -> None:
        self.field_of: dict[str, tuple[str, Convert]] = {
            name: (field, convert) for field, (convert, names) in table.items() for name in names
        }
        self._names = {field: names for field, (_, names) in table.items()}

    def in_use(self, field: str, values: Mapping[str, Any]) -> list[str]:
        """The names of ``field`` under which ``values`` holds something, the best first."""
        return [name for name in self._names[field] if values.get(name) not in (None, "")]


class _Indexed(Names):
    """Names with Google's ``index``, which counts from 0."""

    def __init__(self, table: Mapping[str, tuple[Convert, tuple[str, ...]]]) -> None:
        super().__init__({**table, "position": (whole, ("position", "index"))})
        self.field_of["index"] = ("position", position_of_index)


PROPERTIES: Final = _Indexed({**_SHARED, **_PRODUCT})
"""Of the properties (Segment) or params (Google) of an event."""

PAGE_PROPERTIES: Final = Names({**_SHARED, **_PAGE})
"""Of those of a page view, where a name and a category are the page's."""

ITEM: Final = _Indexed({**_PRODUCT, **_LINE})
"""Of an entry of products (Segment) or items (Google)."""

MEDIA: Final = {
    "cpc": "paid",
    "ppc": "paid",
    "cpm": "paid",
    "paid": "paid",
    "paidsearch": "paid",
    "paid_search": "paid",
    "display": "paid",
    "retargeting": "paid",
    "e-mail": "email",
    "email": "email",
    "newsletter": "email",
    "social": "social",
    "social-media": "social",
    "paid_social": "social",
    "organic": "organic",
    "referral": "referral",
    "affiliate": "affiliate",
}
"""A campaign's medium and the channel it is; another medium is a channel of its own name."""
