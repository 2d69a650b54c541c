"""Keeps users' histories and lists in Redis in step with what they do.

A batch costs two round trips. The first writes histories and reads them back, and asks which models are live and
whether the availability of a product has changed; the second writes lists. In the first the question for the live
models comes last: a version that is not live yet when it is answered will be published by somebody who has not read
these histories yet (see ``recommender.publishing.live``), so no event falls between the two.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from redis import Redis

from connections.redis import redis_errors
from recommender.errors import ModelError
from recommender.interactions import histories_of
from recommender.models.base import Model
from recommender.neighbours import NONE, Neighbours
from recommender.publishing.encoding import ListEncoder
from recommender.ranking import Rules, rank
from recommender.store import ModelStore, load_model
from schemas.recommendations import Source
from schemas.redis_keys import LIVE_MODELS, UNAVAILABLE, UNAVAILABLE_REVISION, history, personalized

logger = logging.getLogger(__name__)

_MILLISECONDS: Final = 1000

Members = list[tuple[str, float]]
"""A history: ``kind:product_id`` and epoch milliseconds."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much Redis keeps.

    Attributes:
        history_items: Members of a history, the newest ones.
        history_seconds: How long after its user's last event a history is kept.
        list_seconds: How long a list is kept.
    """

    history_items: int
    history_seconds: int
    list_seconds: int


@dataclass(slots=True)
class _LiveModel:
    """A model that lists are made with; ``unavailable`` is a mask by item number."""

    version: str
    model: Model
    similar: Neighbours
    item_numbers: Mapping[str, int]
    encoder: ListEncoder
    unavailable: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class _Known:
    """What the first round trip told."""

    histories: Mapping[str, Members]
    live: frozenset[str]
    revision: bytes


@dataclass(slots=True)
class Personaliser:
    """Takes in events.

    Attributes:
        client: Redis; it stays the caller's.
        store: Where models come from.
        rules: What a list must be like.
        limits: How much Redis keeps.
    """

    client: Redis
    store: ModelStore
    rules: Rules
    limits: Limits
    _models: dict[str, _LiveModel] = field(default_factory=dict)
    _absent: set[str] = field(default_factory=set)
    _unavailable: frozenset[str] = frozenset()
    _revision: bytes | None = None

    def take_in(self, user_ids: Sequence[str], members: Sequence[str], times_ms: Sequence[int]) -> int:
        """Take in events, in any order, again or for the first time; returns how many lists were written.

        Args:
            user_ids: The user of each event.
            members: ``kind:product_id`` of each.
            times_ms: When each happened.

        Raises:
            DependencyUnavailable: Redis does not answer; the events may be sent again.
        """
        with redis_errors(self._address()):
            known = self._remember(newest_of_each(user_ids, members, times_ms))
            self._follow(known)
            return self._write(known.histories)

    def _remember(self, newest: Mapping[str, Mapping[str, int]]) -> _Known:
        """Write histories, read them back, and ask what has changed."""
        calls = self.client.pipeline(transaction=False)
        for user_id, times_of in newest.items():
            key = history(user_id)
            calls.zadd(key, dict(times_of), gt=True)
            calls.zremrangebyrank(key, 0, -self.limits.history_items - 1)
            calls.expire(key, self.limits.history_seconds)
            calls.zrange(key, 0, -1, withscores=True)
        calls.get(UNAVAILABLE_REVISION)
        calls.smembers(LIVE_MODELS)
        *answers, revision, live = calls.execute()
        found: Iterable[list[tuple[bytes, float]]] = answers[3::4]
        return _Known(
            {user_id: _decoded(members) for user_id, members in zip(newest, found, strict=True)},
            frozenset(version.decode() for version in live),
            revision or b"",
        )

    def _follow(self, known: _Known) -> None:
        """Take up new models, drop those that are no longer live, learn what is not available."""
        for version in self._models.keys() - known.live:
            del self._models[version]
        fresh = [made for version in sorted(known.live - self._models.keys()) if (made := self._load(version))]
        self._models |= {made.version: made for made in fresh}
        if known.revision != self._revision:
            found: Any = self.client.smembers(UNAVAILABLE)
            self._unavailable = frozenset(product_id.decode() for product_id in found)
            self._revision = known.revision
            fresh = list(self._models.values())
        for made in fresh:
            made.unavailable = _mask(made.item_numbers, self._unavailable)

    def _load(self, version: str) -> _LiveModel | None:
        """A model; None where the store has none that can be used: histories must go on without it."""
        try:
            served = load_model(self.store, version)
        except ModelError as error:
            if version not in self._absent:
                self._absent.add(version)
                logger.error("No lists are made with %s, which is live: %s", version, error)
            return None
        self._absent.discard(version)
        logger.info("Makes lists with %s", version)
        return _LiveModel(
            version,
            served.model,
            served.similar,
            served.item_numbers,
            ListEncoder(version, served.item_ids),
            np.zeros(len(served.item_ids), bool),
        )

    def _write(self, histories: Mapping[str, Members]) -> int:
        """Rank every history by every model, and write the lists."""
        if not self._models:
            return 0
        made_at = [datetime.fromtimestamp(members[-1][1] / _MILLISECONDS, UTC) for members in histories.values()]
        calls = self.client.pipeline(transaction=False)
        for model in self._models.values():
            for key, value in self._lists(model, histories, made_at):
                if value is None:
                    calls.delete(key)
                else:
                    calls.set(key, value, ex=self.limits.list_seconds)
        return len(calls.execute())

    def _lists(
        self, live: _LiveModel, histories: Mapping[str, Members], made_at: Sequence[datetime]
    ) -> Iterable[tuple[str, bytes | None]]:
        """Key and value of each user's list; None where the model has nothing to say."""
        users = histories_of(histories.values(), live.item_numbers)
        ranking = rank(live.model, live.similar, users, self.rules, live.unavailable)
        values = live.encoder.encode(ranking, Source.PERSONAL, made_at)
        empty = (ranking.items[:, 0] == NONE).tolist()
        for user_id, value, is_empty in zip(histories, values, empty, strict=True):
            yield personalized(live.version, user_id), None if is_empty else value

    def _address(self) -> str:
        server = self.client.connection_pool.connection_kwargs
        return f"{server.get('host')}:{server.get('port')}"


def newest_of_each(
    user_ids: Sequence[str], members: Sequence[str], times_ms: Sequence[int]
) -> dict[str, dict[str, int]]:
    """User -> member -> the newest of its times."""
    newest: dict[str, dict[str, int]] = {}
    for user_id, member, time_ms in zip(user_ids, members, times_ms, strict=True):
        times_of = newest.setdefault(user_id, {})
        if time_ms >= times_of.get(member, time_ms):
            times_of[member] = time_ms
    return newest


def _decoded(members: Iterable[tuple[bytes, float]]) -> Members:
    return [(member.decode(), time_ms) for member, time_ms in members]


def _mask(item_numbers: Mapping[str, int], product_ids: Iterable[str]) -> NDArray[np.bool_]:
    mask = np.zeros(len(item_numbers), bool)
    mask[[item_numbers[product_id] for product_id in product_ids if product_id in item_numbers]] = True
    return mask
