"""Redis keys, the only place that spells them."""

from __future__ import annotations

from typing import Final

TRENDING: Final = "rec:trending"
POPULAR: Final = "rec:popular"


def personalized(user_id: str) -> str:
    """Recommendations of one user."""
    return f"rec:user:{user_id}:personalized"


def similar(product_id: str) -> str:
    """Products like this one."""
    return f"rec:product:{product_id}:similar"


def bought_together(product_id: str) -> str:
    """Products bought with this one."""
    return f"rec:product:{product_id}:bought_together"


def category_popular(category: str) -> str:
    """Popular products of one category."""
    return f"rec:category:{category}:popular"


def history(user_id: str) -> str:
    """Sorted set of the products a user met, scored by event time in milliseconds."""
    return f"user:{user_id}:history"


def product(product_id: str) -> str:
    """What serving must know of a product: available, price, title, category."""
    return f"product:{product_id}"
