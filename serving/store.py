"""What the service reads from Redis: lists, histories and products."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from schemas import redis_keys
from schemas.errors import InvalidValue
from schemas.interactions import Interaction as CountedInteraction
from schemas.interactions import counted
from schemas.recommendations import (
    Product,
    Reason,
    RecommendationList,
    RecommendedItem,
    Source,
    decode_list,
    decode_product,
)
from serving.memory import UNKNOWN_PRODUCT, KnownList, Memory
from serving.redis_client import Redis, RedisUnavailable, Reply

log = logging.getLogger(__name__)

MEMBERS: Final = 500
"""Members of a history that are read, the newest ones: what undoes is newer than what it undoes."""

SCAN_KEYS: Final = b"1000"
"""Keys that Redis checks in one step of a scan: other requests wait for no more than that."""

FIRST_PAGE: Final = 100
LARGEST_PAGE: Final = 1_600
"""Products of the catalogue that are read at a time: each page has twice as many as the one before."""


@dataclass(frozen=True, slots=True)
class Interaction:
    """The newest event of one kind of a user with a product.

    Attributes:
        kind: A canonical event type.
        item_id: The product.
        at: When.
    """

    kind: str
    item_id: str
    at: datetime


class Store:
    """Reads what the jobs keep in Redis, and deletes what is kept of a user.

    Args:
        redis: The connection.
        memory: Keeps the lists that belong to no user.
    """

    def __init__(self, redis: Redis, memory: Memory) -> None:
        self.redis = redis
        self.memory = memory

    async def lists(self, keys: Sequence[str]) -> list[KnownList | None]:
        """Lists of products by their keys, read all at once; None for what neither Redis nor memory has."""
        try:
            values = await self._values(keys)
        except RedisUnavailable:
            return [self.memory.recall(key) for key in keys]
        return [self._known(key, value) for key, value in zip(keys, values, strict=True)]

    async def personal(self, version: str, user_id: str) -> KnownList | None:
        """The list of one user, which no memory keeps.

        Raises:
            RedisUnavailable: Redis does not answer.
        """
        key = redis_keys.personalized(version, user_id)
        (value,) = await self._values([key])
        if value is None:
            return None
        try:
            return KnownList(decode_list(value))
        except InvalidValue as error:
            log.error("%s: %s", key, error)
            return None

    async def catalogue(self, category: str) -> AsyncIterator[KnownList]:
        """All products of a category and those below it that may be recommended, the newest first, in pages.

        Args:
            category: The category; "" for the whole shop.
        """
        first, size = 0, FIRST_PAGE
        while (page := await self._page(redis_keys.catalogue(category), first, size)) is not None:
            yield page
            if len(page.value.items) < size:
                return
            first, size = first + size, min(2 * size, LARGEST_PAGE)

    async def _page(self, key: str, first: int, size: int) -> KnownList | None:
        remembered_as = f"{key}@{first}"
        try:
            reply = await self.redis.call(
                b"ZRANGE", key.encode(), b"%d" % first, b"%d" % (first + size - 1), b"WITHSCORES"
            )
        except RedisUnavailable:
            return self.memory.recall(remembered_as)
        if reply:
            return self.memory.remember_page(remembered_as, _page_of(reply))
        return self.memory.recall(remembered_as) if first == 0 else None  # Redis has lost it, or the pages end here

    async def history(self, user_id: str, limit: int = 0) -> list[Interaction]:
        """The newest interactions of a user that count, the newest first; all that are kept where no limit is given.

        Raises:
            RedisUnavailable: Redis does not answer.
        """
        key = redis_keys.history(user_id).encode()
        reply = await self.redis.call(b"ZREVRANGE", key, b"0", b"%d" % (MEMBERS - 1 if limit else -1), b"WITHSCORES")
        history = counted(
            (member.decode(), float(at_ms)) for member, at_ms in zip(reply[::2], reply[1::2], strict=True)
        )
        history.sort(key=lambda each: (each.time_ms, each.kind, each.product_id), reverse=True)
        return [_interaction(each) for each in (history[:limit] if limit else history)]

    async def products(self, item_ids: Sequence[str]) -> dict[str, Product]:
        """Each of these products as Redis has it now, or had it last."""
        if not item_ids:
            return {}
        keys = [redis_keys.product(item_id).encode() for item_id in item_ids]
        try:
            values: Sequence[bytes | None] = await self.redis.call(b"MGET", *keys)
        except RedisUnavailable:
            values = [None] * len(keys)
        for item_id, value in zip(item_ids, values, strict=True):
            if value is not None:
                self.memory.remember_product(item_id, _product(item_id, value))
        return {item_id: self.memory.product(item_id) for item_id in item_ids}

    async def forget(self, user_id: str) -> int:
        """Delete a user's history and lists of every version, whether it is live or not; how many keys there were.

        The history goes first, so that no list is made from it any more; then a scan finds the lists, which takes about
        a second for a million keys.

        Raises:
            RedisUnavailable: Redis does not answer; some keys may be deleted, none, or all.
        """
        deleted: int = await self.redis.call(b"DEL", redis_keys.history(user_id).encode())
        pattern = redis_keys.personalized_in_any_version(user_id).encode()
        cursor = b"0"
        while True:
            cursor, candidates = await self.redis.call(b"SCAN", cursor, b"MATCH", pattern, b"COUNT", SCAN_KEYS)
            if keys := [key for key in candidates if redis_keys.is_personalized(key.decode(), user_id)]:
                deleted += await self.redis.call(b"DEL", *keys)
            if cursor == b"0":
                return deleted

    async def _values(self, keys: Sequence[str]) -> list[Reply]:
        return await asyncio.gather(*[self.redis.get(key.encode()) for key in keys])

    def _known(self, key: str, value: bytes | None) -> KnownList | None:
        if value is None:
            return self.memory.recall(key)
        try:
            return self.memory.remember(key, value)
        except InvalidValue as error:
            log.error("%s: %s", key, error)
            return self.memory.recall(key)


def _interaction(counting: CountedInteraction) -> Interaction:
    at = datetime.fromtimestamp(counting.time_ms / 1000, UTC)
    return Interaction(counting.kind, counting.product_id, at)


def _page_of(reply: Sequence[bytes]) -> RecommendationList:
    """A page of the catalogue; its members with their scores, which are minus the milliseconds of when they came."""
    newest = datetime.fromtimestamp(-float(reply[1]) / 1000, UTC)
    items = tuple(RecommendedItem(item_id.decode(), 0.0, Reason.CATALOGUE) for item_id in reply[::2])
    return RecommendationList(Source.CATALOGUE, "", datetime.now(UTC), newest, items)


def _product(item_id: str, value: bytes) -> Product:
    try:
        return decode_product(value)
    except InvalidValue as error:
        log.error("Product %s: %s", item_id, error)
        return UNKNOWN_PRODUCT
