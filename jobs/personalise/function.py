"""The personaliser as a vectorised Flink function."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import pandas as pd
from pyflink.table import DataTypes
from pyflink.table.udf import FunctionContext, ScalarFunction, UserDefinedFunctionWrapper, udf
from threadpoolctl import threadpool_limits

from connections.redis import connect
from recommender.publishing.batches import changes_of
from recommender.publishing.freshness import FreshnessCounts
from recommender.publishing.people import Limits
from recommender.publishing.personaliser import Personaliser
from recommender.ranking import Rules
from recommender.store import ModelStore
from schemas.settings import Settings


@dataclass
class KeepFresh(ScalarFunction):
    """The columns of ``interactions.sql`` -> BIGINT: how many lists were written.

    The last row of a batch has the number for the whole batch, the others have 0.
    """

    redis_url: str
    timeout_seconds: float
    model_store_url: str
    rules: Rules
    limits: Limits

    def open(self, _context: FunctionContext) -> None:
        """Called once in the worker.

        Its batches are small: threads of BLAS would spin for longer than they calculate, beside everything else here.
        """
        threadpool_limits(1, "blas")
        self._redis = connect(self.redis_url, self.timeout_seconds)
        store, freshness = ModelStore(self.model_store_url), FreshnessCounts(self._redis, _now)
        self._personaliser = Personaliser(self._redis, store, self.rules, self.limits, _now, freshness)

    def close(self) -> None:
        """Called once at the end."""
        self._redis.close()

    def eval(
        self,
        user_id: pd.Series,
        kind: pd.Series,
        product_id: pd.Series,
        event_time: pd.Series,
        order_id: pd.Series,
        units: pd.Series,
        amount: pd.Series,
        event_id: pd.Series,
        line_number: pd.Series,
        visitor_id: pd.Series,
        session_id: pd.Series,
    ) -> pd.Series:
        """Update histories and lists with the events of one batch."""
        columns = (
            user_id,
            kind,
            product_id,
            event_time,
            order_id,
            units,
            amount,
            event_id,
            line_number,
            visitor_id,
            session_id,
        )
        written = self._personaliser.update(*changes_of(zip(*(column.tolist() for column in columns), strict=True)))
        return pd.Series([0] * (len(user_id) - 1) + [written])


def _now() -> datetime:
    return datetime.now(UTC)


def keep_fresh_function(settings: Settings) -> UserDefinedFunctionWrapper:
    """``keep_fresh``, to be registered with a table environment."""
    limits = Limits(
        settings.recommendation_history_items,
        settings.recommendation_history_seconds,
    )
    function = KeepFresh(
        settings.redis_url, settings.http_timeout_seconds, settings.model_store_url, Rules.of(settings), limits
    )
    registered = udf(function, result_type=DataTypes.BIGINT(), func_type="pandas")
    assert isinstance(registered, UserDefinedFunctionWrapper)
    return registered
