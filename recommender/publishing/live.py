"""Models in Redis: the lists of each version, and which version is active.

The lists of a version are written beside those of the others; then one write makes it the active one. So a reader that
first reads the active version, and then only lists of that version, never mixes two versions.

Lists of a live version do not expire. When a version is replaced, what Redis holds of it is given a time to live
(ADR 0027).
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import numpy as np
import redis
from numpy.typing import NDArray

from recommender.interactions import KnownUsers, UserHistories, histories_of, merged, newest_time, without
from recommender.neighbours import NONE, Neighbours
from recommender.publishing.bulk import persist, send_all, set_if_absent, translated_errors
from recommender.publishing.encoding import ListEncoder
from recommender.publishing.people import decoded, linked_people, read_merged
from recommender.ranking import REASONS, Ranking, Rules, rank_in_batches
from recommender.store import ServedModel
from schemas.interactions import counted
from schemas.recommendations import Reason, Source, utc_text
from schemas.redis_keys import (
    ACTIVE_MODEL,
    LIVE_MODELS,
    LIVE_SECONDS,
    RETIRED_MODELS,
    UNAVAILABLE,
    bought_together,
    history,
    history_owner,
    personalized,
    published,
    similar,
    version_of,
)
from schemas.settings import Settings
from schemas.visitors import SortedSet

GRACE: Final = timedelta(seconds=LIVE_SECONDS)
"""How long a replaced version stays live, for a rollback."""

BATCH_USERS: Final = 1_000
"""Histories read at a time."""

SCAN_KEYS: Final = 10_000
"""Keys that Redis checks in one step of a scan."""

MARGIN_SECONDS: Final = 30
"""How long before a version's first list its mark of being published expires."""

EXPIRED_AT_ONCE: Final = 1_000
"""Keys that are given a time to live at once: other clients of Redis wait for no more than that."""

NEVER_EXPIRES: Final = -1
"""Redis's answer for a key that has no time to live."""

_EXPIRE_UNLESS_IT_DOES: Final = """
for _, key in ipairs(KEYS) do
  if redis.call('TTL', key) == -1 then
    redis.call('EXPIRE', key, ARGV[1])
  end
end
"""

_REASON_OF_SOURCE: Final = {
    Source.SIMILAR: Reason.SIMILAR_TO_VIEWED,
    Source.BOUGHT_TOGETHER: Reason.BOUGHT_TOGETHER,
}


def connect(settings: Settings) -> redis.Redis:
    """A client for the Redis in the settings; each call has a time-out."""
    timeout = settings.http_timeout_seconds
    return redis.Redis.from_url(settings.redis_url, socket_timeout=timeout, socket_connect_timeout=timeout)


class LiveModels:
    """The models that Redis serves.

    Args:
        client: A client of Redis; it stays the caller's.
        rules: Rules for the lists.
        ttl_seconds: How long the lists of a replaced version are kept.

    Every method raises DependencyUnavailable when Redis does not answer, and WriteRefused when it rejects a command.
    """

    def __init__(self, client: redis.Redis, rules: Rules, ttl_seconds: int) -> None:
        self._client = client
        self._rules = rules
        self._ttl_seconds = ttl_seconds
        self._expire_unless_it_does = client.register_script(_EXPIRE_UNLESS_IT_DOES)

    def active(self) -> str:
        """The active version, "" when there is none."""
        with translated_errors(self._client):
            version: Any = self._client.get(ACTIVE_MODEL)
        return (version or b"").decode()

    def live(self) -> frozenset[str]:
        """The versions whose lists are kept fresh."""
        return frozenset(self._set(LIVE_MODELS))

    def is_published(self, version: str) -> bool:
        """Whether all lists of a version are in Redis."""
        with translated_errors(self._client):
            return bool(self._client.exists(published(version)))

    def publish(self, served: ServedModel, now: datetime) -> int:
        """Write all lists of a version beside those of the others, and return their number.

        The version becomes live first, so personalise writes lists for events from then on. A list that exists already
        is newer and is not overwritten. Events between the training and that moment are in the users' histories, which
        are read after it; so no event is missed.
        """
        self._let_stay(served.version)
        count = send_all(self._client, set_if_absent(self._lists(served, now)))
        with translated_errors(self._client):
            self._client.set(published(served.version), utc_text(served.manifest.created_at))
        return count

    def activate(self, version: str, now: datetime) -> None:
        """Make a version the active one, whose lists stay.

        Every other one stays live for GRACE, and its lists expire: also one that was published and never active.
        """
        self._let_stay(version)
        others = (self.live() | {self.active()}) - {"", version}
        with translated_errors(self._client), self._client.pipeline(transaction=True) as changes:
            if others:
                changes.zadd(RETIRED_MODELS, dict.fromkeys(sorted(others), now.timestamp()), nx=True)
            changes.set(ACTIVE_MODEL, version)
            changes.execute()
        self._let_others_expire(version)

    def retire_due(self, now: datetime) -> None:
        """Remove versions that were replaced longer ago than GRACE from the live ones; may be called at any time."""
        with translated_errors(self._client):
            due: Any = self._client.zrangebyscore(RETIRED_MODELS, "-inf", (now - GRACE).timestamp())
            if due:
                self._client.srem(LIVE_MODELS, *due)
                self._client.zrem(RETIRED_MODELS, *due)

    def unavailable(self, served: ServedModel) -> NDArray[np.bool_]:
        """Which items of a model must not be recommended, (n_items,) bool."""
        indices = served.item_indices
        mask = np.zeros(len(served.item_ids), bool)
        mask[[indices[item_id] for item_id in self._set(UNAVAILABLE) if item_id in indices]] = True
        return mask

    def _set(self, key: str) -> list[str]:
        with translated_errors(self._client):
            members: Any = self._client.smembers(key)
        return [member.decode() for member in members]

    def _lists(self, served: ServedModel, now: datetime) -> Iterator[tuple[bytes, bytes]]:
        """The keys and values of all lists of a version."""
        encoder = ListEncoder(served.version, served.item_ids)
        unavailable = self.unavailable(served)
        yield from self._personal_lists(served, encoder, unavailable, now)
        newest = served.manifest.data_to
        for neighbours, source, key in (
            (served.similar, Source.SIMILAR, similar),
            (served.together, Source.BOUGHT_TOGETHER, bought_together),
        ):
            ranking = ranking_of_neighbours(neighbours, source, self._rules.length, unavailable)
            values = encoder.encode(ranking, source, [newest] * len(ranking), now)
            keys = (key(served.version, item_id).encode() for item_id in served.item_ids)
            yield from _not_empty(zip(keys, values, strict=True), ranking)

    def _personal_lists(
        self, served: ServedModel, encoder: ListEncoder, unavailable: NDArray[np.bool_], now: datetime
    ) -> Iterator[tuple[bytes, bytes]]:
        users, until = self._users(served)
        keys = iter([personalized(served.version, user_id).encode() for user_id in users.ids])
        times = iter(until)
        for ranking in _ahead(
            rank_in_batches(served.model, served.similar, users.interactions, self._rules, unavailable)
        ):
            newest = [next(times) for _ in range(len(ranking))]
            values = encoder.encode(ranking, Source.PERSONAL, newest, now)
            yield from _not_empty(zip(itertools.islice(keys, len(ranking)), values, strict=True), ranking)

    def _users(self, served: ServedModel) -> tuple[KnownUsers, list[datetime]]:
        """The model's users with the histories in Redis, which are newer, and users who are newer than the model.

        With the time of the newest event of each history: in Redis that may be one that undoes another.
        """
        histories = self._histories()
        ids, sorted_sets = list(histories), list(histories.values())
        newer = KnownUsers(ids, histories_of(sorted_sets, served.item_indices))
        unknown = np.flatnonzero(newer.interactions.histories.lengths == 0).tolist()
        undone = {ids[row] for row in unknown if not counted(sorted_sets[row])}
        users = merged(without(served.users, undone), newer)
        in_redis = dict(zip(ids, map(newest_time, sorted_sets), strict=True))
        times = zip(users.ids, newest_times(users.interactions), strict=True)
        return users, [in_redis.get(user_id, newest) for user_id, newest in times]

    def _scan(self, pattern: str) -> list[bytes]:
        with translated_errors(self._client):
            return list(self._client.scan_iter(match=pattern, count=SCAN_KEYS))

    def _histories(self) -> dict[str, SortedSet]:
        """Every history by its user, sorted; those of linked users merged with what they did as visitors."""
        with translated_errors(self._client):
            linked = linked_people(self._client)
        owners = {history_owner(key.decode()) for key in self._scan(history("*"))}
        histories: dict[str, SortedSet] = {}
        for batch in _batches(sorted(owners - linked)):
            histories |= zip(batch, self._histories_of(batch), strict=True)
        for batch in _batches(sorted(linked)):
            with translated_errors(self._client):
                histories |= read_merged(self._client, batch)
        return dict(sorted(histories.items()))

    def _histories_of(self, user_ids: Sequence[str]) -> list[SortedSet]:
        with translated_errors(self._client), self._client.pipeline(transaction=False) as calls:
            for user_id in user_ids:
                calls.zrange(history(user_id), 0, -1, withscores=True)
            return [decoded(sorted_set) for sorted_set in calls.execute()]

    def _let_stay(self, version: str) -> None:
        """Make a version live, and what Redis holds of it, if anything, no longer expire."""
        mark = published(version)
        with translated_errors(self._client):
            stays = (
                self._client.sismember(LIVE_MODELS, version)
                and self._client.zscore(RETIRED_MODELS, version) is None
                and self._client.ttl(mark) == NEVER_EXPIRES
            )
            if not stays:
                keys = self._scan(f"rec:{version}:*")
                send_all(self._client, persist(key for key in keys if key != mark.encode()))
                self._client.persist(mark)  # the last: it says that all the others are there
                self._client.sadd(LIVE_MODELS, version)
                self._client.zrem(RETIRED_MODELS, version)

    def _let_others_expire(self, version: str) -> None:
        """Give what Redis holds of other versions a time to live, unless it has one.

        All keys are looked at, whatever wrote them and when: also lists of users who came after the training, and what
        a program that was killed has left.
        """
        others = [key for key in self._scan("rec:*:*") if version_of(key.decode()) not in ("", version)]
        marks = [key for key in others if key.decode() == published(version_of(key.decode()))]
        with translated_errors(self._client):
            self._let_expire(marks, max(1, self._ttl_seconds - MARGIN_SECONDS))
            self._let_expire(others, self._ttl_seconds)

    def _let_expire(self, keys: list[bytes], seconds: int) -> None:
        for first in range(0, len(keys), EXPIRED_AT_ONCE):
            self._expire_unless_it_does(keys=keys[first : first + EXPIRED_AT_ONCE], args=[seconds])


def _batches(user_ids: Sequence[str]) -> Iterator[Sequence[str]]:
    return (user_ids[first : first + BATCH_USERS] for first in range(0, len(user_ids), BATCH_USERS))


def _ahead(rankings: Iterator[Ranking]) -> Iterator[Ranking]:
    """The same; a thread computes the next one while the caller encodes and sends the current one."""
    with ThreadPoolExecutor(max_workers=1) as executor:
        following = executor.submit(next, rankings, None)
        while (ranking := following.result()) is not None:
            following = executor.submit(next, rankings, None)
            yield ranking


def _not_empty(lists: Iterable[tuple[bytes, bytes]], ranking: Ranking) -> Iterator[tuple[bytes, bytes]]:
    """The lists with at least one product: without a list, serving falls back to a more general one."""
    return itertools.compress(lists, (ranking.items != NONE).any(axis=1).tolist())


def newest_times(interactions: UserHistories) -> list[datetime]:
    """Time of the newest event of each history; no history may be empty."""
    histories = interactions.histories
    return [datetime.fromtimestamp(seconds, UTC) for seconds in histories.times[histories.offsets[1:] - 1].tolist()]


def ranking_of_neighbours(
    neighbours: Neighbours, source: Source, length: int, unavailable: NDArray[np.bool_]
) -> Ranking:
    """Neighbours as lists, one for each item, without unavailable items."""
    kept = (neighbours.items != NONE) & ~unavailable[neighbours.items]
    order = np.argsort(~kept, axis=1, kind="stable")[:, :length]
    items = np.take_along_axis(np.where(kept, neighbours.items, NONE), order, axis=1)
    scores = np.take_along_axis(np.where(kept, neighbours.scores, 0), order, axis=1)
    reason = REASONS.index(_REASON_OF_SOURCE[source])
    because = np.broadcast_to(np.arange(len(items), dtype=np.int32)[:, None], items.shape)
    return Ranking(items, scores.astype(np.float32), np.full(items.shape, reason, np.int8), because)
