"""What Redis holds of a person: keys, and what visitors did that is the person's."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import closing
from typing import Any, Final

from redis import Redis

from connections.redis import connect, redis_errors
from operations.personal.data import PersonalData
from recommender.publishing.people import decoded
from schemas.redis_keys import (
    LINKED,
    history,
    identity_changes,
    is_personalized,
    kept_of,
    personalized_in_any_version,
    visitors,
)
from schemas.settings import Settings
from schemas.visitors import Held, Identity, held_of

SCAN_KEYS: Final = 10_000


def keys_of(client: Redis, user_id: str) -> list[bytes]:
    """What is kept of a user alone: the history, who the user's visitors are, the lists of every model, live or not."""
    pattern = personalized_in_any_version(user_id)
    lists = [key for key in client.scan_iter(match=pattern, count=SCAN_KEYS) if is_personalized(key.decode(), user_id)]
    return sorted([*lists, *(key.encode() for key in kept_of(user_id) if client.exists(key))])


def held_by_visitors(client: Redis, user_id: str) -> dict[str, Held]:
    """What is kept under the ids of a user's visitors that is the user's: links, and anonymous events."""
    ids: Any = client.zrange(visitors(user_id), 0, -1)
    held = {}
    for visitor_id in (each.decode() for each in ids):
        changes = _members(client, identity_changes(visitor_id))
        identity = Identity.of_members(changes)
        held[visitor_id] = held_of(user_id, identity, _members(client, history(visitor_id)))
    return {visitor_id: each for visitor_id, each in held.items() if each}


def forget(client: Redis, user_id: str) -> None:
    """Delete all of it. The lists of those visitors go as well: their next event makes them anew."""
    held = held_by_visitors(client, user_id)
    for visitor_id, each in held.items():
        _remove(client, history(visitor_id), each.history)
        _remove(client, identity_changes(visitor_id), each.changes)
    linked = Identity.of_members(_members(client, identity_changes(user_id))).users
    for other in linked:
        _remove(client, visitors(other), (user_id,))
    _remove(client, LINKED, (user_id,))
    _delete(client, keys_of(client, user_id))
    for visitor_id in held:
        _delete(client, [key for key in keys_of(client, visitor_id) if is_personalized(key.decode(), visitor_id)])


def _members(client: Redis, key: str) -> list[tuple[str, float]]:
    members: Any = client.zrange(key, 0, -1, withscores=True)
    return decoded(members)


def _remove(client: Redis, key: str, members: Iterable[str]) -> None:
    if given := tuple(members):
        client.zrem(key, *given)


def _delete(client: Redis, keys: list[bytes]) -> None:
    if keys:
        client.delete(*keys)


def _held(settings: Settings, user_id: str) -> dict[str, int]:
    with (
        closing(connect(settings.redis_url, settings.http_timeout_seconds)) as client,
        redis_errors(settings.redis_url),
    ):
        held = held_by_visitors(client, user_id).values()
        return {
            "Redis: keys": len(keys_of(client, user_id)),
            "Redis: events and links of visitors": sum(len(each.history) + len(each.changes) for each in held),
        }


def _erase(settings: Settings, user_id: str) -> None:
    with (
        closing(connect(settings.redis_url, settings.http_timeout_seconds)) as client,
        redis_errors(settings.redis_url),
    ):
        forget(client, user_id)


IN_REDIS: Final = PersonalData(_held, _erase)
