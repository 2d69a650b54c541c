"""What the service answers: shapes for the OpenAPI document, and how they are made."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from itertools import count
from typing import Annotated, Final

from pydantic import BaseModel, Field

from schemas.recommendations import Reason, Source

MEMORY: Final = "memory"
"""Source of an answer for which Redis had nothing or did not answer: the last good lists."""

NOTHING: Final = "none"
"""Source of an answer without products: there is nothing that may be recommended."""

AnswerSource = StrEnum("AnswerSource", {**{s.name: s.value for s in Source}, "MEMORY": MEMORY, "NOTHING": NOTHING})  # type: ignore[misc]


class CausingEvent(BaseModel):
    """An event of the user that stands behind a recommendation."""

    event_type: str
    event_time: datetime


class Cause(BaseModel):
    """A product that caused a recommendation."""

    item_id: str
    title: str
    events: list[CausingEvent]


class Item(BaseModel):
    """One recommended product; the last three fields only with explain."""

    item_id: str
    score: Annotated[float, Field(description="Comparable within the answer only as far as one list reaches.")]
    reason: Reason
    title: str | None = None
    words: Annotated[str | None, Field(description="The reason in words.")] = None
    because: list[Cause] | None = None


class Answer(BaseModel):
    """Recommendations."""

    recommendation_id: Annotated[str, Field(description="Quote it in events that follow this answer.")]
    source: Annotated[AnswerSource, Field(description="Where the first product comes from.")]
    filled_from: Annotated[list[Source] | None, Field(description="Further steps of the chain, where needed.")] = None
    model_version: Annotated[str, Field(description="The model whose lists were used; empty for none.")]
    generated_at: Annotated[datetime, Field(description="When the first list was made.")]
    history_until: Annotated[
        datetime,
        Field(description="The newest event behind the first list; of popular and trending products its hour."),
    ]
    experiment_arm: Annotated[str | None, Field(description="experiment:arm, for users who are in one.")] = None
    items: list[Item]


class RankedItem(Item):
    """One of the products that were to be ranked; without a reason where nothing speaks for it."""

    reason: Reason | None  # type: ignore[assignment]
    scored: Annotated[bool, Field(description="Whether the model gave it its score; those that it did not come last.")]


class RankAnswer(Answer):
    """Products in a user's order."""

    items: list[RankedItem]  # type: ignore[assignment]


class BatchAnswer(BaseModel):
    """Recommendations for several users, in the order of the requests."""

    answers: list[Answer]


class HistoryEntry(BaseModel):
    """The newest event of one kind with one product."""

    item_id: str
    event_type: str
    event_time: datetime


class HistoryAnswer(BaseModel):
    """What a user did, the newest first."""

    user_id: str
    events: list[HistoryEntry]


class Status(BaseModel):
    """Whether the service works."""

    status: str
    warnings: Annotated[
        list[str] | None, Field(description="What somebody should look at, though requests are answered.")
    ] = None


class ProblemDetails(BaseModel):
    """What is wrong (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str


def recommendation_ids() -> Callable[[], str]:
    """Makes ids that no other process makes: a random part for the process, and a counter."""
    process = secrets.token_hex(8)
    numbers = count(1)
    return lambda: f"{process}-{next(numbers):x}"
