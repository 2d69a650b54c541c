from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from operations.failed_events import FailedEvent
from schemas.failures import Reason, Stage


@pytest.fixture(scope="session")
def failed() -> Callable[..., FailedEvent]:
    """A failed event with some attributes changed."""

    def make(**changes: Any) -> FailedEvent:
        usual: dict[str, Any] = {
            "failed_at": datetime(2026, 1, 5, 12, tzinfo=UTC),
            "stage": Stage.INGEST,
            "topic": "order-events",
            "partition": 1,
            "offset": 17,
            "reason": Reason.MISSING_FIELD,
            "message": "event_id: purchase requires it",
            "key": b"ada",
            "value": b"",
            "failed_partition": 0,
            "failed_offset": 3,
            "headers": (),
        }
        return FailedEvent(**usual | changes)

    return make
