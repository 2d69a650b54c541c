"""What a Flink cluster refuses."""

from __future__ import annotations

from schemas.errors import ShopError


class JobError(ShopError):
    """Flink refused or lost a job."""

    exit_code = 5
