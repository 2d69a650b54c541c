"""Result tables: what the jobs compute, each an upsert topic.

Those of RESULTS have a ClickHouse table and a query of the same name, and ``docs/metrics.md`` says what each means.
Those of SERVED go to Redis, and ``docs/recommendations.md`` says what becomes of them there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

ANALYTICS: Final = "analytics"
SESSIONS: Final = "sessions"
CATALOGUE: Final = "catalogue"
TRENDING: Final = "trending"
FEEDBACK: Final = "feedback"


@dataclass(frozen=True, slots=True)
class Result:
    """One result table.

    Attributes:
        name: Name of the table, of its Avro schema file, of its SQL file and of its query.
        key: The columns that make a row's grain, in the order of the Kafka key.
        job: The job that computes it.
        topic_prefix: What its topic's name begins with.
    """

    name: str
    key: tuple[str, ...]
    job: str = ANALYTICS
    topic_prefix: str = "metrics-"

    @property
    def topic(self) -> str:
        """The upsert topic that carries the rows."""
        return self.topic_prefix + self.name.replace("_", "-")

    @property
    def storage_table(self) -> str:
        """The ClickHouse table behind the view ``name``."""
        return f"{self.name}_versions"


_RECOMMENDATION: Final = ("model_version", "recommendation_source")

RESULTS: Final = (
    Result("sales_daily", ("day", "currency")),
    Result("sales_minutely", ("minute", "currency")),
    Result("revenue_breakdown_daily", ("day", "currency", "dimension", "member")),
    Result("products_daily", ("day", "currency", "product_id")),
    Result("product_activity_daily", ("day", "product_id")),
    Result("user_days", ("day", "user_id")),
    Result("users_daily", ("day",)),
    Result("carts_daily", ("day",)),
    Result("search_daily", ("day",)),
    Result("search_queries_daily", ("day", "query")),
    Result("payments_daily", ("day", "currency")),
    Result("payment_failures_daily", ("day", "currency", "reason")),
    Result("activity_minutely", ("minute",)),
    Result("sessions", ("session_id",), SESSIONS),
    Result("funnel_daily", ("day",), SESSIONS),
    Result("recommendation_activity_daily", ("day", *_RECOMMENDATION, "experiment_arm", "position"), FEEDBACK),
    Result(
        "recommendation_revenue_daily", ("day", "currency", *_RECOMMENDATION, "experiment_arm", "position"), FEEDBACK
    ),
    Result("recommendation_coverage_daily", ("day", *_RECOMMENDATION), FEEDBACK),
)

PRODUCTS: Final = Result("products", ("product_id",), CATALOGUE, topic_prefix="")
RECOMMENDATION_LISTS: Final = Result("recommendation_lists", ("kind", "span", "category"), TRENDING, topic_prefix="")
SERVED: Final = (PRODUCTS, RECOMMENDATION_LISTS)


def results_of(job: str) -> tuple[Result, ...]:
    """The results that a job computes."""
    return tuple(result for result in (*RESULTS, *SERVED) if result.job == job)
