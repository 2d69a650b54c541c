"""Event types: canonical names, the topic each belongs to, the fields it requires, and its names elsewhere.

Canonical names are those of Google Analytics 4 where it has one. The header fields (event_id, event_type,
event_time, user_id, source) are required of every type and not repeated here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

USER_EVENTS: Final = "user-events"
PRODUCT_EVENTS: Final = "product-events"
CART_EVENTS: Final = "cart-events"
SEARCH_EVENTS: Final = "search-events"
ORDER_EVENTS: Final = "order-events"
PAYMENT_EVENTS: Final = "payment-events"
INVENTORY_EVENTS: Final = "inventory-events"
REVIEW_EVENTS: Final = "review-events"
RECOMMENDATION_EVENTS: Final = "recommendation-events"


@dataclass(frozen=True, slots=True)
class EventType:
    """One kind of event.

    Attributes:
        name: Canonical name.
        topic: The domain topic that carries it.
        required: Fields that must be there beyond the header; ``items`` must not be empty.
        has_user: Whether ``user_id`` must be given; events of catalogue and stock have none.
    """

    name: str
    topic: str
    required: tuple[str, ...] = ()
    has_user: bool = True


EVENT_TYPES: Final[dict[str, EventType]] = {
    kind.name: kind
    for kind in (
        EventType("page_view", USER_EVENTS),
        EventType("user_registered", USER_EVENTS),
        EventType("user_login", USER_EVENTS),
        EventType("user_identified", USER_EVENTS),
        EventType("user_logout", USER_EVENTS),
        EventType("view_item", PRODUCT_EVENTS, ("product_id",)),
        EventType("view_item_list", PRODUCT_EVENTS),
        EventType("select_item", PRODUCT_EVENTS, ("product_id",)),
        EventType("add_to_wishlist", PRODUCT_EVENTS, ("product_id",)),
        EventType("product_created", PRODUCT_EVENTS, ("product_id", "product_title"), has_user=False),
        EventType("product_updated", PRODUCT_EVENTS, ("product_id",), has_user=False),
        EventType("add_to_cart", CART_EVENTS, ("product_id", "quantity")),
        EventType("remove_from_cart", CART_EVENTS, ("product_id", "quantity")),
        EventType("view_cart", CART_EVENTS),
        EventType("begin_checkout", CART_EVENTS),
        EventType("search", SEARCH_EVENTS, ("search_query",)),
        EventType("purchase", ORDER_EVENTS, ("order_id", "currency", "value", "items")),
        EventType("refund", ORDER_EVENTS, ("order_id", "currency", "value")),
        EventType("order_cancelled", ORDER_EVENTS, ("order_id", "currency", "value")),
        EventType("add_payment_info", PAYMENT_EVENTS),
        EventType("payment_initiated", PAYMENT_EVENTS, ("payment_id", "currency", "value")),
        EventType("payment_succeeded", PAYMENT_EVENTS, ("payment_id", "currency", "value")),
        EventType("payment_failed", PAYMENT_EVENTS, ("payment_id", "currency", "value", "reason")),
        EventType("stock_changed", INVENTORY_EVENTS, ("product_id", "quantity"), has_user=False),
        EventType("review_posted", REVIEW_EVENTS, ("product_id", "rating")),
        EventType("recommendation_shown", RECOMMENDATION_EVENTS, ("recommendation_id",)),
        EventType("recommendation_clicked", RECOMMENDATION_EVENTS, ("recommendation_id", "product_id")),
        EventType("recommendation_purchased", RECOMMENDATION_EVENTS, ("recommendation_id", "product_id")),
    )
}

_ALIASES_OF: Final[dict[str, tuple[str, ...]]] = {
    "page_view": ("PAGE_VIEWED", "Page Viewed", "page", "analytics.page_view"),
    "user_registered": ("USER_REGISTER", "USER_REGISTERED", "Signed Up", "sign_up", "user.registered"),
    "user_login": ("USER_LOGIN", "Signed In", "login", "user.login"),
    "user_identified": ("USER_IDENTIFIED", "identify", "user.identified"),
    "user_logout": ("USER_LOGOUT", "Signed Out", "logout", "user.logout"),
    "view_item": ("PRODUCT_VIEWED", "Product Viewed", "product.viewed"),
    "view_item_list": ("PRODUCT_LIST_VIEWED", "Product List Viewed", "product.list_viewed"),
    "select_item": ("PRODUCT_CLICKED", "Product Clicked", "product.clicked", "search.result.clicked"),
    "add_to_wishlist": ("Product Added to Wishlist", "wishlist.item_added"),
    "product_created": ("PRODUCT_CREATED", "product.created"),
    "product_updated": ("PRODUCT_UPDATED", "product.updated"),
    "add_to_cart": ("PRODUCT_ADDED", "ADD_TO_CART", "Product Added", "cart.item_added"),
    "remove_from_cart": ("PRODUCT_REMOVED", "REMOVE_FROM_CART", "Product Removed", "cart.item_removed"),
    "view_cart": ("CART_VIEWED", "Cart Viewed", "cart.viewed"),
    "begin_checkout": ("CHECKOUT_STARTED", "Checkout Started", "checkout.started"),
    "search": ("PRODUCTS_SEARCHED", "Products Searched", "search.query"),
    "purchase": ("ORDER_PLACED", "ORDER_COMPLETED", "Order Completed", "order.placed", "order.completed"),
    "refund": ("ORDER_REFUNDED", "Order Refunded", "refund.processed"),
    "order_cancelled": ("ORDER_CANCELLED", "Order Cancelled", "order.cancelled"),
    "add_payment_info": ("PAYMENT_INFO_ENTERED", "Payment Info Entered", "payment.info_entered"),
    "payment_initiated": ("PAYMENT_INITIATED", "payment.initiated"),
    "payment_succeeded": ("PAYMENT_SUCCESS", "PAYMENT_SUCCEEDED", "payment.succeeded", "payment.processed"),
    "payment_failed": ("PAYMENT_FAILED", "payment.failed"),
    "stock_changed": ("STOCK_CHANGED", "INVENTORY_UPDATED", "product.inventory.updated", "inventory.updated"),
    "review_posted": ("REVIEW_POSTED", "Product Reviewed", "review.posted"),
    "recommendation_shown": ("RECOMMENDATION_SHOWN", "recommendation.shown"),
    "recommendation_clicked": ("RECOMMENDATION_CLICKED", "recommendation.clicked"),
    "recommendation_purchased": ("RECOMMENDATION_PURCHASED", "recommendation.purchased"),
}

ALIASES: Final[dict[str, str]] = {alias: canonical for canonical, aliases in _ALIASES_OF.items() for alias in aliases}
"""The name another system uses -> the canonical name: upper-case services, Segment, dotted domain events."""


def canonical_type(name: str) -> str | None:
    """The canonical name of an event type or of one of its aliases; None when nobody knows it."""
    return name if name in EVENT_TYPES else ALIASES.get(name)


def record_key(event: Mapping[str, Any]) -> str:
    """The key under which an event travels: its user, or its product where there is no user."""
    key: str = event.get("user_id") or event["product_id"]
    return key
