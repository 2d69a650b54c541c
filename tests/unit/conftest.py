"""What unit tests of several packages build on."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

Event = dict[str, Any]

PURCHASE: Event = {
    "event_id": "e-1",
    "event_type": "purchase",
    "event_time": 1_767_225_600_000,
    "user_id": "ada",
    "source": "test",
    "order_id": "o-1",
    "currency": "GBP",
    "value": Decimal("10.0010"),
    "items": [
        {"product_id": "p-1", "quantity": 2, "price": Decimal("5.0000")},
        {"product_id": "p-2", "quantity": 1, "price": Decimal("0.0010")},
    ],
}


@pytest.fixture
def purchase() -> Callable[..., Event]:
    """A valid purchase with some fields changed."""
    return lambda **changes: PURCHASE | changes
