"""An event of the simulator: its own fields, those of its visit, and those of its body.

Events have most of their bytes in common: those of one visit share user, session, device and country, and views of one
product share page, title, category and price. So visit and body are objects, and each is encoded once.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

HEAD_FIELDS: Final = ("event_id", "event_type", "event_time")
VISIT_FIELDS: Final = (
    "user_id",
    "source",
    "anonymous_id",
    "session_id",
    "device",
    "channel",
    "country",
    "language",
    "referrer",
)
"""The fields that stay the same for a visit; they follow HEAD_FIELDS in the record, and a body's fields follow them."""

NOBODY: Final = ""


class Visit:
    """The fields that the events of one visit have in common.

    Args:
        user_id: The signed-in user or the anonymous visitor; NOBODY for events of catalogue and stock.
        source: The system that produces the events.
        others: Other VISIT_FIELDS.
    """

    __slots__ = ("channel", "country", "device", "encoded", "fields", "session_id", "user_id")

    def __init__(self, user_id: str, source: str = "simulator", **others: str | None) -> None:
        self.fields: dict[str, Any] = {"user_id": user_id, "source": source, **others}
        self.user_id = user_id
        self.session_id = others.get("session_id")
        self.device = others.get("device")
        self.channel = others.get("channel")
        self.country = others.get("country")
        self.encoded: bytes | None = None

    def signed_in_as(self, user_id: str) -> Visit:
        """The same visit after its visitor has signed in."""
        return Visit(**{**self.fields, "user_id": user_id})


class Body:
    """The fields of an event that follow those of the visit in the record.

    Args:
        fields: Those that are set; amounts are Decimals.
        is_shared: Whether other events have the same body, so that its bytes are worth caching.
    """

    __slots__ = ("encoded", "fields", "is_shared")

    def __init__(self, fields: Mapping[str, Any], *, is_shared: bool = False) -> None:
        self.fields = fields
        self.is_shared = is_shared
        self.encoded: bytes | None = None


EMPTY: Final = Body({}, is_shared=True)


class Event:
    """One event.

    Attributes:
        event_id: Unique.
        event_type: Canonical name.
        time_ms: When it happened by the producer's clock, epoch milliseconds.
        visit: The fields of its visit.
        body: Its other fields.
        was_counted: Whether the ledger has counted it; a further record of it is a duplicate.
        was_sent: Whether a record of it has been sent; its time does not change any more.
    """

    __slots__ = ("body", "event_id", "event_type", "time_ms", "visit", "was_counted", "was_sent")

    def __init__(self, event_id: str, event_type: str, time_ms: int, visit: Visit, body: Body = EMPTY) -> None:
        self.event_id = event_id
        self.event_type = event_type
        self.time_ms = time_ms
        self.visit = visit
        self.body = body
        self.was_counted = False
        self.was_sent = False

    @property
    def key(self) -> str:
        """The key of its records: the user, or the product where there is no user."""
        return self.visit.user_id or self.body.fields.get("product_id") or "nobody"

    def record(self) -> dict[str, Any]:
        """Its fields as a ShopEvent."""
        head = {"event_id": self.event_id, "event_type": self.event_type, "event_time": self.time_ms}
        return {**head, **self.visit.fields, **self.body.fields}
