"""What the sink counts: a closed set, logged as one line every few seconds."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Final

LOG_EVERY_MS: Final = 10_000


@dataclass(slots=True)
class Metrics:
    """Counters since the start of the process, and one gauge."""

    rows: int = 0  # records delivered, tombstones included
    size_bytes: int = 0  # bytes of their values
    batches: int = 0  # ranges delivered
    resumed: int = 0  # ranges that a former owner had prepared, delivered again
    retries: int = 0  # deliveries repeated because a server did not answer
    refused: int = 0  # deliveries that the store refused
    abandoned: int = 0  # ranges left to another owner of their partition, or to the next start
    lost: int = 0  # offsets that Kafka deleted before they were read
    lag: int = 0  # gauge: records that the owned partitions hold beyond what was read

    def line(self) -> str:
        """All of them, as ``name=value``."""
        return " ".join(f"{field.name}={getattr(self, field.name)}" for field in fields(self))
