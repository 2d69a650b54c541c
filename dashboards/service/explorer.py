"""What Redis keeps of a user or a product for recommendations: history, lists, and why each product is in them."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any, Final

from schemas import redis_keys
from schemas.recommendations import Product, RecommendationList, utc_text
from schemas.settings import Settings
from schemas.visitors import READ_VISITORS, Identity, SortedSet
from serving.explanations import explanation_of
from serving.memory import Memory
from serving.redis_client import Redis
from serving.store import Store

BUDGET_SECONDS: Final = 2.0
HISTORY: Final = 200
TITLES: Final = 200


class Explorer:
    """Reads Redis as the recommendation service does, and keeps nothing of it.

    Args:
        settings: Where Redis is.
    """

    def __init__(self, settings: Settings) -> None:
        self._redis = Redis(settings.redis_url, BUDGET_SECONDS)
        self._store = Store(self._redis, Memory(1, TITLES * 10, 0, time.monotonic))

    async def start(self) -> None:
        """Connect, or begin to try."""
        await self._redis.start()

    async def close(self) -> None:
        """Close the connection."""
        await self._redis.close()

    async def user(self, user_id: str) -> dict[str, Any]:
        """What is kept of a user.

        Raises:
            RedisUnavailable: Redis does not answer.
        """
        version = await self._version()
        history = await self._store.history(user_id, HISTORY)
        visitors = await self._store.visitors(user_id)
        identity = await self._store.identity(user_id)
        keys = [redis_keys.personalized(version, user_id)] if version else []
        lists = await self._lists(keys)
        products = await self._products(lists, (each.item_id for each in history))
        return {
            "id": user_id,
            "model_version": version,
            "history": [{"kind": each.kind, "product": each.item_id, "at": utc_text(each.at)} for each in history],
            "visitors": [_visitor(user_id, *each) for each in list(visitors.items())[:READ_VISITORS]],
            "changes": _changes(identity),
            **_shown(lists, products),
        }

    async def product(self, product_id: str) -> dict[str, Any]:
        """What is kept of a product.

        Raises:
            RedisUnavailable: Redis does not answer.
        """
        version = await self._version()
        keys = (
            [redis_keys.similar(version, product_id), redis_keys.bought_together(version, product_id)]
            if version
            else []
        )
        lists = await self._lists(keys)
        products = await self._products(lists, (product_id,))
        own = asdict(products[product_id])
        return {"id": product_id, "model_version": version, "product": own, **_shown(lists, products)}

    async def titles(self, product_ids: Sequence[str]) -> dict[str, Any]:
        """What is known of products.

        Raises:
            RedisUnavailable: Redis does not answer.
        """
        await self._redis.call(b"PING")
        products = await self._store.products(product_ids)
        return {"products": {product_id: asdict(product) for product_id, product in products.items()}}

    async def catalogue(self) -> dict[str, Any]:
        """How many products are known, and how many of them may not be recommended: out of stock, or hidden.

        Raises:
            RedisUnavailable: Redis does not answer.
        """
        unavailable = await self._redis.call(b"SCARD", redis_keys.UNAVAILABLE.encode())
        available = await self._redis.call(b"ZCARD", redis_keys.CATALOGUE.encode())
        return {"products": available + unavailable, "unavailable": unavailable}

    async def _version(self) -> str | None:
        version: bytes | None = await self._redis.get(redis_keys.ACTIVE_MODEL.encode())
        return version.decode() if version else None

    async def _lists(self, keys: Sequence[str]) -> dict[str, RecommendationList]:
        known = zip(keys, await self._store.lists(keys), strict=True)
        return {key: each.value for key, each in known if each is not None}

    async def _products(self, lists: dict[str, RecommendationList], more: Iterable[str]) -> dict[str, Product]:
        items = [item for made in lists.values() for item in made.items]
        ids = {*more, *(item.item_id for item in items), *(cause for item in items for cause in item.because)}
        return await self._store.products(sorted(ids))


def _visitor(user_id: str, visitor_id: str, read: tuple[Identity, SortedSet]) -> dict[str, Any]:
    """A visitor that a user was: who it was when, and how much of what it did anonymously is the user's."""
    identity, history = read
    return {"id": visitor_id, "changes": _changes(identity), "events": len(identity.share(history, user_id))}


def _changes(identity: Identity) -> list[dict[str, Any]]:
    """Who a visitor is from when on, the newest first; null after a sign-out."""
    return [
        {"user": change.user_id or None, "at": utc_text(datetime.fromtimestamp(change.time_ms / 1000, UTC))}
        for change in reversed(identity.changes)
    ]


def _shown(lists: dict[str, RecommendationList], products: dict[str, Product]) -> dict[str, Any]:
    return {
        "lists": [_list(key, made, products) for key, made in lists.items()],
        "products": {product_id: asdict(product) for product_id, product in products.items()},
    }


def _list(key: str, made: RecommendationList, products: dict[str, Product]) -> dict[str, Any]:
    return {
        "key": key,
        "source": made.source,
        "model_version": made.model_version,
        "generated_at": utc_text(made.generated_at),
        "history_until": utc_text(made.history_until),
        "items": [
            {
                "product": item.item_id,
                "score": item.score,
                "reason": item.reason,
                "words": explanation_of(item.reason, item.because, products),
                "because": list(item.because),
            }
            for item in made.items
        ],
    }
