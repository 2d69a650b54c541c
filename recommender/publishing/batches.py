"""Events as the personaliser takes them: members of histories, and who visitors are."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from recommender.publishing.people import VisitorChange
from schemas.interactions import member
from schemas.visitors import OF_VISITORS, anonymous, identity_change

Row = tuple[str, str, str, int, str, int, str, str, int, str, str]
"""A row of ``jobs/personalise/interactions.sql``: user, kind, product, epoch milliseconds, order, units, amount, event,
number of the line, visitor, session."""


class EventChanges(NamedTuple):
    """What events change.

    Attributes:
        user_ids: The user of each event of a history, or of each of its lines.
        members: The member of the history for each.
        times_ms: Time of each in epoch milliseconds.
        of_visitors: Links and sign-outs, each with its visitor; of a purchase once for each line.
    """

    user_ids: list[str]
    members: list[str]
    times_ms: list[int]
    of_visitors: list[VisitorChange]


def changes_of(rows: Iterable[Row]) -> EventChanges:
    """What rows change."""
    changes = EventChanges([], [], [], [])
    for user_id, kind, product_id, time_ms, order_id, units, amount, event_id, number, visitor_id, session_id in rows:
        if visitor_id and (change := identity_change(kind, visitor_id, user_id, session_id, time_ms, event_id)):
            changes.of_visitors.append((visitor_id, change))
        if kind not in OF_VISITORS:
            of_history = member(kind, order_id, product_id, units, amount, event_id, number)
            is_anonymous = visitor_id == user_id
            changes.user_ids.append(user_id)
            changes.members.append(anonymous(of_history, time_ms, session_id) if is_anonymous else of_history)
            changes.times_ms.append(time_ms)
    return changes
