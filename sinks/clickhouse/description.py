"""The sink of ClickHouse, as the rest of the system knows it."""

from __future__ import annotations

from typing import Final

from schemas.results import RESULTS
from schemas.topics import EVENTS, consumer_group
from sinks.core.description import SinkDescription

CLICKHOUSE: Final = SinkDescription(
    name="clickhouse",
    title="ClickHouse",
    part="sink",
    group=consumer_group("sink-clickhouse"),
    topics=(EVENTS, *(result.topic for result in RESULTS)),
    settings=(
        "clickhouse_url",
        "clickhouse_user",
        "clickhouse_password",
        "clickhouse_database",
        "sink_batch_rows",
        "sink_batch_ms",
    ),
    if_deleted=(
        "For events in ClickHouse, './shop rebuild clickhouse --table events' brings them from the lake, and it goes "
        "on. To go on without them, start the platform with SHOP_KAFKA_GAPS=accept."
    ),
)
