"""Whose an anonymous event is: the rule, and how histories in Redis keep what it needs.

A visitor is an ``anonymous_id``: a browser or a device. An event is anonymous where its user is its visitor; every
other event belongs to its own ``user_id``, whatever follows. A link says that a visitor is a user from a time on, a
sign-out that the visitor is nobody from a time on. An anonymous event at a time belongs to

1. the user of the visitor's first link at or after it in the same visit: of the same session, or, where one of the two
   has no session, at most VISIT_MS later;
2. else the user of the last link at or before it, unless a sign-out lies between;
3. else, where the visitor has no link before it at all, the user of the first link after it;
4. else nobody but the visitor.

No link reaches back further than BEFORE_MS, not even in one session. docs/metrics.md has the rule for the tables.
Of two changes at one time a link counts before a sign-out, and links by their event ids.

Who an event belongs to may be decided long after it came. So a visitor's history keeps each anonymous event as a member
of its own, ``@time.session:member``, where any other history keeps the newest of each member: a link that comes late
finds all of them. What a user's merged history holds is decided when it is read; nothing is copied.
"""

from __future__ import annotations

import json
import zlib
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

LINKS: Final = ("user_identified", "user_login", "user_registered", "purchase")
"""The event types that link a visitor to a user, where they name both."""

SIGN_OUT: Final = "user_logout"

OF_VISITORS: Final = ("user_identified", "user_login", "user_registered", SIGN_OUT)
"""The event types that only say who a visitor is."""

VISIT_MS: Final = 30 * 60 * 1000
BEFORE_MS: Final = 30 * 24 * 60 * 60 * 1000

MOST_CHANGES: Final = 100
"""Links and sign-outs that are kept of a visitor, the newest. Whose the events before them are is not known."""

MOST_VISITORS: Final = 1_000
"""Visitors that are kept of a user, those of the newest links."""

READ_VISITORS: Final = 20
"""Those of them whose events are in the user's merged history."""

NOBODY: Final = ""
_ANONYMOUS: Final = "@"

SortedSet = list[tuple[str, float]]
"""A history: members with epoch milliseconds, the oldest first."""


@dataclass(frozen=True, slots=True)
class IdentityChange:
    """A link, or a sign-out.

    Attributes:
        time_ms: From when on, epoch milliseconds.
        user_id: Who the visitor is then; NOBODY after a sign-out.
        session: The digest of the visit it happened in; "" for none.
        event_id: The event.
    """

    time_ms: int
    user_id: str
    session: str
    event_id: str

    @property
    def order(self) -> tuple[int, bool, str]:
        """Which of two changes is the later one."""
        return self.time_ms, self.user_id == NOBODY, self.event_id

    @property
    def member(self) -> str:
        """As it is kept, scored by its time."""
        return json.dumps([self.user_id, self.session, self.event_id], ensure_ascii=False, separators=(",", ":"))

    @classmethod
    def of_member(cls, member: str, time_ms: float) -> IdentityChange:
        """The reverse of ``member``."""
        return cls(int(time_ms), *json.loads(member))


def identity_change(
    kind: str, visitor_id: str, user_id: str, session_id: str, time_ms: int, event_id: str
) -> IdentityChange | None:
    """What an event says of who its visitor is; None where it says nothing."""
    if not visitor_id:
        return None
    if kind == SIGN_OUT:
        return IdentityChange(time_ms, NOBODY, session_digest(session_id), event_id)
    if kind in LINKS and user_id not in ("", visitor_id):
        return IdentityChange(time_ms, user_id, session_digest(session_id), event_id)
    return None


def session_digest(session_id: str) -> str:
    """Eight characters that tell a visitor's sessions apart; "" for no session."""
    return f"{zlib.crc32(session_id.encode()):08x}" if session_id else ""


def anonymous(member: str, time_ms: int, session_id: str) -> str:
    """The member of an anonymous event, of which a history keeps each and not the newest."""
    return f"{_ANONYMOUS}{time_ms}.{session_digest(session_id)}:{member}"


def is_anonymous(member: str) -> bool:
    """Whether a member is one of those that ``anonymous`` makes."""
    return member.startswith(_ANONYMOUS)


def plain(history: Iterable[tuple[str, float]]) -> SortedSet:
    """A history with the newest of each member, whether it was anonymous or not; the oldest first."""
    newest: dict[str, float] = {}
    for member, time_ms in history:
        own = member.partition(":")[2] if is_anonymous(member) else member
        newest[own] = max(time_ms, newest.get(own, time_ms))
    return sorted(newest.items(), key=lambda each: (each[1], each[0]))


class Identity:
    """Who a visitor was when.

    Args:
        changes: The visitor's links and sign-outs, the newest MOST_CHANGES of them, in any order.
    """

    def __init__(self, changes: Iterable[IdentityChange]) -> None:
        self._changes = sorted(changes, key=lambda change: change.order)
        self._times = [change.time_ms for change in self._changes]
        self._first_link = next((n for n, change in enumerate(self._changes) if change.user_id), len(self._changes))
        self._is_cut = len(self._changes) >= MOST_CHANGES

    @classmethod
    def of_members(cls, members: Iterable[tuple[str, float]]) -> Identity:
        """Of the members that are kept, each with its time in epoch milliseconds."""
        return cls(IdentityChange.of_member(member, time_ms) for member, time_ms in members)

    @property
    def changes(self) -> tuple[IdentityChange, ...]:
        """The links and sign-outs in their order."""
        return tuple(self._changes)

    @property
    def users(self) -> frozenset[str]:
        """Everybody whom the visitor ever was."""
        return frozenset(change.user_id for change in self._changes) - {NOBODY}

    def person_of(self, time_ms: float, session: str) -> str:
        """The user to whom an anonymous event belongs; NOBODY for the visitor alone.

        Args:
            time_ms: Its time in epoch milliseconds.
            session: The digest of its session; "" for none.
        """
        if self._is_cut and time_ms <= self._times[0]:
            return NOBODY
        later = bisect_left(self._times, time_ms)
        for change in self._changes[later:]:
            if change.user_id and _is_one_visit(change, time_ms, session):
                return change.user_id
        before = bisect_right(self._times, time_ms)
        if self._first_link < before:
            return self._changes[before - 1].user_id
        if self._is_cut:
            return NOBODY
        following = self._changes[self._first_link : self._first_link + 1]
        return next((link.user_id for link in following if link.time_ms - time_ms <= BEFORE_MS), NOBODY)

    def share(self, history: Iterable[tuple[str, float]], user_id: str) -> SortedSet:
        """The members of a visitor's history that belong to a user, as they are kept."""
        return [(member, time_ms) for member, time_ms in history if self.owner(member, time_ms) == user_id]

    def owner(self, member: str, time_ms: float) -> str:
        """The user to whom a member of the visitor's history belongs; NOBODY for the visitor alone."""
        if not is_anonymous(member):
            return NOBODY
        return self.person_of(time_ms, member.partition(":")[0].partition(".")[2])


def _is_one_visit(link: IdentityChange, time_ms: float, session: str) -> bool:
    if session and link.session:
        return session == link.session and link.time_ms - time_ms <= BEFORE_MS
    return link.time_ms - time_ms <= VISIT_MS


def merged(
    user_id: str,
    own: Iterable[tuple[str, float]],
    of_visitors: Mapping[str, tuple[Identity, Sequence[tuple[str, float]]]],
) -> SortedSet:
    """What a user did, signed in or not: the user's own history and what of the visitors' histories is the user's.

    Args:
        user_id: The user.
        own: The user's history.
        of_visitors: Of each visitor of the user: who it was when, and its history.
    """
    shares = [identity.share(history, user_id) for identity, history in of_visitors.values()]
    return plain([*own, *(each for share in shares for each in share)])


@dataclass(frozen=True, slots=True)
class Held:
    """What is kept under a visitor's id that belongs to one of its users.

    Attributes:
        changes: Members of the visitor's changes: its links to the user.
        history: Members of the visitor's history.
    """

    changes: tuple[str, ...]
    history: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.changes or self.history)


def held_of(user_id: str, identity: Identity, history: Iterable[tuple[str, float]]) -> Held:
    """What of a visitor's keys must go when a user is forgotten; all others' stays."""
    return Held(
        tuple(change.member for change in identity.changes if change.user_id == user_id),
        tuple(member for member, _ in identity.share(history, user_id)),
    )
