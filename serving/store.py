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
from schemas.visitors import READ_VISITORS, Identity, SortedSet, held_of, merged
from serving.memory import UNKNOWN_PRODUCT, KnownList, Memory
from serving.redis_client import Redis, RedisUnavailable, Reply

log = logging.getLogger(__name__)

MEMBERS: Final = 500
"""Members of a history that are read, the newest ones: what undoes is newer than what it undoes."""

_LAST_VISITOR: Final = b"%d" % (READ_VISITORS - 1)

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

        Those of the user's visitors are among them, where they are the user's.

        Raises:
            RedisUnavailable: Redis does not answer.
        """
        own = self._read_history(user_id, limit)
        visitors = self.redis.call(b"ZREVRANGE", redis_keys.visitors(user_id).encode(), b"0", _LAST_VISITOR)
        history = _members(await own)
        if visitor_ids := [each.decode() for each in await visitors]:
            history = merged(user_id, history, await self._visitors(visitor_ids, limit))[-MEMBERS if limit else 0 :]
        counting = counted(history)
        counting.sort(key=lambda each: (each.time_ms, each.kind, each.product_id), reverse=True)
        return [_interaction(each) for each in (counting[:limit] if limit else counting)]

    async def visitors(self, user_id: str) -> dict[str, tuple[Identity, SortedSet]]:
        """The visitors that a user was, the newest first: who each was when, and its history.

        Raises:
            RedisUnavailable: Redis does not answer.
        """
        ids = await self.redis.call(b"ZREVRANGE", redis_keys.visitors(user_id).encode(), b"0", b"-1")
        return await self._visitors([each.decode() for each in ids])

    async def identity(self, visitor_id: str) -> Identity:
        """Who a visitor was when.

        Raises:
            RedisUnavailable: Redis does not answer.
        """
        return _identity(await self._read_identity(visitor_id))

    async def _visitors(self, visitor_ids: Sequence[str], limit: int = 0) -> dict[str, tuple[Identity, SortedSet]]:
        calls = [(each, self._read_identity(each), self._read_history(each, limit)) for each in visitor_ids]
        return {each: (_identity(await changes), _members(await history)) for each, changes, history in calls}

    def _read_history(self, user_id: str, limit: int) -> asyncio.Future[Reply]:
        last = b"%d" % (MEMBERS - 1 if limit else -1)
        return self.redis.call(b"ZREVRANGE", redis_keys.history(user_id).encode(), b"0", last, b"WITHSCORES")

    def _read_identity(self, visitor_id: str) -> asyncio.Future[Reply]:
        key = redis_keys.identity_changes(visitor_id).encode()
        return self.redis.call(b"ZRANGE", key, b"0", b"-1", b"WITHSCORES")

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

        What visitors did that is the user's goes as well, with their links to the user and with their lists. What is of
        other users of the same devices stays.

        Histories go first, so that no list is made from them any more; then a scan finds the lists, which takes about a
        second for a million keys and user.

        Raises:
            RedisUnavailable: Redis does not answer; some keys may be deleted, none, or all.
        """
        owners = [user_id]
        for visitor_id, (identity, history) in (await self.visitors(user_id)).items():
            if held := held_of(user_id, identity, history):
                await self._remove(redis_keys.history(visitor_id), held.history)
                await self._remove(redis_keys.identity_changes(visitor_id), held.changes)
                owners.append(visitor_id)
        for linked in (await self.identity(user_id)).users:
            await self._remove(redis_keys.visitors(linked), [user_id])
        await self._remove(redis_keys.LINKED, [user_id])
        deleted: int = await self.redis.call(b"DEL", *[key.encode() for key in redis_keys.kept_of(user_id)])
        for owner in owners:
            deleted += await self._delete_lists(owner)
        return deleted

    async def _remove(self, key: str, members: Sequence[str]) -> None:
        if members:
            await self.redis.call(b"ZREM", key.encode(), *[member.encode() for member in members])

    async def _delete_lists(self, user_id: str) -> int:
        deleted = 0
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


def _members(reply: Sequence[bytes]) -> SortedSet:
    return [(member.decode(), float(at_ms)) for member, at_ms in zip(reply[::2], reply[1::2], strict=True)]


def _identity(reply: Sequence[bytes]) -> Identity:
    return Identity.of_members(_members(reply))


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
