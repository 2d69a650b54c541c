"""The sink of the lists, as the rest of the system knows it."""

from __future__ import annotations

from typing import Final

from schemas.results import PRODUCT_DEMAND, PRODUCTS
from schemas.topics import consumer_group
from sinks.core.description import SinkDescription

RANKED_LISTS: Final = SinkDescription(
    name="lists",
    title="The lists",
    part="sink-lists",
    group=consumer_group("sink-lists"),
    topics=(PRODUCT_DEMAND.topic, PRODUCTS.topic),
    settings=(),
    if_deleted="It reads both topics from their beginning at each start, and needs nothing that they no longer hold.",
)
