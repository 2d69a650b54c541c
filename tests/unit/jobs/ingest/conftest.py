from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import pytest

from connections.errors import RegistryUnavailable
from schemas.codec import Encoder, load_schema, schema_text

CURRENT_ID = 7
OLD_ID = 3
FOREIGN_ID = 9


@dataclass
class Shelf:
    """Schemas in memory behind the decoder's Registry protocol; can be away, and counts what it is asked."""

    schemas: dict[int, str]
    url: str = "memory"
    away: bool = False
    forgot: bool = False
    asked: list[int] = field(default_factory=list)

    def schema_of(self, schema_id: int) -> str | None:
        self.asked.append(schema_id)
        if self.away:
            raise RegistryUnavailable(self.url, "away")
        return None if self.forgot else self.schemas.get(schema_id)

    def latest(self, subject: str) -> tuple[int, str] | None:
        return None if self.forgot else (CURRENT_ID, self.schemas[CURRENT_ID])


def old_schema() -> dict[str, Any]:
    """A version from before ``model_version`` was added."""
    schema = load_schema("shop_event")
    schema["fields"] = [f for f in schema["fields"] if f["name"] != "model_version"]
    return schema


@pytest.fixture
def registry() -> Shelf:
    return Shelf(
        {
            CURRENT_ID: schema_text("shop_event"),
            OLD_ID: json.dumps(old_schema()),
            FOREIGN_ID: schema_text("sales_daily"),
        }
    )


@pytest.fixture
def encoder() -> Encoder:
    return Encoder(load_schema("shop_event"), CURRENT_ID)


@pytest.fixture
def old_encoder() -> Encoder:
    return Encoder(old_schema(), OLD_ID)
