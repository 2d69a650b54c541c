"""A person's history in trained models."""

from __future__ import annotations

from typing import Final

from operations.personal.data import PersonalData
from recommender.store import ModelStore
from schemas.settings import Settings


def _held(settings: Settings, user_id: str) -> dict[str, int]:
    models = ModelStore(settings.model_store_url)
    return {"models with a history": sum(models.has_history(version, user_id) for version in models.versions())}


def _erase(settings: Settings, user_id: str) -> None:
    models = ModelStore(settings.model_store_url)
    for version in models.versions():
        models.forget(version, user_id)


MODELS: Final = PersonalData(_held, _erase)
