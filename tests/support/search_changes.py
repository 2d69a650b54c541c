"""Publishes rows of search_daily as its job does."""

from __future__ import annotations

import json
from datetime import date

from confluent_kafka import Producer

from connections.registry import SchemaRegistry
from schemas.codec import Encoder, load_schema, schema_text
from schemas.results import result_named
from schemas.settings import Settings

RESULT = result_named("search_daily")
SECONDS = 30.0


class Changes:
    """Changes one day of search_daily.

    Args:
        settings: Where Kafka and the registry are.
        day: The day.
    """

    def __init__(self, settings: Settings, day: date) -> None:
        registry = SchemaRegistry.of(settings)
        schema = load_schema(RESULT.name)
        keys = {**schema, "name": "Key", "fields": [field for field in schema["fields"] if field["name"] in RESULT.key]}
        value_id = registry.register(f"{RESULT.topic}-value", schema_text(RESULT.name))
        key_id = registry.register(f"{RESULT.topic}-key", json.dumps(keys))
        registry.close()
        self._day = day
        self._values = Encoder(schema, value_id)
        self._key = Encoder(keys, key_id).encode({"day": day})
        self._producer = Producer({"bootstrap.servers": settings.kafka_bootstrap_servers, "linger.ms": 0})

    def publish(self, searches: int | None) -> None:
        """The day has so many searches; None removes the day."""
        row = {"day": self._day, "searches": searches, "zero_results": 0, "clicks": 0}
        value = None if searches is None else self._values.encode(row)
        self._producer.produce(RESULT.topic, value, self._key, partition=0)
        assert self._producer.flush(SECONDS) == 0
