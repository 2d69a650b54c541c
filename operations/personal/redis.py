"""Keys of a person in Redis."""

from __future__ import annotations

from contextlib import closing
from typing import Any, Final

from connections.redis import connect, redis_errors
from operations.personal.data import PersonalData
from schemas.redis_keys import history, is_personalized, personalized_in_any_version
from schemas.settings import Settings

SCAN_KEYS: Final = 10_000


def keys_of(settings: Settings, user_id: str) -> list[bytes]:
    """The history of a user and the lists of every model, whether it is live or not.

    Raises:
        DependencyUnavailable: Redis does not answer.
    """
    pattern = personalized_in_any_version(user_id)
    with (
        closing(connect(settings.redis_url, settings.http_timeout_seconds)) as client,
        redis_errors(settings.redis_url),
    ):
        keys = client.scan_iter(match=pattern, count=SCAN_KEYS)
        lists = [key for key in keys if is_personalized(key.decode(), user_id)]
        has_history: Any = client.exists(history(user_id))
    return sorted([*lists, *([history(user_id).encode()] if has_history else [])])


def delete_keys(settings: Settings, keys: list[bytes]) -> None:
    """Delete keys.

    Raises:
        DependencyUnavailable: Redis does not answer.
    """
    if keys:
        with (
            closing(connect(settings.redis_url, settings.http_timeout_seconds)) as client,
            redis_errors(settings.redis_url),
        ):
            client.delete(*keys)


def _held(settings: Settings, user_id: str) -> dict[str, int]:
    return {"Redis: keys": len(keys_of(settings, user_id))}


def _erase(settings: Settings, user_id: str) -> None:
    delete_keys(settings, keys_of(settings, user_id))


IN_REDIS: Final = PersonalData(_held, _erase)
