"""Redis: a batch and the offset behind it, written at once."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from typing import Any, Final

from connections.redis import connect, redis_errors
from schemas.errors import InvalidValue
from schemas.recommendations import decode_product
from schemas.redis_keys import SINK_OFFSETS, UNAVAILABLE, UNAVAILABLE_REVISION, product
from schemas.settings import Settings
from sinks.redis.changes import Changes, catalogues_with

logger = logging.getLogger(__name__)

Move = tuple[str, str, int | None]
"""A part of the catalogue, a product, and its score there from now on; None where it leaves."""

_APPLY: Final = """
local partition, first, behind = ARGV[1], ARGV[2], ARGV[3]
local n_values, n_available = tonumber(ARGV[4]), tonumber(ARGV[5])
if (redis.call('HGET', KEYS[1], partition) or '') ~= first then
  return 0
end
for i = 1, n_values do
  if ARGV[5 + i] == '' then
    redis.call('DEL', KEYS[3 + i])
  else
    redis.call('SET', KEYS[3 + i], ARGV[5 + i])
  end
end
local changed = 0
local moves = 6 + n_values + 2 * n_available
for i = 6 + n_values, moves - 1, 2 do
  changed = changed + redis.call(ARGV[i + 1] == '1' and 'SREM' or 'SADD', KEYS[2], ARGV[i])
end
if changed > 0 then
  redis.call('INCR', KEYS[3])
end
for i = moves, #ARGV, 2 do
  local key = KEYS[3 + n_values + (i - moves) / 2 + 1]
  if ARGV[i + 1] == '' then
    redis.call('ZREM', key, ARGV[i])
  else
    redis.call('ZADD', key, ARGV[i + 1], ARGV[i])
  end
end
redis.call('HSET', KEYS[1], partition, behind)
return 1
"""
"""Applies changes unless another writer was faster; an empty value deletes, an empty score removes.

Keys: the offsets, the unavailable products, their revision, a key for each value, a key for each move.
"""


class RedisStore:
    """The keys that the served topics become.

    Args:
        settings: Where Redis is.
    """

    def __init__(self, settings: Settings) -> None:
        self._url = settings.redis_url
        self._redis = connect(settings.redis_url, settings.http_timeout_seconds)
        self._apply = self._redis.register_script(_APPLY)

    def close(self) -> None:
        """Close the connections."""
        self._redis.close()

    def positions(self) -> dict[str, int]:
        """Partition, as ``topic-number``, -> the next offset to apply; none of a partition that nothing is known of.

        Raises:
            DependencyUnavailable: Redis does not answer.
        """
        with redis_errors(self._url):
            offsets = self._redis.hgetall(SINK_OFFSETS)
        assert isinstance(offsets, dict)
        return {partition.decode(): int(offset) for partition, offset in offsets.items()}

    def apply(self, partition: str, first: int | None, behind: int, changes: Changes) -> bool:
        """Write what the records of a partition change, and where reading goes on.

        Args:
            partition: ``topic-number``.
            first: What Redis holds as the next offset of the partition; None for nothing.
            behind: The next one after these records.
            changes: What they change.

        Returns:
            False when Redis holds another offset, and nothing was written.

        Raises:
            DependencyUnavailable: Redis does not answer; sent again, the changes may be written already.
        """
        with redis_errors(self._url):
            moves = list(self._moves(changes))
            keys = [SINK_OFFSETS, UNAVAILABLE, UNAVAILABLE_REVISION, *changes.values, *(key for key, _, _ in moves)]
            position = "" if first is None else first
            arguments: list[Any] = [partition, position, behind, len(changes.values), len(changes.available)]
            arguments += [value or b"" for value in changes.values.values()]
            for product_id, available in changes.available.items():
                arguments += [product_id, int(available)]
            for _, product_id, score in moves:
                arguments += [product_id, "" if score is None else score]
            return bool(self._apply(keys=keys, args=arguments))

    def _moves(self, changes: Changes) -> Iterator[Move]:
        """What changes in the catalogue, by what Redis holds of the products now.

        Another writer that changes them in between changes the offset as well, so that nothing of this is written.
        """
        product_ids = list(changes.catalogues)
        for product_id, left in zip(product_ids, self._catalogues_now(product_ids), strict=True):
            held = changes.catalogues[product_id]
            yield from ((key, product_id, None) for key in left if key not in held)
            yield from ((key, product_id, score) for key, score in held.items())

    def _catalogues_now(self, product_ids: Sequence[str]) -> list[list[str]]:
        """The parts of the catalogue that hold each of these products."""
        values: Any = self._redis.mget([product(product_id) for product_id in product_ids]) if product_ids else []
        return [_catalogues_of(product_id, value) for product_id, value in zip(product_ids, values, strict=True)]


def _catalogues_of(product_id: str, value: bytes | None) -> list[str]:
    try:
        return [] if value is None else catalogues_with(decode_product(value))
    except InvalidValue as error:  # readers check what the catalogue gives them by the product's own key
        logger.error("Where the product %s was in the catalogue is not known: %s", product_id, error)
        return []
