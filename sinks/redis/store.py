"""Redis: a batch and the offset behind it, written at once."""

from __future__ import annotations

from typing import Final

from connections.redis import connect, redis_errors
from schemas.redis_keys import SINK_OFFSETS, UNAVAILABLE, UNAVAILABLE_REVISION
from schemas.settings import Settings
from sinks.redis.changes import Changes

_APPLY: Final = """
local partition, first, behind, n_values = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])
if (redis.call('HGET', KEYS[1], partition) or '') ~= first then
  return 0
end
for i = 1, n_values do
  if ARGV[4 + i] == '' then
    redis.call('DEL', KEYS[3 + i])
  else
    redis.call('SET', KEYS[3 + i], ARGV[4 + i])
  end
end
local changed = 0
for i = 5 + n_values, #ARGV, 2 do
  changed = changed + redis.call(ARGV[i + 1] == '1' and 'SREM' or 'SADD', KEYS[2], ARGV[i])
end
if changed > 0 then
  redis.call('INCR', KEYS[3])
end
redis.call('HSET', KEYS[1], partition, behind)
return 1
"""
"""Applies changes unless another writer was faster; an empty value deletes."""


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
        keys = [SINK_OFFSETS, UNAVAILABLE, UNAVAILABLE_REVISION, *changes.values]
        arguments: list[str | bytes | int] = [partition, "" if first is None else first, behind, len(changes.values)]
        arguments += [value or b"" for value in changes.values.values()]
        for product_id, available in changes.available.items():
            arguments += [product_id, int(available)]
        with redis_errors(self._url):
            return bool(self._apply(keys=keys, args=arguments))
