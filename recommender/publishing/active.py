"""The active model as Redis has it: which one it is, and when it was made. It needs no model to be loaded."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from redis import Redis

from schemas.model_age import time_made
from schemas.redis_keys import ACTIVE_MODEL, published


@dataclass(frozen=True, slots=True)
class ActiveModel:
    """The model that is served.

    Attributes:
        version: Its version.
        made_at: When it was made; None where Redis does not say.
    """

    version: str
    made_at: datetime | None


def active_model(client: Redis) -> ActiveModel | None:
    """The active model; None where there is none.

    Raises:
        RedisError: Redis does not answer.
    """
    version: Any = client.get(ACTIVE_MODEL)
    if not version:
        return None
    mark: Any = client.get(published(version.decode()))
    return ActiveModel(version.decode(), time_made(mark))
