"""Whose an anonymous event is, by plain Python over whole events: the definition read aloud, slow and independent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

MINUTE_MS = 60_000
DAY_MS = 24 * 60 * MINUTE_MS


@dataclass(frozen=True)
class Change:
    """A link of a visitor, or a sign-out where the user is ""."""

    event_id: str
    time_ms: int
    visitor: str
    user: str
    session: str = ""


@dataclass(frozen=True)
class View:
    """An event of a visitor with a product: anonymous where no user is named."""

    time_ms: int
    visitor: str
    member: str
    session: str = ""
    user: str = ""


def person_of(changes: Sequence[Change], visitor: str, time_ms: int, session: str) -> str:
    """The user to whom an anonymous event belongs; "" for the visitor alone."""
    links = sorted((c for c in changes if c.visitor == visitor and c.user), key=lambda c: (c.time_ms, c.event_id))
    sign_outs = [c.time_ms for c in changes if c.visitor == visitor and not c.user]
    for link in links:
        is_same = link.session == session if link.session and session else link.time_ms - time_ms <= 30 * MINUTE_MS
        if time_ms <= link.time_ms <= time_ms + 30 * DAY_MS and is_same:
            return link.user
    before = [link for link in links if link.time_ms <= time_ms]
    if before:
        last = before[-1]
        return "" if any(last.time_ms <= at <= time_ms for at in sign_outs) else last.user
    if links and links[0].time_ms - time_ms <= 30 * DAY_MS:
        return links[0].user
    return ""


def histories(views: Sequence[View], changes: Sequence[Change]) -> dict[str, dict[str, int]]:
    """Person -> member -> the newest time; a visitor has all that was done as the visitor, whoever it was."""
    newest: dict[str, dict[str, int]] = {}
    for view in views:
        owners = (
            {view.user} if view.user else {view.visitor, person_of(changes, view.visitor, view.time_ms, view.session)}
        )
        for owner in owners - {""}:
            times = newest.setdefault(owner, {})
            times[view.member] = max(view.time_ms, times.get(view.member, 0))
    return newest
