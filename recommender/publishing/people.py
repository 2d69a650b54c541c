"""What linked people did: the histories of users with those parts of their visitors' histories that are theirs.

Nothing is copied. A link or a sign-out is added to its visitor's changes, and whoever needs a user's merged history
reads the user's own one, and the changes and histories of the user's visitors: ``schemas.visitors`` has the rule. So
it follows from the set of events, in whatever order they came.

**Who makes a user's list.** An anonymous event comes through its visitor's worker, a link through its user's. Each
first writes and then reads, so of two at once at least one reads both. Then the one that read more must be the one
whose list stays: before it reads, each raises the user's counter, and a list is written only while the counter is what
it was raised to. Whoever raised it later read later, and writes its own.

**Who is affected.** An anonymous event: the user that it belongs to. A link or a sign-out: every user that the visitor
was. The same by an event of a visitor whose history is full, which takes the place of an older one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from redis import Redis
from redis.client import Pipeline

from schemas.redis_keys import LINKED, history, identity_changes, list_revision, visitors
from schemas.visitors import (
    MOST_CHANGES,
    MOST_VISITORS,
    NOBODY,
    READ_VISITORS,
    Identity,
    IdentityChange,
    SortedSet,
    is_anonymous,
    merged,
)

VisitorChange = tuple[str, IdentityChange]
"""A visitor, and a link or a sign-out of it."""

REVISION_SECONDS: Final = 3600
"""How long a counter is kept after it was raised: far longer than it takes to write a list."""

_WRITE_UNLESS_OUTDATED: Final = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then
  return 0
end
if ARGV[2] == '' then
  return redis.call('DEL', KEYS[2])
end
if ARGV[3] == '1' then
  redis.call('SET', KEYS[2], ARGV[2], 'KEEPTTL')
else
  redis.call('SET', KEYS[2], ARGV[2])
end
return 1
"""


_CALLS_OF_A_USER: Final = 6


@dataclass(frozen=True, slots=True)
class Limits:
    """What Redis keeps.

    Attributes:
        history_items: Largest number of members of a history, the newest ones.
        history_seconds: How long after its last event a history is kept.
    """

    history_items: int
    history_seconds: int


@dataclass(frozen=True, slots=True)
class LinkedPeople:
    """What linked people did.

    Attributes:
        histories: The merged history of each.
        revisions: What the counter of each was raised to before it was read.
    """

    histories: Mapping[str, SortedSet]
    revisions: Mapping[str, int]


NOBODY_LINKED: Final = LinkedPeople({}, {})


def write_changes(calls: Pipeline, changes: Collection[VisitorChange], seconds: int, now: datetime) -> None:
    """Add links and sign-outs to a pipeline of writes.

    Args:
        calls: The pipeline.
        changes: The links and sign-outs.
        seconds: How long they are kept.
        now: The time, aware.
    """
    if not changes:
        return
    for visitor_id, change in changes:
        key = identity_changes(visitor_id)
        calls.zadd(key, {change.member: change.time_ms}, gt=True)
        calls.expire(key, seconds)
        if change.user_id != NOBODY:
            calls.zadd(visitors(change.user_id), {visitor_id: change.time_ms}, gt=True)
            calls.zremrangebyrank(visitors(change.user_id), 0, -MOST_VISITORS - 1)
            calls.expire(visitors(change.user_id), seconds)
            calls.zadd(LINKED, dict.fromkeys((visitor_id, change.user_id), now.timestamp()))


def write_list(calls: Pipeline, user_id: str, revision: int, key: str, value: bytes | None, keep_ttl: bool) -> None:
    """Add the list of a linked user to a pipeline: it is written unless somebody has begun to read the user since.

    Args:
        calls: The pipeline.
        user_id: The user.
        revision: What the user's counter was raised to before the history was read.
        key: The list's key.
        value: The list; None to delete it.
        keep_ttl: Whether it keeps the time to live that it has.
    """
    arguments: list[Any] = [list_revision(user_id), key, revision, value or b"", int(keep_ttl)]
    calls.eval(_WRITE_UNLESS_OUTDATED, 2, *arguments)


def read_linked(
    client: Redis,
    batch: Mapping[str, SortedSet],
    written: Mapping[str, Collection[str]],
    changes: Collection[VisitorChange],
    limits: Limits,
    now: datetime,
) -> LinkedPeople:
    """The merged histories that a batch of events has changed, after the batch was written.

    Args:
        client: A client of Redis.
        batch: The histories of those users of the batch who are linked to somebody.
        written: The members that the batch has written into them, and perhaps into others.
        changes: The links and sign-outs of the batch.
        limits: What Redis keeps.
        now: The time, aware.
    """
    by_event = {user_id for user_id in batch if any(map(is_anonymous, written[user_id]))}
    changed = {visitor_id for visitor_id, _ in changes}
    if not batch and not changed:
        return NOBODY_LINKED
    identities = _identities(client, by_event | changed, limits.history_seconds)
    affected = set(batch).union(change.user_id for _, change in changes)
    for visitor_id in changed:
        affected |= identities[visitor_id].users
    for visitor_id in by_event:
        affected |= _affected(identities[visitor_id], batch[visitor_id], written[visitor_id], limits)
    affected.discard(NOBODY)
    return _read(client, sorted(affected), limits.history_seconds, now)


def merged_histories(
    client: Redis, own: Mapping[str, SortedSet], visitors_of: Mapping[str, Sequence[str]]
) -> dict[str, SortedSet]:
    """The merged histories of users, the oldest event first.

    Args:
        client: A client of Redis.
        own: Each user's own history.
        visitors_of: The visitors that each was.
    """
    ids = sorted({visitor_id for visitor_ids in visitors_of.values() for visitor_id in visitor_ids})
    calls = client.pipeline(transaction=False)
    for visitor_id in ids:
        calls.zrange(identity_changes(visitor_id), 0, -1, withscores=True)
        calls.zrange(history(visitor_id), 0, -1, withscores=True)
    replies: list[Any] = calls.execute() if ids else []
    known = {
        visitor_id: (Identity.of_members(decoded(changes)), decoded(sorted_set))
        for visitor_id, changes, sorted_set in zip(ids, replies[::2], replies[1::2], strict=True)
    }
    return {
        user_id: merged(user_id, history_of, {each: known[each] for each in visitors_of[user_id]})
        for user_id, history_of in own.items()
    }


def read_merged(client: Redis, user_ids: Sequence[str]) -> dict[str, SortedSet]:
    """The merged histories of users as they are now, without those of whom nothing is kept."""
    calls = client.pipeline(transaction=False)
    for user_id in user_ids:
        calls.zrange(history(user_id), 0, -1, withscores=True)
        calls.zrevrange(visitors(user_id), 0, READ_VISITORS - 1)
    replies: list[Any] = calls.execute() if user_ids else []
    own = dict(zip(user_ids, map(decoded, replies[::2]), strict=True))
    visitors_of = dict(zip(user_ids, map(_texts, replies[1::2]), strict=True))
    return {user_id: each for user_id, each in merged_histories(client, own, visitors_of).items() if each}


def linked_people(client: Redis) -> frozenset[str]:
    """Everybody who is linked to somebody."""
    ids: Any = client.zrange(LINKED, 0, -1)
    return frozenset(_texts(ids))


def decoded(sorted_set: Iterable[tuple[bytes, float]]) -> SortedSet:
    """A sorted set as Redis gives it."""
    return [(member.decode(), score) for member, score in sorted_set]


def _read(client: Redis, user_ids: Sequence[str], seconds: int, now: datetime) -> LinkedPeople:
    """Raise the counters of users, then read their merged histories."""
    if not user_ids:
        return NOBODY_LINKED
    calls = client.pipeline(transaction=False)
    for user_id in user_ids:
        calls.incr(list_revision(user_id))
        calls.expire(list_revision(user_id), REVISION_SECONDS)
        calls.expire(history(user_id), seconds)
        calls.expire(visitors(user_id), seconds)
        calls.zrange(history(user_id), 0, -1, withscores=True)
        calls.zrevrange(visitors(user_id), 0, READ_VISITORS - 1)
    calls.zadd(LINKED, dict.fromkeys(user_ids, now.timestamp()))
    calls.zremrangebyscore(LINKED, "-inf", now.timestamp() - seconds)
    replies: list[Any] = calls.execute()
    revisions, own, visitor_ids = (replies[each:-2:_CALLS_OF_A_USER] for each in (0, 4, 5))
    return LinkedPeople(
        merged_histories(
            client,
            dict(zip(user_ids, map(decoded, own), strict=True)),
            dict(zip(user_ids, map(_texts, visitor_ids), strict=True)),
        ),
        dict(zip(user_ids, revisions, strict=True)),
    )


def _identities(client: Redis, visitor_ids: Set[str], seconds: int) -> dict[str, Identity]:
    """Who visitors were when, by all that is kept of each; what is too much is dropped afterwards."""
    calls = client.pipeline(transaction=False)
    for visitor_id in visitor_ids:
        calls.zrange(identity_changes(visitor_id), 0, -1, withscores=True)
        calls.zremrangebyrank(identity_changes(visitor_id), 0, -MOST_CHANGES - 1)
        calls.expire(identity_changes(visitor_id), seconds)
    replies: list[Any] = calls.execute() if visitor_ids else []
    return {
        visitor_id: Identity.of_members(decoded(reply))
        for visitor_id, reply in zip(visitor_ids, replies[::3], strict=True)
    }


def _affected(identity: Identity, sorted_set: SortedSet, written: Collection[str], limits: Limits) -> frozenset[str]:
    """The users whose merged histories follow from what was written into a visitor's history."""
    if len(sorted_set) >= limits.history_items:
        return identity.users
    return frozenset(identity.owner(member, time_ms) for member, time_ms in sorted_set if member in written)


def _texts(ids: Iterable[bytes]) -> list[str]:
    return [each.decode() for each in ids]
