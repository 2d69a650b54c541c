"""The ingest rules as a Flink table function, one row out for each record in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pyflink.table import DataTypes
from pyflink.table.types import DataType
from pyflink.table.udf import FunctionContext, TableFunction, UserDefinedFunctionWrapper, udtf

from jobs.ingest.decoder import EventDecoder
from jobs.ingest.rules import AgeLimits, IngestRules
from schemas.failures import Failure
from schemas.registry import SchemaRegistry
from schemas.settings import Settings

RESULT_TYPES: list[DataType] = [
    DataTypes.STRING(),
    DataTypes.STRING(),
    DataTypes.BYTES(),
    DataTypes.STRING(),
    DataTypes.STRING(),
]

Row = tuple[str | None, str | None, bytes | None, str | None, str | None]


@dataclass
class CheckEvent(TableFunction):
    """(value BYTES, timestamp_ms BIGINT, received_at BYTES) -> (event_id, key, rewritten, reason, message).

    ``reason`` is null for a record that counts; then event_id and key are given, and ``rewritten`` only where the
    bytes had to change.
    """

    registry_url: str
    limits: AgeLimits

    def open(self, _context: FunctionContext) -> None:
        """Called once in the worker."""
        self._registry = SchemaRegistry(self.registry_url)
        self._rules = IngestRules(EventDecoder(self._registry), self.limits)

    def close(self) -> None:
        """Called once at the end."""
        self._registry.close()

    def eval(self, value: bytes | None, timestamp_ms: int, received_at: bytes | None) -> Iterator[Row]:
        """Decide on one record."""
        decision = self._rules.decide(value, timestamp_ms, received_at)
        if isinstance(decision, Failure):
            yield None, None, None, decision.reason.value, decision.message
        else:
            yield decision.event_id, decision.key, decision.rewritten, None, None


def check_event_function(settings: Settings) -> UserDefinedFunctionWrapper:
    """``check_event``, to be registered with a table environment."""
    limits = AgeLimits(settings.allowed_lateness_seconds * 1000, settings.clock_skew_seconds * 1000)
    function = udtf(CheckEvent(settings.registry_url, limits), result_types=RESULT_TYPES)
    assert isinstance(function, UserDefinedFunctionWrapper)
    return function
