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
        reason: Why it is recommended; None for a ranked product that nothing speaks for.
        title: Its title; None unless explained.
        words: The reason as a sentence; None unless explained.
        because: The products that caused it; None unless explained.
        scored: Of a ranked product, whether the model gave it its score; else None.
    """

    item_id: str
    score: float
    reason: str | None
    title: str | None = None
    words: str | None = None
    because: tuple[Cause, ...] | None = None
    scored: bool | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """Recommendations.

    Attributes:
        recommendation_id: Quote it, and the next three, in events that follow this answer.
        source: Where the first product comes from.
        model_version: The model whose lists were used; "" for none.
        experiment_arm: experiment:arm, or None.
        generated_at: When the first list was made.
        history_until: The newest event behind it. A service of an earlier release says only this, as ``generated_at``.
        filled_from: Further steps of the chain that were needed.
        items: The products, the best first.
    """

    recommendation_id: str
    source: str
    model_version: str
    experiment_arm: str | None
    generated_at: datetime
    history_until: datetime
    filled_from: tuple[str, ...]
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """The newest event of one kind with one product."""

    item_id: str
    event_type: str
    event_time: datetime


def answer_of(content: Json) -> Answer:
    """An answer from its JSON."""
    return Answer(
        content["recommendation_id"],
        content["source"],
        content["model_version"],
        content.get("experiment_arm"),
        datetime.fromisoformat(content["generated_at"]),
        datetime.fromisoformat(content.get("history_until", content["generated_at"])),
        tuple(content.get("filled_from") or ()),
        tuple(_item(item) for item in content["items"]),
    )


def answers_of(content: Json) -> list[Answer]:
    """The answers of a batch."""
    return [answer_of(each) for each in content["answers"]]


def history_of(content: Json) -> list[HistoryEntry]:
    """The events of a history."""
    return [HistoryEntry(each["item_id"], *_event(each)) for each in content["events"]]


def nothing_of(_content: Json) -> None:
    """An answer without a body."""


def _item(content: Json) -> Item:
    because = content.get("because")
    return Item(
        content["item_id"],
        content["score"],
        content["reason"],
        content.get("title"),
        content.get("words"),
        None if because is None else tuple(_cause(each) for each in because),
        content.get("scored"),
    )


def _cause(content: Json) -> Cause:
    return Cause(content["item_id"], content["title"], tuple(CausingEvent(*_event(each)) for each in content["events"]))


def _event(content: Json) -> tuple[str, datetime]:
    return content["event_type"], datetime.fromisoformat(content["event_time"])
