"""What there is to ask, and of which shop."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from dashboards.queries import SHOP_RANGE, queries, query
from dashboards.questions import Query, result_query
from dashboards.service.clickhouse import ClickHouse
from schemas.recommendations import utc_text
from schemas.results import RESULTS
from schemas.settings import Settings


async def meta(settings: Settings, clickhouse: ClickHouse, version: str) -> dict[str, Any]:
    """The answer of ``/api/meta``.

    Raises:
        DependencyUnavailable: ClickHouse does not answer.
        StatementRefused: It refuses, for example because nothing was migrated yet.
    """
    question = query(SHOP_RANGE)
    (known,) = (await clickhouse.ask(question.sql, question.values({}, settings.time_zone))).dicts()
    shop = {"name": settings.dashboard_shop_name, "time_zone": settings.time_zone} | known
    return {"shop": shop, "version": version, "now": utc_text(datetime.now(UTC)), **_DESCRIBED}


def _described(each: Query) -> dict[str, Any]:
    return {
        "name": each.name,
        "title": each.title,
        "description": each.description,
        "grain": each.grain,
        "remarks": each.remarks,
        "parameters": [asdict(parameter) for parameter in each.parameters],
        "columns": [asdict(column) for column in each.columns],
    }


_DESCRIBED = {
    "tables": [
        {
            "name": result.name,
            "doc": " ".join(filter(None, (result.doc, result.remarks))),
            "grain": result.grain,
            "columns": [asdict(column) for column in result_query(result).columns],
        }
        for result in RESULTS
    ],
    "queries": [_described(each) for each in queries().values()],
}
