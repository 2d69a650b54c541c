from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from lake.storage import Storage

START = datetime(2026, 1, 5, 22, 30, tzinfo=UTC)


@pytest.fixture
def storage(tmp_path: Path) -> Storage:
    return Storage(f"file://{tmp_path / 'a lake'}")


def make_events(first: int, count: int) -> Iterator[dict[str, Any]]:
    """A purchase every half hour, the third of them on another day."""
    for number in range(first, first + count):
        yield {
            "event_id": f"e-{number:04}",
            "event_type": "purchase",
            "event_time": round((START + timedelta(minutes=30 * number)).timestamp() * 1000),
            "user_id": f"u-{number % 3}",
            "source": "test",
            "country": "DE" if number % 2 else None,
            "order_id": f"o-{number}",
            "currency": "EUR",
            "value": Decimal("19.9900"),
            "items": [{"product_id": "p-1", "quantity": 2, "price": Decimal("9.9950"), "category": None}],
            "properties": {"campaign": "winter"} if number % 2 else {},
        }
