"""Keeps users' histories and lists in Redis up to date with their events.

A batch takes two round trips, and one more where it is counted how fresh its lists are. The first writes histories and
reads them back, and reads who is linked, which models are live and whether the availability of a product has changed.
The second writes lists. In the first the live models are read last: a version that is not live at that moment is
published later, from histories that have these events (see ``live.py``). So no event is missed.

Where somebody of the batch is linked, there are up to three more in between: who the visitors were when, then what
their users did, then what the other visitors of these did (see ``people.py``).

Lists of a live version do not expire. Those of one that was replaced keep the time to live that they were given then
(see ``live.py``).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray
from redis import Redis

from connections.redis import redis_errors
from recommender.errors import ModelError
from recommender.interactions import histories_of, newest_time
from recommender.models.base import Model
from recommender.neighbours import NONE, Neighbours
from recommender.publishing.encoding import ListEncoder
from recommender.publishing.freshness import FreshnessCounts
from recommender.publishing.people import (
    Limits,
    LinkedPeople,
    VisitorChange,
    decoded,
    read_linked,
    write_changes,
    write_list,
)
from recommender.ranking import Rules, rank
from recommender.store import ModelStore
from schemas.recommendations import Source
from schemas.redis_keys import (
    LINKED,
    LIVE_MODELS,
    LIVE_SECONDS,
    RETIRED_MODELS,
    UNAVAILABLE,
    UNAVAILABLE_REVISION,
    history,
    personalized,
)
from schemas.visitors import NOBODY, SortedSet

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class _LiveModel:
    """A model that lists are made with; ``unavailable`` is a mask by item index."""

    version: str
    model: Model
    similar: Neighbours
    item_indices: Mapping[str, int]
    encoder: ListEncoder
    unavailable: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class _State:
    """State of Redis, read in the first round trip.

    Attributes:
        histories: The history of each user of the batch.
        linked: Who of the batch is linked to somebody.
        live: Live model versions.
        retired: Those of them that were replaced.
        revision: Changes whenever the set of unavailable products does.
    """

    histories: Mapping[str, SortedSet]
    linked: frozenset[str]
    live: frozenset[str]
    retired: frozenset[str]
    revision: bytes


@dataclass(frozen=True, slots=True)
class _Written:
    """What the second round trip wrote.

    Attributes:
        lists: How many lists, those that are empty now and were deleted among them.
        users: Who has one.
    """

    lists: int
    users: frozenset[str]


@dataclass(slots=True)
class Personaliser:
    """Updates histories and lists with events.

    Attributes:
        client: A client of Redis; it stays the caller's.
        store: The model store.
        rules: Rules for the lists.
        limits: What Redis keeps.
        clock: The time, aware.
        freshness: Counts how long after their events lists are written; None where these are no news.
    """

    client: Redis
    store: ModelStore
    rules: Rules
    limits: Limits
    clock: Callable[[], datetime]
    freshness: FreshnessCounts | None = None
    _models: dict[str, _LiveModel] = field(default_factory=dict)
    _absent: set[str] = field(default_factory=set)
    _unavailable: frozenset[str] = frozenset()
    _revision: bytes | None = None

    def update(
        self,
        user_ids: Sequence[str],
        members: Sequence[str],
        times_ms: Sequence[int],
        changes: Collection[VisitorChange] = (),
    ) -> int:
        """Update histories and lists with events, in any order; repeated events change nothing.

        Args:
            user_ids: The user of each event.
            members: The member of a history for each, as ``schemas.interactions`` makes it.
            times_ms: Time of each in epoch milliseconds.
            changes: The links and sign-outs among the events, and perhaps others.

        Returns:
            The number of lists written.

        Raises:
            DependencyUnavailable: Redis does not answer; the events may be sent again.
        """
        newest = newest_of_each(user_ids, members, times_ms)
        with redis_errors(self._address()):
            state = self._write_histories(newest, changes)
            self._follow(state)
            people = self._read_linked(state, newest, changes)
            written = self._write_lists(state, people)
            if self.freshness is not None:
                self.freshness.count([max(newest[user_id].values()) for user_id in written.users if user_id in newest])
            return written.lists

    def _read_linked(
        self, state: _State, newest: Mapping[str, Mapping[str, int]], changes: Collection[VisitorChange]
    ) -> LinkedPeople:
        batch = {user_id: state.histories[user_id] for user_id in state.linked}
        return read_linked(self.client, batch, newest, changes, self.limits, self.clock())

    def _write_histories(self, newest: Mapping[str, Mapping[str, int]], changes: Collection[VisitorChange]) -> _State:
        """Write histories and read them back, with the state of models and products."""
        calls = self.client.pipeline(transaction=False)
        for user_id, times_of in newest.items():
            key = history(user_id)
            calls.zadd(key, dict(times_of), gt=True)
            calls.zremrangebyrank(key, 0, -self.limits.history_items - 1)
            calls.expire(key, self.limits.history_seconds)
            calls.zrange(key, 0, -1, withscores=True)
        write_changes(calls, changes, self.limits.history_seconds, self.clock())
        calls.zmscore(LINKED, [*newest, NOBODY])
        calls.get(UNAVAILABLE_REVISION)
        calls.zrange(RETIRED_MODELS, 0, -1, withscores=True)
        calls.smembers(LIVE_MODELS)
        *replies, scores, revision, retired, live = calls.execute()
        sorted_sets: Iterable[list[tuple[bytes, float]]] = replies[3 : 4 * len(newest) : 4]
        due = self.clock().timestamp() - LIVE_SECONDS
        return _State(
            {user_id: decoded(sorted_set) for user_id, sorted_set in zip(newest, sorted_sets, strict=True)},
            frozenset(user_id for user_id, score in zip(newest, scores[:-1], strict=True) if score is not None),
            frozenset(version.decode() for version in live.difference(each for each, at in retired if at <= due)),
            frozenset(version.decode() for version, _ in retired),
            revision or b"",
        )

    def _follow(self, state: _State) -> None:
        """Load new live models, drop those that are no longer live, update which products are unavailable."""
        for version in self._models.keys() - state.live:
            del self._models[version]
        outdated = [model for version in sorted(state.live - self._models.keys()) if (model := self._load(version))]
        self._models |= {model.version: model for model in outdated}
        if state.revision != self._revision:
            product_ids: Any = self.client.smembers(UNAVAILABLE)
            self._unavailable = frozenset(product_id.decode() for product_id in product_ids)
            self._revision = state.revision
            outdated = list(self._models.values())
        for model in outdated:
            model.unavailable = _mask(model.item_indices, self._unavailable)

    def _load(self, version: str) -> _LiveModel | None:
        """A model; None where the store cannot read it: histories must be written all the same."""
        try:
            served = self.store.load(version)
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
            served.item_indices,
            ListEncoder(version, served.item_ids),
            np.zeros(len(served.item_ids), bool),
        )

    def _write_lists(self, state: _State, people: LinkedPeople) -> _Written:
        """Rank every history by every model, and write the lists."""
        if not self._models:
            return _Written(0, frozenset())
        histories = {**state.histories, **people.histories}
        users: set[str] = set()
        calls = self.client.pipeline(transaction=False)
        for model in self._models.values():
            is_retired = model.version in state.retired
            for user_id, value in self._lists(model, histories):
                key = personalized(model.version, user_id)
                if user_id in people.revisions:
                    write_list(calls, user_id, people.revisions[user_id], key, value, is_retired)
                elif value is None:
                    calls.delete(key)
                else:
                    calls.set(key, value, keepttl=is_retired)
                if value is not None:
                    users.add(user_id)
        return _Written(len(calls.execute()), frozenset(users))

    def _lists(self, live: _LiveModel, histories: Mapping[str, SortedSet]) -> Iterable[tuple[str, bytes | None]]:
        """Each user and the value of their list; None where the model recommends nothing."""
        users = histories_of(histories.values(), live.item_indices)
        ranking = rank(live.model, live.similar, users, self.rules, live.unavailable)
        newest = [newest_time(sorted_set) for sorted_set in histories.values()]
        values = live.encoder.encode(ranking, Source.PERSONAL, newest, self.clock())
        empty = (ranking.items[:, 0] == NONE).tolist()
        for user_id, value, is_empty in zip(histories, values, empty, strict=True):
            yield user_id, None if is_empty else value

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


def _mask(item_indices: Mapping[str, int], product_ids: Iterable[str]) -> NDArray[np.bool_]:
    mask = np.zeros(len(item_indices), bool)
    mask[[item_indices[product_id] for product_id in product_ids if product_id in item_indices]] = True
    return mask
