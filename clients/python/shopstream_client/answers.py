"""What the service answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class CausingEvent:
    """An event of the user that stands behind a recommendation."""

    event_type: str
    event_time: datetime


@dataclass(frozen=True, slots=True)
class Cause:
    """A product that caused a recommendation."""

    item_id: str
    title: str
    events: tuple[CausingEvent, ...]


@dataclass(frozen=True, slots=True)
class Item:
    """One product.

    Attributes:
        item_id: The product.
        score: Comparable within the answer only as far as one list reaches.
        reason: Why it is there; None for a product to be ranked of which nothing tells.
        title: Its title; None unless explained.
        words: The reason in words; None unless explained.
        because: The products that caused it; None unless explained.
    """

    item_id: str
    score: float
    reason: str | None
    title: str | None = None
    words: str | None = None
    because: tuple[Cause, ...] | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """Recommendations.

    Attributes:
        recommendation_id: Quote it, and the next three, in events that follow this answer.
        source: Where the first product comes from.
        model_version: The model whose lists were used; "" for none.
        experiment_arm: experiment:arm, or None.
        generated_at: The newest event behind the first list.
        filled_from: Further steps of the chain that were needed.
        items: The products, the best first.
    """

    recommendation_id: str
    source: str
    model_version: str
    experiment_arm: str | None
    generated_at: datetime
    filled_from: tuple[str, ...]
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """The newest event of one kind with one product."""

    item_id: str
    event_type: str
    event_time: datetime


def answer_of(found: Json) -> Answer:
    """An answer from its JSON."""
    return Answer(
        found["recommendation_id"],
        found["source"],
        found["model_version"],
        found.get("experiment_arm"),
        datetime.fromisoformat(found["generated_at"]),
        tuple(found.get("filled_from") or ()),
        tuple(_item(item) for item in found["items"]),
    )


def answers_of(found: Json) -> list[Answer]:
    """The answers of a batch."""
    return [answer_of(each) for each in found["answers"]]


def history_of(found: Json) -> list[HistoryEntry]:
    """The events of a history."""
    return [HistoryEntry(each["item_id"], *_event(each)) for each in found["events"]]


def nothing_of(_found: Json) -> None:
    """An answer without a body."""


def _item(found: Json) -> Item:
    because = found.get("because")
    return Item(
        found["item_id"],
        found["score"],
        found["reason"],
        found.get("title"),
        found.get("words"),
        None if because is None else tuple(_cause(each) for each in because),
    )


def _cause(found: Json) -> Cause:
    return Cause(found["item_id"], found["title"], tuple(CausingEvent(*_event(each)) for each in found["events"]))


def _event(found: Json) -> tuple[str, datetime]:
    return found["event_type"], datetime.fromisoformat(found["event_time"])
