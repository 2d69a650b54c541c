"""What of the events counts as an interaction, in SQL, for lists of what is popular and trending.

``schemas/interactions.py`` states the rule and applies it to the histories in Redis, ``jobs/training/counting.py`` to
whole columns; a test compares them.
"""

from __future__ import annotations

from typing import Final

EVENT_FIELDS: Final = (
    "event_type",
    "event_time",
    "user_id",
    "anonymous_id",
    "product_id",
    "order_id",
    "value",
    "items",
)
"""The fields of ``events`` that the views read."""

INTERACTION_VIEWS: Final = {
    "jobs.interactions.views": (
        "cart_removals",
        "order_reversals",
        "order_lines",
        "order_products",
        "product_purchases",
        "kept_purchases",
    ),
}
"""In the order in which they build on each other."""
