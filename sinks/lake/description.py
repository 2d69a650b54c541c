"""The sink of the lake, as the rest of the system knows it."""

from __future__ import annotations

from typing import Final

from schemas.topics import EVENTS, consumer_group
from sinks.core.description import SinkDescription

LAKE: Final = SinkDescription(
    name="lake",
    title="The lake",
    part="sink-lake",
    group=consumer_group("sink-lake"),
    topics=(EVENTS,),
    settings=("lake_url", "lake_batch_rows", "lake_batch_ms"),
    is_prompt=False,
    if_deleted=(
        "The lake is what other stores are made anew from, so nothing brings them back. To go on without them, start "
        "the platform with SHOP_KAFKA_GAPS=accept."
    ),
)
