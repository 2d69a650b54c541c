"""Titles of products, from Redis."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from typing import Any

from connections.redis import connect, redis_errors
from schemas import redis_keys
from schemas.recommendations import decode_product
from schemas.settings import Settings


def titles(settings: Settings, product_ids: Sequence[str]) -> dict[str, str]:
    """Product -> its title, of those that have one.

    Raises:
        DependencyUnavailable: Redis does not answer.
        InvalidValue: What it has is no product.
    """
    if not product_ids:
        return {}
    keys = [redis_keys.product(product_id) for product_id in product_ids]
    with (
        closing(connect(settings.redis_url, settings.http_timeout_seconds)) as client,
        redis_errors(settings.redis_url),
    ):
        values: Any = client.mget(keys)
    known = {product: decode_product(value) for product, value in zip(product_ids, values, strict=True) if value}
    return {product: each.title for product, each in known.items() if each.title}
