"""Older versions of the ShopEvent schema, as producers still write that were built long ago.

A publisher writes with the newest version that a topic's subject has. Were these registered there, they would be the
newest. So they are registered under a subject of their own, named as the record is (Confluent's RecordNameStrategy,
which other producers may well use): ingest gets a schema from the registry by its id, whatever its subject.
"""

from __future__ import annotations

import json
from typing import Any, Final

from connections.registry import SchemaRegistry
from schemas.codec import load_schema

SUBJECT: Final = "shopstream.ShopEvent"

_NEWEST: Final = frozenset({"recommendation_source", "experiment_arm", "visibility"})
LEFT_OUT: Final = (
    _NEWEST | {"discount", "coupon", "rating", "review_text", "recommendation_id", "model_version"},
    _NEWEST | {"recommendation_id", "model_version"},
)
"""Which fields each version did not have yet, the oldest version first."""


def old_versions() -> list[dict[str, Any]]:
    """The versions, oldest first."""
    current = load_schema("shop_event")
    return [
        current | {"fields": [field for field in current["fields"] if field["name"] not in missing]}
        for missing in LEFT_OUT
    ]


def register_old_versions(registry: SchemaRegistry) -> list[tuple[dict[str, Any], int]]:
    """Register the versions, and return each with its id. Registering them again changes nothing.

    Raises:
        RegistryUnavailable: The registry does not answer.
    """
    registry.set_compatibility(SUBJECT)
    return [(schema, registry.register(SUBJECT, json.dumps(schema))) for schema in old_versions()]
