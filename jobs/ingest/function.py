"""The ingest rules as a vectorised Flink function, one row out for each record in."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
from pyflink.table import DataTypes
from pyflink.table.types import DataType
from pyflink.table.udf import FunctionContext, ScalarFunction, UserDefinedFunctionWrapper, udf

from connections.erased_users import ErasedUsers, KafkaServers
from connections.registry import RegistryServer, SchemaRegistry
from jobs.ingest.batches import BatchRules, Decisions, Records
from jobs.ingest.decoder import EventDecoder
from jobs.ingest.rules import AgeLimits
from schemas.failures import Reason
from schemas.settings import Settings

RESULT_TYPE: DataType = DataTypes.ROW(
    [
        DataTypes.FIELD("event_id", DataTypes.STRING()),
        DataTypes.FIELD("event_key", DataTypes.STRING()),
        DataTypes.FIELD("rewritten", DataTypes.BYTES()),
        DataTypes.FIELD("reason", DataTypes.STRING()),
        DataTypes.FIELD("message", DataTypes.STRING()),
    ]
)


@dataclass
class CheckEvents(ScalarFunction):
    """(value BYTES, timestamp_ms BIGINT, received_at BYTES) -> (event_id, event_key, rewritten, reason, message).

    ``reason`` is null for a record that counts; then event_id and event_key are given, and ``rewritten`` only where the
    bytes had to change.
    """

    registry: RegistryServer
    limits: AgeLimits
    kafka: KafkaServers

    def open(self, _context: FunctionContext) -> None:
        """Called once in the worker."""
        self._registry = SchemaRegistry.of(self.registry)
        self._rules = BatchRules(EventDecoder(self._registry), self.limits)
        self._erased = ErasedUsers(self.kafka)

    def close(self) -> None:
        """Called once at the end."""
        self._registry.close()

    def eval(
        self, values: pd.Series[bytes], timestamps_ms: pd.Series[int], received_at: pd.Series[bytes]
    ) -> pd.DataFrame:
        """Decide on a batch of records."""
        decisions = self._rules.decide(Records(values.tolist(), timestamps_ms.tolist(), received_at.tolist()))
        refuse(decisions, self._erased.among(decisions.keys))
        return pd.DataFrame(
            {
                "event_id": decisions.event_ids,
                "event_key": decisions.keys,
                "rewritten": decisions.rewritten,
                "reason": decisions.reasons,
                "message": decisions.messages,
            },
            copy=False,
        )


def refuse(decisions: Decisions, rows: list[int]) -> None:
    """Refuse records because their users were erased, whatever else is wrong with them: nothing of them is kept."""
    for row in rows:
        decisions.event_ids[row] = decisions.keys[row] = decisions.rewritten[row] = None
        decisions.reasons[row] = Reason.ERASED_USER.value
        decisions.messages[row] = "user_id: the user was erased"


def check_event_function(settings: Settings) -> UserDefinedFunctionWrapper:
    """``check_event``, to be registered with a table environment."""
    limits = AgeLimits(settings.allowed_lateness_seconds * 1000, settings.clock_skew_seconds * 1000)
    kafka = KafkaServers(settings.kafka_bootstrap_servers, settings.http_timeout_seconds)
    registry = RegistryServer(settings.registry_url, settings.registry_user, settings.registry_password)
    function = udf(CheckEvents(registry, limits, kafka), result_type=RESULT_TYPE, func_type="pandas")
    assert isinstance(function, UserDefinedFunctionWrapper)
    return function
