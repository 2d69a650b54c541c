"""Records of the models in ClickHouse: versions, their metrics, and which was active when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson
from clickhouse_connect.driver.client import Client

from recommender.store import Manifest

_VERSIONS = "recommendation_model_versions"
_PROMOTIONS = "recommendation_model_promotions"


@dataclass(frozen=True, slots=True)
class ModelRecord:
    """A row of ``recommendation_models``.

    Attributes:
        version: The version.
        name: The model.
        code_version: The release that made it.
        created_at: When it was made.
        data_from: The oldest event of the training data.
        data_to: The newest one.
        users: Number of users in the training data.
        items: Number of products.
        interactions: Number of events in the training data.
        parameters: Its hyperparameters.
        metrics: Metrics on the hold-out.
        evaluation: How they were measured.
        is_active: Whether it is the active version.
        promoted_at: When it was last promoted; None if never.
    """

    version: str
    name: str
    code_version: str
    created_at: datetime
    data_from: datetime
    data_to: datetime
    users: int
    items: int
    interactions: int
    parameters: Mapping[str, Any]
    metrics: Mapping[str, float]
    evaluation: Mapping[str, Any]
    is_active: bool
    promoted_at: datetime | None


class ModelRecords:
    """The tables of the models.

    Args:
        client: A connection to their database; it stays the caller's.
    """

    def __init__(self, client: Client) -> None:
        self._client = client

    def all(self) -> tuple[ModelRecord, ...]:
        """All versions, the newest first."""
        columns = ", ".join(ModelRecord.__slots__)
        rows = self._client.query(f"SELECT {columns} FROM recommendation_models ORDER BY created_at DESC, version")  # noqa: S608
        return tuple(_record(dict(zip(ModelRecord.__slots__, row, strict=True))) for row in rows.result_rows)

    def promoted(self) -> tuple[str, ...]:
        """The promoted versions in their order; one that was promoted twice is in it twice."""
        rows = self._client.query(f"SELECT version FROM {_PROMOTIONS} FINAL ORDER BY promoted_at, version").result_rows  # noqa: S608
        return tuple(str(version) for (version,) in rows)

    def active(self) -> str:
        """The active version, "" before the first."""
        promoted = self.promoted()
        return promoted[-1] if promoted else ""

    def active_at(self, moment: datetime) -> str:
        """The version that was active at a moment, "" when there was none."""
        rows = self._client.query(
            f"SELECT version FROM {_PROMOTIONS} FINAL WHERE promoted_at <= {{moment:DateTime64(3, 'UTC')}} "  # noqa: S608
            "ORDER BY promoted_at DESC, version DESC LIMIT 1",
            parameters={"moment": moment},
        ).result_rows
        return str(rows[0][0]) if rows else ""

    def previous(self) -> str:
        """The version that was active before the active one, "" if there was none."""
        promoted = self.promoted()
        return next((version for version in reversed(promoted) if version != promoted[-1]), "")

    def add(self, manifest: Manifest) -> None:
        """Record a version; recording it again changes nothing."""
        row = {
            "version": manifest.version,
            "name": manifest.name,
            "code_version": manifest.code_version,
            "created_at": manifest.created_at,
            "data_from": manifest.data_from,
            "data_to": manifest.data_to,
            "users": manifest.counts["users"],
            "items": manifest.counts["items"],
            "interactions": manifest.counts["interactions"],
            "parameters": orjson.dumps(manifest.parameters).decode(),
            "metrics": dict(manifest.metrics),
            "evaluation": orjson.dumps(manifest.evaluation).decode(),
        }
        self._client.insert(_VERSIONS, [list(row.values())], column_names=list(row))

    def add_promotion(self, version: str, reason: str, at: datetime) -> None:
        """Record a promotion."""
        self._client.insert(_PROMOTIONS, [[at, version, reason]], column_names=["promoted_at", "version", "reason"])


def _record(row: dict[str, Any]) -> ModelRecord:
    parsed = {name: orjson.loads(row[name]) for name in ("parameters", "evaluation")}
    times = {name: _aware(row[name]) for name in ("created_at", "data_from", "data_to", "promoted_at")}
    return ModelRecord(**row | parsed | times | {"is_active": bool(row["is_active"])})


def _aware(moment: datetime | None) -> datetime | None:
    """ClickHouse's UTC times come without a time zone."""
    return None if moment is None else moment.replace(tzinfo=UTC)
